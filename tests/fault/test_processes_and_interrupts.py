"""What is one caller's is nobody else's: after a fork, an interrupt, a promotion."""

import os
import signal
from uuid import uuid4

import pymysql
import pytest
from eventsourcing.persistence import DataError, ProgrammingError, StoredEvent, Tracking

from infra.eventstore.errors import UnsafeServerError, VersionConflictError
from tests.contracts.idempotency_contract import a_key
from tests.contracts.log_contract import some_events
from tests.integration.observing import rows
from tests.servers import TestStore


def in_child(work) -> int:
    """Fork; return the child's process id. It exits with 0 if `work` returns True."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if work() else 2
        finally:
            os._exit(code)
    return child


def ended_well(child: int) -> bool:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_children_of_a_fork_have_connections_of_their_own(store: TestStore) -> None:
    recorder, taken = store.recorder(), some_events()
    recorder.insert_events(taken)

    def conflicts() -> bool:
        with pytest.raises(VersionConflictError):
            recorder.insert_events(taken)
        return True

    for _ in range(10):
        good = some_events(2)
        children = [
            in_child(lambda good=good: bool(recorder.insert_events(good))),
            in_child(conflicts),
            in_child(lambda: recorder.settle() > 0),
        ]
        assert recorder.select_events(taken[0].originator_id) == taken
        for child in children:
            assert ended_well(child)
        assert len(recorder.select_events(good[0].originator_id)) == 2


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt])
def test_an_answer_that_was_not_read_is_nobody_elses(
    store: TestStore, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]
) -> None:
    """An exception from a signal handler may come between a statement and its answer."""
    recorder = store.recorder(MARIADB_POOL_SIZE="1", MARIADB_MAX_OVERFLOW="0")
    taken = some_events(3)
    recorder.insert_events(taken)

    def interrupt(*_: object) -> None:
        raise kind

    read = pymysql.connections.Connection._read_query_result
    for _ in range(3):
        with monkeypatch.context() as patched:

            def late(connection, *args, **kwargs):
                signal.raise_signal(signal.SIGUSR1)
                return read(connection, *args, **kwargs)

            previous = signal.signal(signal.SIGUSR1, interrupt)
            patched.setattr(pymysql.connections.Connection, "_read_query_result", late)
            with pytest.raises(kind):
                recorder.select_events(uuid4())
            signal.signal(signal.SIGUSR1, previous)
        assert recorder.select_events(taken[0].originator_id) == taken
        with pytest.raises(VersionConflictError):
            recorder.insert_events(taken)


@pytest.mark.parametrize("state", [memoryview(b"precious"), "text", None, 7, ["a"]])
def test_a_state_that_is_not_bytes_is_refused(store: TestStore, state: object) -> None:
    recorder = store.recorder()
    with pytest.raises(DataError, match="a state is bytes"):
        recorder.insert_events([StoredEvent(uuid4(), 1, "t", state)])
    assert recorder.max_notification_id() is None


@pytest.mark.parametrize("topic", [("a",), b"t", None])
def test_a_topic_that_is_not_text_is_refused(store: TestStore, topic: object) -> None:
    with pytest.raises(DataError, match="a topic text"):
        store.recorder().insert_events([StoredEvent(uuid4(), 1, topic, b"")])


def test_what_a_recorder_cannot_keep_is_refused_and_not_forgotten(store: TestStore) -> None:
    factory = store.factory()
    for recorder, useless in (
        (factory.aggregate_recorder(), {"idempotency": a_key()}),
        (factory.application_recorder(), {"tracking": Tracking("up", 1)}),
        (factory.application_recorder(), {"idempotency_key": a_key()}),
    ):
        with pytest.raises(ProgrammingError, match=next(iter(useless))):
            recorder.insert_events(some_events(), **useless)
    assert factory.application_recorder().max_notification_id() is None


def test_a_server_that_was_unsafe_when_it_was_read_only_is_not_written_to(store: TestStore) -> None:
    store.recorder().insert_events(some_events())
    rows(store.server, "SET GLOBAL read_only = 1, GLOBAL sync_binlog = 0")
    try:
        recorder = store.recorder()
        rows(store.server, "SET GLOBAL read_only = 0")
        for write in (lambda: recorder.insert_events(some_events()), recorder.settle):
            with pytest.raises(UnsafeServerError, match="sync_binlog is 0"):
                write()
    finally:
        rows(store.server, "SET GLOBAL read_only = 0, GLOBAL sync_binlog = 1")


def test_passwords_are_not_in_the_binlog(store: TestStore) -> None:
    logs = b"".join(path.read_bytes() for path in (store.server.folder / "data").glob("binlog.0*"))
    assert b"ringi_application" in logs
    assert b"application-secret" not in logs
