"""Every statement ends: by the server while it lives, by the client when it does not answer."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import monotonic

import pytest
from eventsourcing.persistence import OperationalError

from infra.eventstore import datastore, retrying
from infra.eventstore.errors import (
    ConnectionLostError,
    OutcomeUnknownError,
    UnreachableError,
)
from infra.eventstore.idempotency import FirstOutcome, Idempotency
from infra.eventstore.recorders import MariaDBApplicationRecorder
from infra.stack import MariaDBServer
from tests.integration.observing import PATIENCE_S, events_in, migrated, some_events
from tests.raw import raw_append
from tests.servers import TestStore, prepared_server


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the limits be a second, and failed tries be repeated once."""
    monkeypatch.setattr(datastore, "STATEMENT_TIMEOUT_S", 1)
    monkeypatch.setattr(datastore, "READ_TIMEOUT_S", 2)
    monkeypatch.setattr(datastore, "CONNECT_TIMEOUT_S", 1)
    monkeypatch.setattr(retrying, "BACK_OFF_S", (0.001,))


@pytest.mark.usefixtures("hurried")
def test_a_statement_that_takes_too_long_is_ended_by_the_server(store: TestStore) -> None:
    factory = store.factory(MARIADB_POOL_SIZE="1", MARIADB_MAX_OVERFLOW="0")
    recorder = factory.application_recorder()
    began = monotonic()
    with (
        pytest.raises(OperationalError, match=r"1969.*took too long and was ended by the server"),
        factory.datastore.cursor() as cursor,
    ):
        cursor.execute(f"SELECT SLEEP(30) FROM {store.log}.settled")
    assert monotonic() - began < 2, "before the client gives the connection up"
    assert recorder.insert_events(some_events(1)) == [1], "and the connection serves on"


@pytest.mark.usefixtures("hurried")
def test_an_append_that_takes_too_long_is_of_unknown_outcome(store: TestStore) -> None:
    """The server may end it after its COMMIT, so nobody may say that it was not written."""
    recorder = store.recorder(MARIADB_LOCK_TIMEOUT="30")
    events = some_events(1)
    with (
        raw_append(store, events),
        pytest.raises(OutcomeUnknownError, match="max_statement_time"),
    ):
        recorder.insert_events(events)
    assert recorder.insert_events(events)


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDBServer]:
    server = prepared_server(tmp_path_factory.mktemp("stopped"))
    yield server
    server.stop()


@contextmanager
def not_answering(server: MariaDBServer) -> Iterator[None]:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


@pytest.fixture
def stopping(own_server: MariaDBServer, hurried: None) -> MariaDBApplicationRecorder:
    """Give a recorder on a server of its own, with its connections made."""
    recorder = migrated(own_server, "stopped").recorder()
    recorder.insert_events(some_events(1))
    recorder.settle()
    return recorder


READS = {
    "stream": lambda recorder: recorder.select_events(some_events(1)[0].originator_id),
    "log": lambda recorder: recorder.select_notifications(1, 10),
    "last position": lambda recorder: recorder.max_notification_id(),
    "settling": lambda recorder: recorder.settle(),
}


@pytest.mark.parametrize("call", READS)
def test_a_server_that_does_not_answer_is_given_up(
    own_server: MariaDBServer, stopping: MariaDBApplicationRecorder, call: str
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with not_answering(own_server):
            reading = pool.submit(READS[call], stopping)
            error = reading.exception(PATIENCE_S)
        assert isinstance(error, ConnectionLostError | UnreachableError), error
    READS[call](stopping)


def test_an_append_to_a_server_that_does_not_answer_is_of_unknown_outcome(
    own_server: MariaDBServer, stopping: MariaDBApplicationRecorder
) -> None:
    events, key = some_events(2), Idempotency("stopped", bytes(32))
    with ThreadPoolExecutor(1) as pool:
        with not_answering(own_server):
            writing = pool.submit(stopping.insert_events, events, idempotency=key)
            error = writing.exception(PATIENCE_S)
        assert isinstance(error, OutcomeUnknownError), error
    positions = stopping.insert_events(events, idempotency=key)  # the first one may still come
    again = stopping.insert_events(events, idempotency=key)
    assert isinstance(again, FirstOutcome)
    assert again == positions
    found = events_in(TestStore(own_server, "stopped"), events[0].originator_id)
    assert [position for position, *_ in found] == positions
