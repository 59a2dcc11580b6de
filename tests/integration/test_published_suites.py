"""The exam that eventsourcing publishes, sat on MariaDB: nothing of what it asserts is altered."""

import os
from typing import ClassVar

import pytest
from eventsourcing.persistence import Tracking
from eventsourcing.tests.application import ApplicationTestCase as _ApplicationTestCase
from eventsourcing.tests.application import (
    ExampleApplicationTestCase as _ExampleApplicationTestCase,
)
from eventsourcing.tests.persistence import (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    InfrastructureFactoryTestCase,
    NonInterleavingNotificationIDsBaseCase,
    ProcessRecorderTestCase,
    TrackingRecorderTestCase,
)
from eventsourcing.tests.projection import (
    AggregateEventCountersProjectionTestCase,
    EventCountersView,
)
from eventsourcing.tests.projection import (
    EventCountersViewTestCase as _EventCountersViewTestCase,
)
from eventsourcing.tests.projection import (
    EventSourcedProjectionTestCase as _EventSourcedProjectionTestCase,
)
from eventsourcing.utils import Environment

from infra.eventstore import MariaDBFactory
from infra.eventstore.recorders import (
    MariaDBAggregateRecorder,
    MariaDBApplicationRecorder,
    MariaDBProcessRecorder,
    MariaDBTrackingRecorder,
)
from tests.raw import burn_positions
from tests.servers import TestStore

# These suites are abstract or made to be subclassed: collected by themselves they would run
# without a recorder, or on the in-memory one.
for _suite in (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    InfrastructureFactoryTestCase,
    NonInterleavingNotificationIDsBaseCase,
    ProcessRecorderTestCase,
    TrackingRecorderTestCase,
    AggregateEventCountersProjectionTestCase,
    _ApplicationTestCase,
    _ExampleApplicationTestCase,
    _EventCountersViewTestCase,
    _EventSourcedProjectionTestCase,
):
    _suite.__test__ = False


class OnMariaDB:
    """Gives each test of a suite a store of its own, and the environment of an application."""

    __test__ = True
    test_store: TestStore

    @pytest.fixture(autouse=True)
    def _fresh_store(self, store: TestStore, monkeypatch: pytest.MonkeyPatch) -> None:
        self.test_store = store
        for name, value in store.env().items():
            monkeypatch.setenv(name, value)


class TestAggregateRecorder(OnMariaDB, AggregateRecorderTestCase):
    def create_recorder(self) -> MariaDBAggregateRecorder:
        return self.test_store.factory().aggregate_recorder()


class TestSnapshotRecorder(OnMariaDB, AggregateRecorderTestCase):
    def create_recorder(self) -> MariaDBAggregateRecorder:
        return self.test_store.factory().aggregate_recorder(purpose="snapshots")


class TestApplicationRecorder(OnMariaDB, ApplicationRecorderTestCase[MariaDBApplicationRecorder]):
    def create_recorder(self) -> MariaDBApplicationRecorder:
        return self.test_store.recorder()

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestProcessRecorderAsLog(OnMariaDB, ApplicationRecorderTestCase[MariaDBProcessRecorder]):
    def create_recorder(self) -> MariaDBProcessRecorder:
        return self.test_store.factory().process_recorder()

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestSubscribeWhereIdsWereBurnt(OnMariaDB, ApplicationRecorderTestCase):
    """InnoDB burns the positions of failed saves: the same suite on a log that has holes."""

    EXPECT_CONTIGUOUS_NOTIFICATION_IDS = False

    def create_recorder(self) -> MariaDBApplicationRecorder:
        recorder = self.test_store.recorder()
        burn_positions(self.test_store, 3)
        return recorder

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()

    # This one asserts the positions 1, 2 and 3 whatever the flag says.
    test_insert_select = None


class TestTrackingRecorder(OnMariaDB, TrackingRecorderTestCase):
    def create_recorder(self) -> MariaDBTrackingRecorder:
        return self.test_store.factory().tracking_recorder()


class TestProcessRecorderAsTracking(OnMariaDB, TrackingRecorderTestCase):
    def create_recorder(self) -> MariaDBProcessRecorder:
        return self.test_store.factory().process_recorder()


class TestProcessRecorder(OnMariaDB, ProcessRecorderTestCase):
    def create_recorder(self) -> MariaDBProcessRecorder:
        return self.test_store.factory().process_recorder()


class TestNonInterleaving(OnMariaDB, NonInterleavingNotificationIDsBaseCase):
    insert_num = 5000

    def create_recorder(self) -> MariaDBApplicationRecorder:
        return self.test_store.recorder()


class TestFactory(OnMariaDB, InfrastructureFactoryTestCase[MariaDBFactory]):
    def setUp(self) -> None:
        self.env = Environment("TestCase", self.test_store.env())
        super().setUp()

    def expected_factory_class(self) -> type[MariaDBFactory]:
        return MariaDBFactory

    def expected_aggregate_recorder_class(self) -> type[MariaDBAggregateRecorder]:
        return MariaDBAggregateRecorder

    def expected_application_recorder_class(self) -> type[MariaDBApplicationRecorder]:
        return MariaDBApplicationRecorder

    def expected_tracking_recorder_class(self) -> type[MariaDBTrackingRecorder]:
        return MariaDBTrackingRecorder

    def tracking_recorder_subclass(self) -> type[MariaDBTrackingRecorder]:
        return MariaDBEventCounters

    def expected_process_recorder_class(self) -> type[MariaDBProcessRecorder]:
        return MariaDBProcessRecorder


@pytest.mark.filterwarnings("default")  # it looks for a deprecation warning itself
class TestApplication(OnMariaDB, _ApplicationTestCase):
    """Most of this suite names no persistence module: the environment selects ours."""


class TestExampleApplication(OnMariaDB, _ExampleApplicationTestCase):
    expected_factory_topic = "infra.eventstore.factory:MariaDBFactory"


class MariaDBEventCounters(MariaDBTrackingRecorder, EventCountersView):
    """A view with rows of its own, changed in the transaction that tracks."""

    def _count(self, kind: str) -> int:
        with self.datastore.cursor() as cursor:
            self._create_table(cursor)
            cursor.execute(f"SELECT n FROM {self._table} WHERE kind = %s", (kind,))
            row = cursor.fetchone()
            return row[0] if row else 0

    @property
    def _table(self) -> str:
        return f"{self.datastore.settings.views}.counter"

    def _create_table(self, cursor) -> None:
        cursor.execute(
            f"CREATE TABLE IF NOT EXISTS {self._table} (kind VARCHAR(16) PRIMARY KEY, n INT)"
        )

    def _increment(self, kind: str, tracking: Tracking) -> None:
        with self.datastore.cursor() as cursor:
            self._create_table(cursor)
        with self.datastore.transaction() as cursor:
            cursor.execute(
                f"INSERT INTO {self._table} VALUES (%s, 1) ON DUPLICATE KEY UPDATE n = n + 1",
                (kind,),
            )
            self.track(cursor, tracking)

    def get_created_event_counter(self) -> int:
        return self._count("created")

    def get_subsequent_event_counter(self) -> int:
        return self._count("subsequent")

    def incr_created_event_counter(self, tracking: Tracking) -> None:
        self._increment("created", tracking)

    def incr_subsequent_event_counter(self, tracking: Tracking) -> None:
        self._increment("subsequent", tracking)


class TestEventCountersView(OnMariaDB, _EventCountersViewTestCase):
    def construct_event_counters_view(self) -> EventCountersView:
        return self.test_store.factory().tracking_recorder(MariaDBEventCounters)


class TestAggregateEventCountersProjection(OnMariaDB, AggregateEventCountersProjectionTestCase):
    view_class = MariaDBEventCounters


class TestEventSourcedProjection(OnMariaDB, _EventSourcedProjectionTestCase):
    # Two applications, two logs: each finds its databases by its name.
    env: ClassVar[dict[str, str]] = {}

    def test_event_sourced_projection(self) -> None:
        for name in ("MARIADB_LOG", "MARIADB_VIEWS"):
            del os.environ[name]
        super().test_event_sourced_projection()
