"""The contracts of `tests.contracts`, kept by the stores that claim them and by none that lie."""

import threading
from collections.abc import Sequence

import pytest
from eventsourcing.persistence import StoredEvent, Tracking
from eventsourcing.popo import POPOApplicationRecorder, POPOTrackingRecorder

from infra.eventstore.errors import TrackingConflictError
from infra.eventstore.reading import Page, Wanted
from infra.eventstore.recorders import (
    MariaDBApplicationRecorder,
    MariaDBProcessRecorder,
    MariaDBTrackingRecorder,
)
from tests.contracts.idempotency_contract import IdempotencyContract
from tests.contracts.log_contract import LogContract
from tests.contracts.tracking_contract import TrackingContract
from tests.raw import raw_append
from tests.servers import TestStore


class OnMariaDB:
    @pytest.fixture(autouse=True)
    def _fresh_store(self, store: TestStore) -> None:
        self.store = store
        store.recorder()  # makes the tables

    def in_flight(self, events: Sequence[StoredEvent]):
        return raw_append(self.store, events)


class TestMariaDBLog(OnMariaDB, LogContract):
    def open(self) -> MariaDBApplicationRecorder:
        return self.store.recorder()


class TestMariaDBProcessLog(OnMariaDB, LogContract):
    def open(self) -> MariaDBProcessRecorder:
        return self.store.factory().process_recorder()


class TestMariaDBIdempotency(OnMariaDB, IdempotencyContract):
    def open(self) -> MariaDBApplicationRecorder:
        return self.store.recorder()


class TestMariaDBTracking(OnMariaDB, TrackingContract):
    def open(self) -> MariaDBTrackingRecorder:
        return self.store.factory().tracking_recorder()


class TestInMemoryLog(LogContract):
    """eventsourcing's in-memory store keeps the same contract: it is not written round MariaDB."""

    @pytest.fixture(autouse=True)
    def _fresh_store(self) -> None:
        self.recorder = POPOApplicationRecorder()

    def open(self) -> POPOApplicationRecorder:
        return self.recorder


class TestInMemoryTracking(TrackingContract):
    @pytest.fixture(autouse=True)
    def _fresh_store(self) -> None:
        self.recorder = POPOTrackingRecorder()

    def open(self) -> POPOTrackingRecorder:
        return self.recorder


# ---- stores that lie: the suites must say so


class LossyRecorder(MariaDBApplicationRecorder):
    """Goes by `position > last`, as most stores on MySQL do."""

    def read(self, after, limit, stop=None, topics=(), lane=None) -> Page:
        store = LyingLog.the_store
        with store.server.admin() as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT MAX(position) FROM {store.log}.event")
            (head,) = cursor.fetchone()
        found = []
        self._log._extend(found, after, head or 0, Wanted(limit, topics, lane))
        return Page(found, found[-1].id if found else after)


class LyingLog(OnMariaDB, LogContract):
    __test__ = False
    the_store: TestStore

    def open(self) -> MariaDBApplicationRecorder:
        LyingLog.the_store = self.store
        topic = "tests.integration.test_contracts:LossyRecorder"
        return self.store.recorder(APPLICATION_RECORDER_TOPIC=topic)


class RacyTracker(MariaDBTrackingRecorder):
    """Looks, then writes: two may look before either has written."""

    both_looked = threading.Barrier(TrackingContract.rivals)

    def insert_tracking(self, tracking: Tracking) -> None:
        current = self.max_tracking_id(tracking.application_name) or 0
        self.both_looked.wait(10)
        if current >= tracking.notification_id:
            raise TrackingConflictError
        with self.datastore.cursor() as cursor:
            cursor.execute(
                f"REPLACE INTO {self.datastore.settings.views}.racy VALUES (%s, %s)",
                (tracking.application_name, tracking.notification_id),
            )

    def max_tracking_id(self, application_name: str) -> int | None:
        with self.datastore.cursor() as cursor:
            table = f"{self.datastore.settings.views}.racy"
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {table} (n VARCHAR(99) PRIMARY KEY, p INT)")
            cursor.execute(f"SELECT p FROM {table} WHERE n = %s", (application_name,))
            row = cursor.fetchone()
            return row[0] if row else None


class LyingTracking(OnMariaDB, TrackingContract):
    __test__ = False

    def open(self) -> MariaDBTrackingRecorder:
        return self.store.factory().tracking_recorder(RacyTracker)


class TestTheSuitesCatchStoresThatLie:
    @pytest.fixture(autouse=True)
    def _fresh_store(self, store: TestStore) -> None:
        self.store = store
        store.recorder()

    @pytest.mark.parametrize("commits", [True, False])
    def test_a_lossy_reader_fails_the_slow_transaction(self, commits: bool) -> None:
        with pytest.raises(AssertionError, match="before a lower position was decided"):
            self.lying_log().test_a_reader_does_not_pass_a_slow_transaction(commits)

    def test_a_lossy_reader_fails_the_tail(self) -> None:
        with pytest.raises(AssertionError, match=r"missed \d+ events"):
            self.lying_log().test_tailing_readers_miss_nothing_repeat_nothing_and_agree(1)

    def test_a_racy_tracker_fails_the_race(self) -> None:
        lying = LyingTracking()
        lying.store = self.store
        with pytest.raises(AssertionError):
            lying.test_rivals_are_let_through_a_position_once()

    def lying_log(self) -> LyingLog:
        lying = LyingLog()
        lying.store = self.store
        return lying
