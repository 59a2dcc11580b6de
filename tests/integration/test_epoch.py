"""A restore or a promotion starts another history: a process that began before says so."""

from uuid import UUID, uuid4

import pytest

from infra.eventstore.datastore import Datastore
from infra.eventstore.errors import WrongEpochError
from infra.eventstore.idempotency import Idempotency
from tests.integration.observing import (
    an_event,
    events_in,
    kill_idle,
    rows,
    some_events,
)
from tests.servers import ACCOUNTS, TestStore


def start_epoch(store: TestStore) -> UUID:
    """Do what an operator does after a restore."""
    epoch = uuid4()
    connection = store.factory(
        MARIADB_URL=store.server.url(
            ACCOUNTS.operation.name, ACCOUNTS.operation.password
        ).render_as_string(hide_password=False)
    ).datastore
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {store.log}.epoch (epoch, lanes, reason) VALUES (%s, 4, 'restored')",
            (epoch.bytes,),
        )
    return epoch


CALLS = {
    "append": lambda recorder: recorder.insert_events([an_event()]),
    "keyed append": lambda recorder: recorder.insert_events(
        [an_event()], idempotency=Idempotency("k", bytes(32))
    ),
    "stream": lambda recorder: recorder.select_events(uuid4()),
    "log": lambda recorder: recorder.select_notifications(1, 10),
    "last position": lambda recorder: recorder.max_notification_id(),
    "settling": lambda recorder: recorder.settle(),
    "subscription": lambda recorder: next(recorder.subscribe()),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_new_connection_to_another_epoch_is_refused_with_both(
    store: TestStore, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    factory = store.factory()
    recorder = factory.application_recorder()
    recorder.insert_events(some_events(2))
    begun = factory.log_facts.epoch
    found = start_epoch(store)
    assert kill_idle(store.server) > 0
    checkouts: list[object] = []
    original = Datastore._checkout
    monkeypatch.setattr(
        Datastore, "_checkout", lambda *args: checkouts.append(args) or original(*args)
    )
    with pytest.raises(WrongEpochError, match=f"epoch {found}.*began with {begun}.*restart"):
        CALLS[call](recorder)
    assert len(checkouts) == 1, "another try would find the same"
    assert len(events_in(store)) == 2


def test_a_connection_that_was_there_before_goes_on(store: TestStore) -> None:
    factory = store.factory()
    recorder = factory.application_recorder()
    recorder.insert_events([an_event()])
    start_epoch(store)
    assert recorder.insert_events([an_event()])
    with factory.datastore.cursor(), pytest.raises(WrongEpochError):
        recorder.insert_events([an_event()])
    assert len(events_in(store)) == 2


def test_a_process_that_begins_afterwards_is_of_the_new_epoch(store: TestStore) -> None:
    store.recorder().insert_events([an_event()])
    epochs = [start_epoch(store), start_epoch(store)]
    factory = store.factory()
    assert len(factory.application_recorder().select_notifications(1, 10)) == 1
    assert factory.log_facts.epoch == epochs[1]
    assert len(rows(store.server, f"SELECT * FROM {store.log}.epoch")) == 3


def test_a_mark_that_went_back_is_of_another_history(store: TestStore) -> None:
    recorder = store.recorder()
    recorder.insert_events(some_events(3))
    assert recorder.settle() == 3
    rows(store.server, f"DROP TRIGGER {store.log}.settled_only_grows")  # as a restore would
    rows(store.server, f"UPDATE {store.log}.settled SET mark = 2")
    with pytest.raises(WrongEpochError, match=r"went back from 3 to 2.*start an epoch"):
        recorder.settle()
