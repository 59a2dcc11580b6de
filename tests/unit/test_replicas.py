"""What an answer must show, which servers are asked for it, and when a replica may be."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import inf
from time import monotonic
from typing import Any, cast
from unittest.mock import create_autospec
from uuid import UUID

import pytest
from eventsourcing.persistence import DataError
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from infra.eventstore.datastore import Datastore
from infra.eventstore.errors import ConnectionLostError, StoreUnavailableError, UnreachableError
from infra.eventstore.settings import StoreSettings
from infra.position import Position
from infra.projecting.place import LanePlace
from infra.replicas import servers, watch
from infra.replicas.counters import Why
from infra.replicas.looking import Seen, refusal
from infra.replicas.needed import Moment, Needed
from infra.replicas.router import Router
from infra.replicas.servers import Replica, Server, State, replica_at, shown
from infra.replicas.watch import Watch

EPOCH = "0123456789abcdef"

# ---- what is needed

STEPS = ["event", "told event", "retry", "rebuild"]

histories = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(STEPS)), max_size=30)
"""What was committed one after the other: in which lane, and what it was."""

FIRST = Seen(
    server_id=1,
    read_only=False,
    epoch=UUID(int=1),
    mark=0,
    feed_epoch="fe",
    generation=1,
    lanes=dict.fromkeys(range(4), LanePlace(0, 0)),
)


def states(history: Sequence[tuple[int, str]]) -> list[Seen]:
    """Return what a look finds after each commit, as every server goes through."""
    found = [FIRST]
    for at, (lane, step) in enumerate(history, 1):
        before = found[-1]
        position, seq = before.lanes[lane].position, before.lanes[lane].seq
        place = LanePlace(
            at if "event" in step else position, seq + (step in {"told event", "retry"})
        )
        found.append(
            replace(
                before,
                mark=at if "event" in step else before.mark,
                generation=before.generation + (step == "rebuild"),
                lanes={**before.lanes, lane: place},
            )
        )
    return found


@given(histories, st.data())
def test_a_moment_is_shown_by_whoever_is_as_far_and_by_nobody_else(
    history: list[tuple[int, str]], data: st.DataObject
) -> None:
    found = states(history)
    asked, there = (data.draw(st.integers(0, len(history))) for _ in range(2))
    wanted, shown = found[asked].moment, found[there].moment
    assert wanted is not None
    assert shown is not None
    assert Needed().and_moment(wanted).met_by("e", {}, shown) == (there >= asked)
    assert found[there].covers(found[asked]) == (there >= asked)


numbers = st.integers(0)


@given(st.text(st.characters(codec="ascii", exclude_characters="."), max_size=16), numbers, numbers)
def test_a_moment_is_read_as_it_was_written(epoch: str, generation: int, total: int) -> None:
    moment = Moment(epoch, generation, total)
    assert Moment.parse(str(moment)) == moment


@pytest.mark.parametrize(
    "text", ["", "ab", "ab.7", "ab.7.", "ab..7", "ab.-1.7", "ab.1.2.3", "a.1.x"]
)
def test_a_text_that_is_no_moment_or_of_an_older_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a moment"):
        Moment.parse(text)


def test_an_event_is_needed_in_its_own_lane_and_history() -> None:
    needed = Needed().and_position(Position("01234567", 2, 40))
    at = Moment(EPOCH, 1, 1)
    assert needed.met_by("01234567", {2: 40}, at)
    assert not needed.met_by("01234567", {2: 39, 1: 90}, at)
    assert not needed.met_by("76543210", {2: 41}, at)
    assert not needed.met_by("01234567", {}, at)
    assert not replace(needed, moment=Moment("other", 0, 0)).met_by("01234567", {2: 40}, at)
    assert needed.met_by_log("01234567", 40)
    assert not needed.met_by_log("01234567", 39)
    assert not needed.met_by_log("76543210", 41)
    assert (needed.reach, needed.and_log(7).reach, needed.and_log(70).reach) == (40, 40, 70)


# ---- who is asked


@dataclass
class FakeWatch:
    begun: int = 0

    def begin(self) -> None:
        self.begun += 1

    def end(self) -> None:
        """Nothing runs."""


@dataclass
class Servers:
    """A primary and three replicas whose answers a test says."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        nothing = cast("Datastore", None)
        self.replicas = [
            Replica(f"replica{number}", nothing, State("", at=monotonic())) for number in range(3)
        ]
        self.router = Router(nothing, self.replicas, "workspace", 5)
        self.watch = self.router.watch = FakeWatch()  # type: ignore[assignment]

    def ask(self) -> int:
        def question(server: Server) -> int:
            name = "primary" if server is self.router.primary else server.name
            self.asked.append(name)
            answer = self.answers.get(name, 1)
            if isinstance(answer, Exception):
                raise answer
            return int(answer)

        self.asked.clear()
        return self.router.ask(question, lambda needed, answer: answer >= needed.reach)

    def fallbacks(self) -> Mapping[Why, int]:
        return {why: count for why, count in self.router.counters.fallbacks.items() if count}


def test_without_replicas_the_primary_is_asked_and_nothing_else_happens() -> None:
    router = Router(cast("Datastore", None), [], "workspace", 5)
    router.begin("ann")
    router.require_log(10)
    assert router.ask(lambda server: server, lambda _needed, _answer: False) is router.primary
    router.fall_back()
    assert sum(router.counters.fallbacks.values()) == 0
    assert router.watch._thread is None


def test_a_reader_is_answered_by_the_same_replica_and_readers_by_all() -> None:
    world = Servers()
    first = {}
    for reader in map(str, range(30)):
        world.router.begin(reader)
        world.ask()
        (first[reader],) = world.asked
        world.router.begin(reader)
        world.ask()
        assert world.asked == [first[reader]]
    assert set(first.values()) == {"replica0", "replica1", "replica2"}
    assert (world.router.counters.reads, world.fallbacks()) == (60, {})


@pytest.mark.parametrize("error", [ConnectionLostError("x"), UnreachableError("x")])
def test_what_fails_on_a_replica_is_asked_elsewhere_and_the_replica_no_more(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    world = Servers()
    world.ask()
    (first,) = world.asked
    world.answers[first] = error
    world.ask()
    assert (len(world.asked), world.asked[0]) == (2, first)
    assert f"{first} is not asked" in caplog.text
    world.ask()
    assert first not in world.asked


def test_a_fault_of_the_code_is_not_hidden_by_asking_elsewhere() -> None:
    world = Servers()
    world.answers = {each.name: TypeError("ours") for each in world.replicas}
    with pytest.raises(TypeError, match="ours"):
        world.ask()


def test_no_more_than_two_replicas_are_asked_before_the_primary() -> None:
    world = Servers()
    world.answers = {each.name: ConnectionLostError("x") for each in world.replicas}
    assert world.ask() == 1
    assert len(world.asked) == 3
    assert world.asked[2] == "primary"
    assert world.fallbacks() == {Why.FAILED: 1}
    world.ask()
    world.ask()
    assert world.asked == ["primary"]
    assert world.fallbacks() == {Why.FAILED: 2, Why.NONE_IN_USE: 1}


@pytest.mark.parametrize("error", [DataError("not text"), StoreUnavailableError("all in use")])
def test_what_is_the_questions_own_fault_leaves_the_replica_in_use(error: Exception) -> None:
    world = Servers()
    world.answers = {each.name: error for each in world.replicas}
    assert world.ask() == 1
    assert all(each.state.is_usable for each in world.replicas)


def test_the_primarys_error_is_the_questions() -> None:
    world = Servers()
    lost = ConnectionLostError("x")
    world.answers = {each.name: lost for each in world.replicas} | {"primary": DataError("y")}
    with pytest.raises(DataError, match="y"):
        world.ask()


def test_an_answer_that_is_not_enough_is_asked_for_elsewhere() -> None:
    world = Servers()
    world.router.begin("ann")
    world.router.require_log(5)
    world.answers["primary"] = 5
    assert world.ask() == 5
    assert len(world.asked) == 3
    assert world.fallbacks() == {Why.BEHIND: 1}
    assert all(each.state.is_usable for each in world.replicas)


def test_who_fell_back_is_answered_by_the_primary_to_the_end_and_counted_once() -> None:
    world = Servers()
    world.router.begin("ann")
    world.router.fall_back()
    world.router.fall_back()
    world.ask()
    world.ask()
    assert world.asked == ["primary"]
    assert world.fallbacks() == {Why.BEHIND: 1}
    world.router.begin("ann")
    world.ask()
    assert world.asked != ["primary"]


def test_a_look_that_is_too_old_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "LOOK_LASTS_S", 0.0)
    world = Servers()
    world.ask()
    assert world.asked == ["primary"]
    assert world.fallbacks() == {Why.NONE_IN_USE: 1}


# ---- what a look says

PLACES = {0: LanePlace(9, 4), 1: LanePlace(7, 5)}
PRIMARY = replace(FIRST, mark=9, generation=3, lanes=PLACES)
REPLICA = replace(PRIMARY, server_id=2, read_only=True)


@pytest.mark.parametrize(
    ("differing", "reason"),
    [
        ({}, ""),
        ({"mark": 3, "lanes": {0: LanePlace(1, 0)}}, ""),
        ({"epoch": UUID(int=2)}, "another history of the log"),
        ({"epoch": None}, "another history of the log"),
        ({"server_id": 1}, "it is the primary itself"),
        ({"read_only": False}, "it takes writes"),
        ({"lanes": {}}, "views are not there yet"),
    ],
)
def test_a_server_is_a_replica_if_it_has_the_log_and_takes_no_writes(
    differing: dict[str, Any], reason: str
) -> None:
    found = refusal(replace(REPLICA, **differing), PRIMARY)
    assert reason in found
    assert bool(found) == bool(reason)


@pytest.mark.parametrize(
    ("differing", "covers"),
    [
        ({}, True),
        ({"mark": 10, "generation": 4, "lanes": {**PLACES, 2: LanePlace(1, 1)}}, True),
        ({"mark": 8}, False),
        ({"generation": 2}, False),
        ({"epoch": UUID(int=2)}, False),
        ({"lanes": {**PLACES, 1: LanePlace(6, 5)}}, False),
        ({"lanes": {**PLACES, 1: LanePlace(7, 4)}}, False),
        ({"lanes": {0: PLACES[0]}}, False),
    ],
)
def test_a_replica_lacks_nothing_if_it_is_as_far_everywhere(
    differing: dict[str, Any], covers: bool
) -> None:
    assert replace(REPLICA, **differing).covers(PRIMARY) == covers


# ---- for how long a replica has lacked something


class Clock:
    """Looks at a primary and at a replica that a test moves, with the time that it says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, longest_lag_s: float = 5) -> None:
        self.now = 1000.0
        self.oldest_s = 0.0
        """The age of the oldest event that the replica lacks."""
        primary, datastore = cast("Datastore", object()), create_autospec(Datastore, instance=True)
        self.seen = {id(primary): PRIMARY, id(datastore): REPLICA}
        self._primary, self._there = id(primary), id(datastore)
        self.replica = Replica("replica", datastore)
        self.watch = Watch(primary, [self.replica], "workspace", longest_lag_s)
        monkeypatch.setattr(watch, "monotonic", lambda: self.now)
        monkeypatch.setattr(watch, "look", lambda asked, _: self.seen[id(asked)])
        monkeypatch.setattr(watch, "age_of_lacking", lambda *_: self.oldest_s)

    def commit(self, **changes: Any) -> None:
        """Change the primary."""
        self.seen[self._primary] = replace(self.seen[self._primary], **changes)

    def replicate(self, seen: Seen | None = None) -> None:
        """Bring the replica to what the primary has, or had."""
        seen = seen or self.seen[self._primary]
        self.seen[self._there] = replace(seen, server_id=2, read_only=True)

    def looks(self, seconds: float) -> list[float]:
        """Look every half second for so long; return the lag after each."""
        lags = []
        for _ in range(int(seconds / 0.5)):
            self.now += 0.5
            self.oldest_s += 0.5
            self.watch.round()
            lags.append(self.replica.state.lag_s)
        return lags


MENDED: list[dict[str, Any]] = [
    {"generation": 4},
    {"lanes": {**PLACES, 1: LanePlace(7, 6)}},
]


@pytest.mark.parametrize("mended", MENDED)
def test_a_replica_that_lacks_what_no_event_tells_of_is_left_out_in_time(
    mended: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    assert clock.looks(60) == [0.0] * 120
    clock.commit(**mended)
    assert clock.looks(5) == [0.5 * number for number in range(1, 11)]
    assert clock.replica.state.reason == ""
    clock.looks(0.5)
    assert "for more than 5 s" in clock.replica.state.reason
    clock.replicate()
    assert clock.looks(0.5) == [0.0]
    assert clock.replica.state.reason == ""


@pytest.mark.parametrize("mended", MENDED)
def test_newer_events_do_not_make_what_a_replica_lacks_any_younger(
    mended: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    clock.looks(10)
    clock.commit(**mended)
    clock.looks(4)
    place = clock.seen[clock._primary].lanes[1]
    clock.commit(mark=20, lanes={**PLACES, 1: LanePlace(20, place.seq + 1)})
    clock.oldest_s = 0.0
    assert clock.looks(2)[-1] >= 5
    assert clock.replica.state.reason


def test_a_busy_replica_that_is_always_a_little_behind_has_a_small_lag(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)
    clock.looks(1)
    for number in range(10, 60):
        before = clock.seen[clock._primary]
        generation = before.generation + (number % 5 == 0)
        clock.commit(generation=generation, lanes={**PLACES, 0: LanePlace(number, number)})
        clock.replicate(before)
        clock.oldest_s = -0.49
        assert 0 <= clock.looks(0.5)[0] <= 0.5


def test_a_process_that_has_just_begun_does_not_trust_what_it_cannot_date(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)
    clock.commit(generation=4)
    assert clock.looks(0.5) == [inf]
    assert "nobody saw since when" in clock.replica.state.reason
    younger = Clock(monkeypatch)
    younger.commit(mark=10, lanes={**PLACES, 0: LanePlace(10, 5)})
    assert younger.looks(0.5) == [0.5]


# ---- a replica


@contextmanager
def a_replica(url: str, threads: int = 16) -> Iterator[Replica]:
    store = StoreSettings(url=make_url("mysql+pymysql://a@h/"), log="l", views="v")
    replica = replica_at(make_url(url), store, threads)
    yield replica
    replica.datastore.close()


@pytest.mark.parametrize("threads", [1, 2, 16])
def test_each_thread_may_ask_a_replica_and_the_watch_beside_them(threads: int) -> None:
    with a_replica("mysql+pymysql://a:hunter2@h:3307/some", threads) as replica:
        settings = replica.datastore.settings
        assert settings.pool_size + settings.max_overflow == threads + 1
        assert settings.pool_size <= servers.POOL
        assert (settings.url.host, settings.url.database) == ("h", None)
        assert replica.name == "h:3307"
        assert not replica.state.is_usable


def test_a_name_shows_where_a_replica_is_and_no_secret() -> None:
    socket = "mysql+pymysql://a:hunter2@localhost/?unix_socket=/x/y.sock"
    assert shown(make_url(socket)) == "/x/y.sock"
    assert shown(make_url("mysql+pymysql://a:hunter2@replica.example/")) == "replica.example:3306"
