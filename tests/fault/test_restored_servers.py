"""A server that is not the one it was: restored under a process, or another replica."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from infra.eventstore.errors import WrongEpochError
from tests.contracts.log_contract import read_all, some_events
from tests.servers import TestStore


def put_mark_back(store: TestStore, mark: int) -> None:
    """Make the log look as it did before, as only a restore could."""
    with store.server.admin() as admin, admin.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {store.log}.settled_only_grows")
        cursor.execute(f"UPDATE {store.log}.settled SET mark = %s", (mark,))


@contextmanager
def read_only(store: TestStore) -> Iterator[None]:
    with store.server.admin() as admin, admin.cursor() as cursor:
        cursor.execute("SET GLOBAL read_only = 1")
        try:
            yield
        finally:
            cursor.execute("SET GLOBAL read_only = 0")


def test_a_mark_that_went_back_is_another_history(store: TestStore) -> None:
    recorder = store.recorder()
    recorder.insert_events(some_events(5))
    assert len(read_all(recorder)) == 5
    put_mark_back(store, 2)
    for use in (recorder.settle, recorder.max_notification_id, lambda: read_all(recorder)):
        with pytest.raises(WrongEpochError, match="from 5 to 2"):
            use()


def test_a_reader_of_replicas_goes_by_the_mark_that_it_finds(store: TestStore) -> None:
    store.recorder().insert_events(some_events(5))
    store.recorder().settle()
    with read_only(store):
        reader = store.recorder(CREATE_TABLE="no")
        assert [event.id for event in reader.select_notifications(1, 10)] == [1, 2, 3, 4, 5]
        put_mark_back(store, 2)  # the same address, a replica that is not as far
        assert [event.id for event in reader.select_notifications(1, 10)] == [1, 2]
        assert [event.id for event in reader.select_notifications(1, 2)] == [1, 2]
        assert reader.max_notification_id() == 2
