"""A server that takes no writes refuses them by name, and serves reads up to the mark."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from eventsourcing.persistence import Tracking

from infra.eventstore.errors import ReadOnlyStoreError
from infra.eventstore.idempotency import Idempotency
from infra.stack import MariaDBServer
from tests.integration.observing import an_event, nothing_written, rows, some_events
from tests.servers import TestStore

WRITES = {
    "append": lambda factory: factory.process_recorder().insert_events([an_event()]),
    "keyed append": lambda factory: factory.process_recorder().insert_events(
        [an_event()], idempotency=Idempotency(uuid4().hex, bytes(32))
    ),
    "tracked append": lambda factory: factory.process_recorder().insert_events(
        [an_event()], tracking=Tracking(uuid4().hex, 2)
    ),
    "tracking": lambda factory: factory.tracking_recorder().insert_tracking(
        Tracking(uuid4().hex, 2)
    ),
    "snapshot": lambda factory: factory.aggregate_recorder("snapshots").insert_events([an_event()]),
}


@contextmanager
def taking_no_writes(store: TestStore) -> Iterator[None]:
    rows(store.server, "SET GLOBAL read_only = 1")
    try:
        yield
    finally:
        rows(store.server, "SET GLOBAL read_only = 0")


def fill(store: TestStore) -> TestStore:
    """Give the store three settled events, and two that no reader has settled."""
    factory = store.factory()
    recorder = factory.process_recorder()
    recorder.insert_events(
        some_events(3), idempotency=Idempotency("old", bytes(32)), tracking=Tracking("upstream", 1)
    )
    factory.aggregate_recorder("snapshots").insert_events([an_event()])
    assert recorder.settle() == 3
    recorder.insert_events(some_events(2))
    return store


@pytest.fixture
def used(store: TestStore) -> TestStore:
    return fill(store)


@pytest.fixture(scope="module")
def shared(server: MariaDBServer) -> Iterator[TestStore]:
    store = TestStore(server, "read_only")
    yield fill(store)
    store.drop()


def mark(store: TestStore) -> int:
    return rows(store.server, f"SELECT mark FROM {store.log}.settled")[0][0]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("opened", ["before", "meanwhile"])
def test_a_write_is_refused_with_where_to_write(shared: TestStore, opened: str, write: str) -> None:
    factory = shared.factory(MARIADB_MIGRATION_URL="")
    if opened == "before":
        factory.process_recorder()
        factory.aggregate_recorder("snapshots")
    with (
        taking_no_writes(shared),
        nothing_written(shared),
        pytest.raises(ReadOnlyStoreError, match="MARIADB_URL must name the primary"),
    ):
        WRITES[write](factory)
    WRITES[write](factory)


@pytest.mark.parametrize("opened", ["before", "meanwhile"])
def test_reads_serve_what_is_settled_and_settle_nothing(used: TestStore, opened: str) -> None:
    factory = used.factory(MARIADB_MIGRATION_URL="")
    if opened == "before":
        factory.application_recorder()
    with taking_no_writes(used):
        recorder = factory.application_recorder()
        assert [found.id for found in recorder.select_notifications(1, 10)] == [1, 2, 3]
        assert recorder.max_notification_id() == 3
        assert recorder.settle() == 3
        assert next(recorder.subscribe(gt=2)).id == 3
        assert mark(used) == 3


def test_streams_are_read_whole_on_a_read_only_server(used: TestStore) -> None:
    event = an_event()
    used.recorder().insert_events([event])
    with taking_no_writes(used):
        recorder = used.recorder(MARIADB_MIGRATION_URL="")
        assert recorder.select_events(event.originator_id) == [event]


def test_what_is_settled_elsewhere_is_served(used: TestStore) -> None:
    with taking_no_writes(used):
        reader = used.recorder(MARIADB_MIGRATION_URL="")
        assert len(reader.select_notifications(1, 10)) == 3
        # Replication applies what another server settled; an administrator may write here too.
        rows(used.server, f"UPDATE {used.log}.settled SET mark = 5")
        assert len(reader.select_notifications(1, 10)) == 5


@pytest.mark.parametrize("opened", ["before", "meanwhile"])
def test_a_process_settles_as_soon_as_the_server_takes_writes(used: TestStore, opened: str) -> None:
    factory = used.factory(MARIADB_MIGRATION_URL="")
    if opened == "before":
        factory.application_recorder()
    with taking_no_writes(used):
        recorder = factory.application_recorder()
    assert len(recorder.select_notifications(1, 10)) == 5
    assert recorder.max_notification_id() == mark(used) == 5


def test_with_nothing_to_migrate_the_migrations_account_does_not_matter(used: TestStore) -> None:
    with taking_no_writes(used):
        assert len(used.recorder().select_notifications(1, 10)) == 3


def test_a_replica_is_not_read_by_the_mark_of_another_one(
    used: TestStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind one address there may be several, and each connection may lead to another."""
    with taking_no_writes(used):
        reader = used.recorder(MARIADB_MIGRATION_URL="")
        with monkeypatch.context() as another:
            another.setattr(reader._log._settler, "found_mark", lambda: (9, False))
            page = reader.read(0, 10)
            assert (page.notifications, page.reached) == ([], 0), "6 to 9 are still to come"
        page = reader.read(0, 10)
        assert ([found.id for found in page.notifications], page.reached) == ([1, 2, 3], 3)
