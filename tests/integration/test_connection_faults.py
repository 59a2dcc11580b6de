"""Connections break and servers restart: nothing is lost, nothing doubled, nothing promised."""

import random
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Event
from time import monotonic
from uuid import UUID, uuid4

import pymysql
import pytest
from eventsourcing.persistence import OperationalError, Tracking
from pymysql.connections import Connection

from infra.eventstore import retrying
from infra.eventstore.datastore import Datastore
from infra.eventstore.errors import OutcomeUnknownError, StoreUnavailableError, UnreachableError
from infra.eventstore.idempotency import FirstOutcome, Idempotency
from infra.eventstore.recorders import MariaDBProcessRecorder
from infra.stack import MariaDBServer
from tests.integration.observing import (
    PATIENCE_S,
    admin_of,
    an_event,
    connections,
    events_in,
    kill_idle,
    migrated,
    rows,
    some_events,
    wait_until,
)
from tests.servers import TestStore, prepared_server

STREAM = uuid4()
KEY = Idempotency("key", bytes(32))

#: Every way to use a store, in short what it answers.
CALLS: dict[str, Callable[[MariaDBProcessRecorder], object]] = {
    "append": lambda recorder: recorder.insert_events([an_event()]),
    "keyed append": lambda recorder: recorder.insert_events([an_event()], idempotency=KEY),
    "tracked append": lambda recorder: recorder.insert_events(
        [an_event()], tracking=Tracking("upstream", 9)
    ),
    "first outcome": lambda recorder: recorder.select_first_outcome(KEY),
    "stream": lambda recorder: len(recorder.select_events(STREAM)),
    "log": lambda recorder: len(recorder.select_notifications(1, 10)),
    "last position": lambda recorder: recorder.max_notification_id(),
    "settling": lambda recorder: recorder.settle(),
    "subscription": lambda recorder: next(recorder.subscribe()).id,
    "tracking": lambda recorder: recorder.insert_tracking(Tracking("upstream", 8)),
    "tracked position": lambda recorder: recorder.max_tracking_id("upstream"),
}

#: The answers in a store with two events, that has tracked position 7.
ANSWERS = {
    "append": [3],
    "keyed append": [3],
    "tracked append": [3],
    "first outcome": None,
    "stream": 2,
    "log": 2,
    "last position": 2,
    "settling": 2,
    "subscription": 1,
    "tracking": None,
    "tracked position": 7,
}


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDBServer]:
    """Give a server that these tests may stop; each leaves it running."""
    server = prepared_server(tmp_path_factory.mktemp("faults"))
    yield server
    server.stop()


@pytest.fixture
def faulty(own_server: MariaDBServer) -> Iterator[TestStore]:
    """Give a store with one event on that server."""
    store = migrated(own_server, f"faults_{uuid4().hex[:8]}")
    store.recorder().insert_events([an_event(STREAM)])
    yield store
    own_server.start()
    store.drop()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the waits between tries short; their number stays."""
    monkeypatch.setattr(retrying, "BACK_OFF_S", (0.001,) * len(retrying.BACK_OFF_S))


@pytest.fixture
def checkouts(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Record every attempt to get a connection."""
    seen: list[object] = []
    original = Datastore._checkout

    def checkout(self: Datastore, engine: object) -> object:
        seen.append(engine)
        return original(self, engine)

    monkeypatch.setattr(Datastore, "_checkout", checkout)
    return seen


@contextmanager
def in_background(call: Callable[[], object]) -> Iterator[Future]:
    with ThreadPoolExecutor(1) as threads:
        yield threads.submit(call)


@contextmanager
def rival(store: TestStore) -> Iterator[Connection]:
    """Hold a version of STREAM in a transaction, so that an append of it waits."""
    connection = admin_of(store.server)
    with connection, connection.cursor() as cursor:
        connection.begin()
        cursor.execute(
            f"INSERT INTO {store.log}.event (stream, version, topic, state)"
            " VALUES (%s, 2, 'rival', '')",
            (STREAM.bytes,),
        )
        yield connection
        connection.rollback()


def appending(store: TestStore) -> list[int]:
    return connections(store.server, f"%INSERT INTO {store.log}.event%")


# ---- no server


@pytest.mark.usefixtures("hurried")
def test_without_a_server_every_call_says_so_after_a_few_tries(
    faulty: TestStore, checkouts: list[object]
) -> None:
    recorder = faulty.factory().process_recorder()
    faulty.server.stop()
    for name, call in CALLS.items():
        checkouts.clear()
        with pytest.raises(UnreachableError, match=r"see that the server runs.*try again"):
            call(recorder)
        assert len(checkouts) == 9, name
    with pytest.raises(UnreachableError, match="see that the server runs"):
        faulty.recorder()
    faulty.server.start()
    assert recorder.insert_events([an_event(STREAM, 2)])
    assert len(events_in(faulty)) == 2


def test_an_append_waits_for_a_server_that_restarts(faulty: TestStore, checkouts: list) -> None:
    recorder = faulty.recorder()
    faulty.server.stop()
    checkouts.clear()
    with in_background(lambda: recorder.insert_events([an_event(STREAM, 2)])) as append:
        wait_until(lambda: len(checkouts) > 1, "the first try failed")
        faulty.server.start()
        (position,) = append.result()
    assert (position, STREAM, 2) in events_in(faulty)


@pytest.mark.usefixtures("hurried")
def test_a_server_that_hangs_up_when_it_is_greeted_was_sent_nothing(
    faulty: TestStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = faulty.recorder()
    datastore = faulty.factories[-1].datastore
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = Event()

        def hang_up() -> None:
            while not over.is_set():
                listener.accept()[0].close()

        with in_background(hang_up):
            port = listener.getsockname()[1]
            url = f"mysql+pymysql://clerk:secret@127.0.0.1:{port}/"
            elsewhere = faulty.factory(MARIADB_URL=url).datastore
            monkeypatch.setattr(datastore, "_engine", elsewhere._engine)
            try:
                with pytest.raises(UnreachableError, match="nothing was sent"):
                    recorder.insert_events([an_event()])
            finally:
                over.set()
                socket.create_connection(("127.0.0.1", port)).close()


@pytest.mark.parametrize("restart", ["stop", "kill"])
@pytest.mark.parametrize("name", ["append", "log"])
def test_the_first_call_after_a_restart_just_works(
    faulty: TestStore, name: str, restart: str
) -> None:
    recorder = faulty.factory().process_recorder()
    recorder.select_notifications(1, 10)
    getattr(faulty.server, restart)()
    faulty.server.start()
    assert CALLS[name](recorder) == {"append": [2], "log": 1}[name]
    assert len(events_in(faulty)) == 1 + (name == "append")


# ---- one connection


@pytest.mark.parametrize("name", CALLS)
def test_a_call_on_connections_that_were_ended_just_works(faulty: TestStore, name: str) -> None:
    factory = faulty.factory()
    recorder = factory.process_recorder()
    recorder.insert_events([an_event(STREAM, 2)], tracking=Tracking("upstream", 7))
    recorder.settle()
    with ExitStack() as pool:
        for _ in range(3):
            pool.enter_context(factory.datastore.cursor())
    assert kill_idle(faulty.server) >= 4
    assert CALLS[name](recorder) == ANSWERS[name]
    assert len(events_in(faulty)) == 2 + ("append" in name)
    assert recorder.max_tracking_id("upstream") == {"tracking": 8, "tracked append": 9}.get(name, 7)


def test_an_unkeyed_append_that_was_killed_is_of_unknown_outcome(faulty: TestStore) -> None:
    recorder = faulty.recorder()
    with (
        rival(faulty),
        in_background(lambda: recorder.insert_events(some_events(3, STREAM)[1:])) as append,
    ):
        (number,) = wait_until(lambda: appending(faulty), "the append waits")
        rows(faulty.server, f"KILL CONNECTION {number}")
        with pytest.raises(OutcomeUnknownError, match=r"whole or absent: .*read the stream"):
            append.result()
    wait_until(lambda: number not in connections(faulty.server), "the server has noticed")
    assert len(events_in(faulty, STREAM)) == 1
    assert recorder.insert_events(some_events(3, STREAM)[1:])
    assert len(events_in(faulty, STREAM)) == 3


def test_a_keyed_append_that_was_killed_is_repeated_by_itself(faulty: TestStore) -> None:
    recorder = faulty.recorder()
    events = some_events(3, STREAM)[1:]
    with (
        rival(faulty) as held,
        in_background(lambda: recorder.insert_events(events, idempotency=KEY)) as append,
    ):
        (number,) = wait_until(lambda: appending(faulty), "the append waits")
        rows(faulty.server, f"KILL CONNECTION {number}")
        wait_until(lambda: set(appending(faulty)) - {number}, "it waits again")
        held.rollback()
        positions = append.result()
    assert [row[0] for row in events_in(faulty, STREAM)][1:] == positions
    assert recorder.select_first_outcome(KEY) == positions
    assert len(rows(faulty.server, f"SELECT * FROM {faulty.log}.idempotency")) == 1


@pytest.mark.parametrize("keyed", [False, True])
def test_an_append_whose_statement_was_killed_leaves_no_transaction_open(
    faulty: TestStore, keyed: bool
) -> None:
    recorder = faulty.recorder(MARIADB_POOL_SIZE="1", MARIADB_MAX_OVERFLOW="0")
    with rival(faulty) as held:
        given = {"idempotency": KEY} if keyed else {}
        with in_background(
            lambda: recorder.insert_events([an_event(STREAM, 2)], **given)
        ) as append:
            (number,) = wait_until(lambda: appending(faulty), "the append waits")
            rows(faulty.server, f"KILL QUERY {number}")
            with pytest.raises(OperationalError, match="interrupted"):
                append.result()
        held.rollback()
        (position,) = recorder.insert_events([an_event(STREAM, 3)])
        assert connections(faulty.server).count(number) == 1, "the pool kept the connection"
        assert [row[0] for row in events_in(faulty, STREAM)][1:] == [position]
        assert rows(faulty.server, f"SELECT * FROM {faulty.log}.idempotency") == []


@pytest.fixture
def lost_answer(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Break the connection after the next append was carried out, before its answer is read."""
    original = Connection.query
    broken: list[str] = []

    def query(self: Connection, sql: str | bytes, *args: object) -> int:
        result = original(self, sql, *args)
        if b".event (stream" in (sql if isinstance(sql, bytes) else sql.encode()) and not broken:
            broken.append("once")
            self._force_close()
            raise pymysql.OperationalError(2013, "Lost connection to MySQL server during query")
        return result

    monkeypatch.setattr(Connection, "query", query)
    return broken


def test_an_unkeyed_append_whose_answer_is_lost_is_not_written_twice(
    faulty: TestStore, lost_answer: list[str]
) -> None:
    with pytest.raises(OutcomeUnknownError, match="repeat it with its idempotency key"):
        faulty.recorder().insert_events([an_event(STREAM, 2), an_event(STREAM, 3)])
    assert lost_answer
    assert [version for *_, version in events_in(faulty, STREAM)] == [1, 2, 3]


@pytest.mark.parametrize("tracked", [False, True])
def test_a_keyed_append_whose_answer_is_lost_answers_its_first_outcome(
    faulty: TestStore, lost_answer: list[str], tracked: bool
) -> None:
    recorder = faulty.factory().process_recorder()
    given = {"tracking": Tracking("upstream", 1)} if tracked else {}
    outcome = recorder.insert_events(some_events(3, STREAM)[1:], idempotency=KEY, **given)
    assert lost_answer
    assert type(outcome) is FirstOutcome
    assert [row[0] for row in events_in(faulty, STREAM)][1:] == outcome
    assert recorder.max_tracking_id("upstream") == (1 if tracked else None)


def test_appends_under_a_rain_of_kills_are_whole_or_absent(faulty: TestStore) -> None:
    recorder = faulty.recorder()
    over = Event()

    def rain() -> None:
        with admin_of(faulty.server) as admin, admin.cursor() as cursor:
            while not over.wait(random.uniform(0, 0.08)):
                for number in appending(faulty):
                    try:
                        cursor.execute(f"KILL CONNECTION {number}")
                    except pymysql.MySQLError as error:
                        assert error.args[0] == 1094, "it had ended before"  # noqa: PT017

    told: list[tuple[object, UUID]] = []
    kept = killed = 0
    deadline = monotonic() + PATIENCE_S
    with in_background(rain) as raining:
        try:
            while min(kept, killed) < 5:
                assert monotonic() < deadline, f"{kept} appends kept, {killed} killed"
                events = some_events(3, state=bytes(300_000))
                positions = None
                try:
                    positions = recorder.insert_events(events)
                    kept += 1
                except OutcomeUnknownError:
                    killed += 1
                told.append((positions, events[0].originator_id))
        finally:
            over.set()
        raining.result()
    wait_until(lambda: not appending(faulty), "the killed ones have ended")
    for positions, stream in told:
        found = [row[0] for row in events_in(faulty, stream)]
        assert found == positions if positions else len(found) in (0, 3)


# ---- the pool


@pytest.mark.usefixtures("hurried")
def test_an_exhausted_pool_is_waited_for_once_and_named(
    faulty: TestStore, checkouts: list[object]
) -> None:
    recorder = faulty.recorder(
        MARIADB_POOL_SIZE="1", MARIADB_MAX_OVERFLOW="1", MARIADB_POOL_TIMEOUT="0.05"
    )
    datastore = faulty.factories[-1].datastore
    with datastore.cursor(), datastore.cursor():
        checkouts.clear()
        with pytest.raises(
            StoreUnavailableError, match=r"all 2 connections.*0\.05 s.*MARIADB_POOL_SIZE"
        ):
            recorder.insert_events([an_event(STREAM, 2)])
        assert len(checkouts) == 1, "MARIADB_POOL_TIMEOUT is how long a call waits"
    assert recorder.insert_events([an_event(STREAM, 2)])
    assert len(events_in(faulty, STREAM)) == 2
