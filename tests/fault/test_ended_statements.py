"""Appends that are ended from outside: by an operator, a time-out, a server that goes away."""

from concurrent.futures import ThreadPoolExecutor

import pymysql
import pytest
from eventsourcing.persistence import OperationalError, Tracking

from infra.eventstore.errors import OutcomeUnknownError
from tests.contracts.history import name
from tests.contracts.idempotency_contract import a_key
from tests.contracts.log_contract import PATIENCE_S, read_all, some_events
from tests.fault.test_holes import wait_until_waited_for
from tests.raw import raw_append
from tests.servers import TestStore


@pytest.mark.parametrize("keyed", [False, True])
def test_an_append_whose_statement_is_ended_leaves_nothing_open_behind(
    store: TestStore, keyed: bool
) -> None:
    """On the same connection, the next append is a transaction of its own, and durable."""
    recorder = store.recorder(MARIADB_POOL_SIZE="1", MARIADB_MAX_OVERFLOW="0")
    taken, doomed, later = some_events(), some_events(2), some_events()
    with raw_append(store, taken) as rival, ThreadPoolExecutor(1) as pool:
        writing = pool.submit(
            recorder.insert_events, [*doomed, *taken], idempotency=a_key() if keyed else None
        )
        wait_until_waited_for(store)
        end_the_statement(store)
        with pytest.raises(OperationalError):
            writing.result(PATIENCE_S)
        rival.roll_back()
    recorder.insert_events(later)
    with store.server.admin() as admin, admin.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {store.log}.event WHERE stream <> REPEAT('\\0', 16)")
        assert cursor.fetchone() == (1,), "acknowledged, and not committed"
        cursor.execute(f"SELECT COUNT(*) FROM {store.log}.idempotency")
        assert cursor.fetchone() == (0,)
    assert [name(event) for event in read_all(store.recorder())] == [name(later[0])]


def end_the_statement(store: TestStore) -> None:
    with store.server.admin() as admin, admin.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM information_schema.processlist"
            " WHERE user = 'ringi_application' AND command = 'Query'"
        )
        for (number,) in cursor.fetchall():
            cursor.execute("KILL QUERY %s", (number,))


class Cut:
    """Makes PyMySQL lose the connection after a statement was sent, `times` times."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, times: int, then: Exception) -> None:
        self.left, self.then = times, then
        read = pymysql.connections.Connection._read_query_result
        query = pymysql.connections.Connection.query

        def lose(connection, *args, **kwargs):
            read(connection, *args, **kwargs)
            if self.left and "INSERT" in self.sql:
                self.left -= 1
                connection._force_close()
                raise pymysql.OperationalError(2013, "Lost connection to server during query")

        def remember(connection, sql, *args, **kwargs):
            self.sql = sql if isinstance(sql, str) else sql.decode(errors="replace")
            if not self.left and "INSERT" in self.sql:
                raise self.then
            return query(connection, sql, *args, **kwargs)

        self.sql = ""
        monkeypatch.setattr(pymysql.connections.Connection, "_read_query_result", lose)
        monkeypatch.setattr(pymysql.connections.Connection, "query", remember)


@pytest.mark.parametrize(
    "then",
    [
        pymysql.OperationalError(2003, "Can't connect"),
        pymysql.OperationalError(1205, "Lock wait timeout exceeded"),
        pymysql.OperationalError(1213, "Deadlock found"),
    ],
    ids=["gone", "waits", "deadlocked"],
)
@pytest.mark.parametrize("keyed", [False, True])
def test_after_a_lost_answer_no_error_claims_that_nothing_was_written(
    store: TestStore, monkeypatch: pytest.MonkeyPatch, keyed: bool, then: Exception
) -> None:
    recorder, events = store.recorder(), some_events(2)
    with monkeypatch.context() as patched:
        Cut(patched, 1, then)
        with pytest.raises(OutcomeUnknownError):
            recorder.insert_events(events, idempotency=a_key() if keyed else None)
    assert len(read_all(recorder)) == 2, "it was committed: this proves nothing otherwise"


@pytest.mark.parametrize("code", [1317, 1969, 2013])
@pytest.mark.parametrize("keyed", [False, True])
def test_a_block_that_is_ended_after_its_commit_is_not_called_a_failure(
    store: TestStore, monkeypatch: pytest.MonkeyPatch, keyed: bool, code: int
) -> None:
    """A block answers with its position, and then with how it ended."""
    recorder, events = store.factory().process_recorder(), some_events(2)
    nextset = pymysql.cursors.Cursor.nextset
    ended: list[int] = []

    def end(cursor):
        more = nextset(cursor)
        if more is not None and not ended:
            ended.append(code)
            raise pymysql.OperationalError(code, "Query execution was interrupted")
        return more

    given = {"idempotency": a_key()} if keyed else {"tracking": Tracking("upstream", 1)}
    with monkeypatch.context() as patched:
        patched.setattr(pymysql.cursors.Cursor, "nextset", end)
        if keyed:
            assert recorder.insert_events(events, **given) == [1, 2]
        else:
            with pytest.raises(OutcomeUnknownError):
                recorder.insert_events(events, **given)
    assert ended
    assert len(read_all(recorder)) == 2
