"""What each hot path costs: its statements, as the client sends and as the server counts them.

The client's side is recorded where PyMySQL sends a command, each of which is a round trip. The
server's side is the session variable Questions, which counts a block as one statement. Both must
agree, so nothing can go by unseen.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import get_ident
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import Notification, Tracking
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from infra.eventstore import MariaDBFactory
from infra.eventstore.errors import KeyReusedError, TrackingConflictError, VersionConflictError
from infra.eventstore.idempotency import Idempotency
from infra.eventstore.recorders import MariaDBProcessRecorder
from infra.stack import MariaDBServer
from tests.integration.observing import an_event, kill_idle, migrated, some_events
from tests.servers import TestStore

#: The kinds of statements, by how they begin.
KINDS = {
    "insert": r"INSERT INTO \w+\.event \(stream",
    "block": r"BEGIN NOT ATOMIC",
    "first outcome": r"SELECT i\.request_hash",
    "stream": r"SELECT version, topic, state FROM",
    "page": r"SELECT stream, version, topic, IF\(",
    "survey": r"SELECT .* FROM \w+\.settled s$",
    "advance": r"UPDATE \w+\.settled",
    "last": r"SELECT position FROM \w+\.event WHERE position <=",
    "visible": r"SELECT position FROM \w+\.event WHERE position >",
    "probe": r"SELECT position FROM \w+\.event WHERE position IN",
    "fill": r"INSERT INTO \w+\.event \(position",
    "track": r"INSERT INTO \w+\.tracking",
    "tracked": r"SELECT position FROM \w+\.tracking",
    "names": r"SET NAMES",
    "session": r"SET SESSION",
    "epoch": r"SELECT epoch FROM",
    "begin": r"BEGIN$",
    "commit": r"COMMIT$",
    "rollback": r"ROLLBACK$",
}


def kind(command: bytes | str) -> str:
    """Return the kind of a statement; one of no kind is shown as it is."""
    text = command if isinstance(command, str) else command.decode("utf-8", "replace")
    return next((name for name, begin in KINDS.items() if re.match(begin, text)), text[:200])


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the kind of every command that this thread sends, on any connection."""
    seen: list[str] = []
    me, original = get_ident(), Connection._execute_command

    def execute(self: Connection, command: int, sql: bytes | str) -> None:
        if get_ident() == me:
            seen.append(kind(sql))
        original(self, command, sql)

    monkeypatch.setattr(Connection, "_execute_command", execute)
    return seen


@dataclass
class Meter:
    """A store with one connection for statements and one for settling, and what they send."""

    factory: MariaDBFactory
    recorder: MariaDBProcessRecorder
    sent: list[str]
    base: int = 0
    """Positions up to here are of other tests; the five above are of `stream`, and settled."""
    stream: UUID = field(default_factory=uuid4)
    key: Idempotency = field(default_factory=lambda: Idempotency(uuid4().hex, bytes(32)))
    tracking: Tracking = field(default_factory=lambda: Tracking(uuid4().hex, 1))

    def given(self, *names: str) -> dict[str, object]:
        """Return what an append carries beside its events."""
        found = {"idempotency": self.key, "tracking": self.tracking}
        return {name: found[name] for name in names}

    def questions(self) -> int:
        """Return how many statements the server has received on both sessions."""

        def count(cursor: Cursor) -> int:
            cursor.execute("SHOW SESSION STATUS LIKE 'Questions'")
            ((_, number),) = cursor.fetchall()
            return int(number)

        with self.factory.datastore.cursor() as cursor:
            found = count(cursor)
        with self.factory.datastore.filler() as (cursor, _):
            return found + count(cursor)

    def cost(self, call: Callable[[], object]) -> list[str]:
        """Return what `call` sends; the server has counted as many."""
        before = self.questions()
        self.sent.clear()
        call()
        cost = self.sent.copy()
        assert self.questions() - before - 2 == len(cost), "counting costs one on each session"
        return cost


@pytest.fixture(scope="module")
def shared(server: MariaDBServer) -> Iterator[TestStore]:
    store = migrated(server, "counted")
    yield store
    store.drop()


@pytest.fixture
def meter(shared: TestStore, sent: list[str]) -> Iterator[Meter]:
    factory = shared.factory(MARIADB_POOL_SIZE="1", MARIADB_MAX_OVERFLOW="0")
    recorder = factory.process_recorder()
    meter = Meter(factory, recorder, sent)
    first, *_, last = recorder.insert_events(some_events(5, meter.stream))
    meter.base = first - 1
    assert recorder.settle() == last == meter.base + 5
    yield meter
    factory.close()


def test_the_meter_sees_every_round_trip(meter: Meter) -> None:
    def three() -> None:
        with meter.factory.datastore.transaction() as cursor:
            cursor.execute("SELECT 1")

    assert meter.cost(three) == ["begin", "SELECT 1", "commit"]
    assert meter.cost(lambda: None) == []


# ---- appends


@pytest.mark.parametrize("count", [1, 3, 1000])
@pytest.mark.parametrize(
    ("given", "cost"),
    [
        ([], "insert"),
        (["idempotency"], "block"),
        (["tracking"], "block"),
        (["idempotency", "tracking"], "block"),
    ],
    ids=["bare", "keyed", "tracked", "both"],
)
def test_an_append_is_one_round_trip(meter: Meter, given: list, cost: str, count: int) -> None:
    found: list[int] = []

    def append() -> None:
        found.extend(meter.recorder.insert_events(some_events(count), **meter.given(*given)))

    assert meter.cost(append) == [cost]
    assert found == list(range(meter.base + 6, meter.base + 6 + count))


def test_a_save_of_nothing_costs_nothing(meter: Meter) -> None:
    assert meter.cost(lambda: meter.recorder.insert_events([], idempotency=meter.key)) == []


def test_a_tracking_without_events_is_one_round_trip(meter: Meter) -> None:
    assert meter.cost(lambda: meter.recorder.insert_events([], tracking=meter.tracking)) == [
        "track"
    ]


def test_a_repeated_key_costs_a_look_at_its_first_outcome(meter: Meter) -> None:
    event = an_event()
    meter.recorder.insert_events([event], idempotency=meter.key)
    repeat = lambda: meter.recorder.insert_events([event], idempotency=meter.key)  # noqa: E731
    assert meter.cost(repeat) == ["block", "first outcome"]
    other = Idempotency(meter.key.command_id, b"x" * 32)

    def reuse() -> None:
        with pytest.raises(KeyReusedError):
            meter.recorder.insert_events([event], idempotency=other)

    assert meter.cost(reuse) == ["block", "first outcome"]


@pytest.mark.parametrize(("given", "cost"), [([], "insert"), (["idempotency"], "block")])
def test_a_conflict_is_one_round_trip(meter: Meter, given: list, cost: str) -> None:
    def conflict() -> None:
        with pytest.raises(VersionConflictError):
            meter.recorder.insert_events([an_event(meter.stream, 5)], **meter.given(*given))

    assert meter.cost(conflict) == [cost]


# ---- streams and keys


@pytest.mark.parametrize(
    "given", [{}, {"gt": 2}, {"gt": 1, "lte": 3}, {"desc": True, "limit": 1}, {"lte": 4}]
)
def test_reading_a_stream_is_one_round_trip(meter: Meter, given: dict) -> None:
    found: list[object] = []
    assert meter.cost(
        lambda: found.extend(meter.recorder.select_events(meter.stream, **given))
    ) == ["stream"]
    assert found


def test_looking_for_a_first_outcome_is_one_round_trip(meter: Meter) -> None:
    assert meter.cost(lambda: meter.recorder.select_first_outcome(meter.key)) == ["first outcome"]


# ---- the log


def page(meter: Meter, start: int, limit: int, **given: object) -> tuple[list[str], list[int]]:
    """Return what a page costs, and its positions; all positions count from the meter's base."""
    found: list[Notification] = []

    def read() -> None:
        found.extend(meter.recorder.select_notifications(meter.base + start, limit, **given))

    return meter.cost(read), [notification.id - meter.base for notification in found]


@pytest.mark.parametrize("given", [{}, {"topics": ["t"]}, {"topics": ["t", "u"]}])
def test_a_full_page_below_the_known_mark_is_one_round_trip(meter: Meter, given: dict) -> None:
    assert page(meter, 1, 5, **given) == (["page"], [1, 2, 3, 4, 5])
    assert page(meter, 2, 3, **given) == (["page"], [2, 3, 4])


def test_a_page_that_stops_below_the_known_mark_is_one_round_trip(meter: Meter) -> None:
    assert page(meter, 2, 100, stop=meter.base + 4) == (["page"], [2, 3, 4])


def test_a_last_page_that_is_not_full_also_asks_whether_there_is_more(meter: Meter) -> None:
    assert page(meter, 2, 100) == (["page", "survey"], [2, 3, 4, 5])


def test_a_tail_read_without_news_is_one_round_trip(meter: Meter) -> None:
    for _ in range(3):
        assert page(meter, 6, 100) == (["survey"], [])


@pytest.mark.parametrize("news", [1, 7])
def test_a_tail_read_with_news_surveys_advances_and_reads(meter: Meter, news: int) -> None:
    meter.recorder.insert_events(some_events(news))
    cost, found = page(meter, 6, 100)
    assert cost == ["survey", "advance", "page"]
    assert found == list(range(6, 6 + news))


def test_a_tail_read_after_anothers_settling_only_surveys_and_reads(
    meter: Meter, shared: TestStore
) -> None:
    meter.recorder.insert_events(some_events(2))
    assert shared.recorder().settle() == meter.base + 7
    assert page(meter, 6, 100) == (["survey", "page"], [6, 7])


def test_a_tail_read_over_a_hole_fills_it_once(meter: Meter) -> None:
    with pytest.raises(VersionConflictError):
        meter.recorder.insert_events([an_event(meter.stream, 5)])  # burns position 6
    meter.recorder.insert_events([an_event()])
    cost, found = page(meter, 6, 100)
    assert found == [7]
    assert cost == ["survey", "visible", "probe", "fill", "survey", "advance", "page"]
    assert page(meter, 8, 100) == (["survey"], [])


def test_settling_without_news_is_one_round_trip_and_with_news_two(meter: Meter) -> None:
    assert meter.cost(meter.recorder.settle) == ["survey"]
    meter.recorder.insert_events([an_event()])
    assert meter.cost(meter.recorder.settle) == ["survey", "advance"]


def test_the_last_position_is_settled_then_looked_up(meter: Meter) -> None:
    assert meter.cost(meter.recorder.max_notification_id) == ["survey", "last"]


def test_a_waiting_subscription_costs_one_round_trip_a_look(meter: Meter) -> None:
    subscription = meter.recorder.subscribe(gt=meter.base)
    costs = [meter.cost(lambda: next(subscription)) for _ in range(5)]
    assert costs[0] == ["page", "survey"]
    assert costs[1:] == [[]] * 4
    subscription._news.wait = lambda _: subscription.stop()  # type: ignore[method-assign]

    def look_once() -> None:
        with pytest.raises(StopIteration):
            next(subscription)

    assert meter.cost(look_once) == ["survey"]


# ---- tracking


def test_tracking_is_one_round_trip_also_when_it_is_refused(meter: Meter) -> None:
    assert meter.cost(lambda: meter.recorder.insert_tracking(meter.tracking)) == ["track"]

    def again() -> None:
        with pytest.raises(TrackingConflictError):
            meter.recorder.insert_tracking(meter.tracking)

    assert meter.cost(again) == ["track"]
    assert meter.cost(lambda: meter.recorder.max_tracking_id(meter.tracking.application_name)) == [
        "tracked"
    ]


# ---- connections


def test_a_new_connection_is_set_up_in_four_statements(
    meter: Meter, shared: TestStore, sent: list[str]
) -> None:
    assert kill_idle(shared.server) >= 2
    sent.clear()
    assert meter.recorder.select_events(meter.stream)
    # PyMySQL names the character set, and SQLAlchemy's dialect does it again.
    assert sent == ["names", "session", "names", "epoch", "stream"]


def test_a_connection_of_the_pool_is_used_without_asking_it_first(meter: Meter) -> None:
    for _ in range(3):
        assert meter.cost(lambda: meter.recorder.select_events(meter.stream)) == ["stream"]


def test_a_view_changes_its_rows_and_its_tracking_in_one_transaction(meter: Meter) -> None:
    def change() -> None:
        with meter.factory.datastore.transaction() as cursor:
            meter.recorder.track(cursor, meter.tracking)

    assert meter.cost(change) == ["begin", "track", "commit"]
