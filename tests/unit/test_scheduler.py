"""The scheduler's threads, without servers; and its table."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import pytest
from redis import ConnectionError as RedisConnectionError

from infra.eventstore.errors import ConnectionLostError, LogStalledError, UnreachableError
from infra.metrics.metrics import Metrics
from infra.outage import Outage
from infra.schedule import Period
from workers import scheduler
from workers.schedule import CLEAN_RESULTS, ENTRIES, Entry
from workers.scheduler import Attendant, Watch


@dataclass
class FakeSchedule:
    due: list[bool] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    noted: list[tuple[str, str, bool]] = field(default_factory=list)
    away: bool = False

    def claim(self, _period: Period, _worker: str) -> bool:
        if self.away:
            raise UnreachableError("the database")
        return self.due.pop(0) if self.due else False

    def end(self, _entry: str, _worker: str, error: str) -> None:
        self.ended.append(error)

    def note(
        self, period: Period, _worker: str, error: str, _began: float, ended: float | None
    ) -> None:
        if self.away:
            raise UnreachableError("the database")
        self.noted.append((period.entry, error, ended is not None))


@dataclass
class FakeParts:
    schedule: FakeSchedule = field(default_factory=FakeSchedule)
    metrics: Metrics = field(default_factory=Metrics)


def an_entry(act: Callable[..., object], **differing: object) -> Entry:
    values = {"name": "work", "every_s": 1, "longest_s": 60, "does": "", "missed": ""}
    return Entry(**{**values, "act": act, **differing})  # type: ignore[arg-type]


def an_attendant(
    act: Callable[..., object], parts: FakeParts, stop: Event | None = None, **differing: object
) -> Attendant:
    entry = an_entry(act, **differing)
    return Attendant(entry, parts, stop or Event(), "here")  # type: ignore[arg-type]


def runs(parts: FakeParts, outcome: str) -> float:
    labels = {"entry": "work", "outcome": outcome}
    return parts.metrics.registry.get_sample_value("ringi_schedule_runs_total", labels) or 0


def test_a_trouble_is_logged_when_it_begins_changes_and_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    troubles = [
        None,
        LogStalledError("the log"),
        LogStalledError("the log"),
        RedisConnectionError("Redis"),
        None,
        None,
    ]

    def act(*_: object) -> None:
        if error := troubles.pop(0):
            raise error

    parts = FakeParts()
    attendant = an_attendant(act, parts)
    with caplog.at_level(logging.INFO):
        while troubles:
            attendant.run_once()
    assert [record.message for record in caplog.records] == [
        "work: LogStalledError: the log",
        "work: ConnectionError: Redis",
        "work: works again",
    ]
    assert (runs(parts, "done"), runs(parts, "failed")) == (3, 3)


def test_that_the_database_is_away_is_kept_and_left_to_the_outage_to_tell(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away = UnreachableError("the database")
    Outage().attempted(away)
    caplog.clear()
    troubles = [away, None]

    def act(*_: object) -> None:
        if error := troubles.pop(0):
            raise error

    attendant = an_attendant(act, FakeParts())
    with caplog.at_level(logging.INFO):
        attendant.run_once()
        assert attendant.error == "UnreachableError: the database"
        attendant.run_once()
    assert (attendant.error, caplog.messages) == ("", [])


def test_a_lost_connection_that_no_outage_told_of_is_told_even_after_one_that_was(
    caplog: pytest.LogCaptureFixture,
) -> None:
    during, later = ConnectionLostError("gone"), ConnectionLostError("gone")
    outage = Outage()
    outage.attempted(UnreachableError("away"))
    outage.lost(during)
    troubles = [during, later, later, None]

    def act(*_: object) -> None:
        if error := troubles.pop(0):
            raise error

    attendant = an_attendant(act, FakeParts())
    caplog.clear()
    with caplog.at_level(logging.INFO):
        while troubles:
            attendant.run_once()
    assert caplog.messages == ["work: ConnectionLostError: gone", "work: works again"]


def test_an_error_that_nobody_foresaw_ends_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    stop, tries = Event(), list[int]()

    def act(*_: object) -> None:
        tries.append(1)
        if len(tries) == 2:
            stop.set()
        raise ZeroDivisionError

    an_attendant(act, FakeParts(), stop, every_s=0).attend()
    assert len(tries) == 2
    assert "Traceback" in caplog.text


def test_an_entry_is_done_only_by_who_claimed_it() -> None:
    stop, done = Event(), list[int]()
    parts = FakeParts(FakeSchedule([False, True, False, True]))

    def act(*_: object) -> None:
        done.append(len(parts.schedule.due))
        if len(done) == 2:
            stop.set()
        else:
            raise RedisConnectionError("Redis")

    an_attendant(act, parts, stop, every_s=0, is_claimed=True).attend()
    assert done == [2, 0]
    assert parts.schedule.ended == ["ConnectionError: Redis", ""]


def test_nothing_claimed_is_done_while_nobody_knows_whether_it_is_due() -> None:
    stop = Event()
    parts = FakeParts(FakeSchedule(away=True))
    attendant = an_attendant(lambda *_: pytest.fail("done"), parts, stop, is_claimed=True)
    thread = Thread(target=attendant.attend)
    thread.start()
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert not attendant.began


def test_an_entry_that_hangs_is_complained_of_once_and_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(scheduler, "WATCH_S", 0.01)
    stop, free, others = Event(), Event(), list[int]()
    parts = FakeParts()
    hung = an_attendant(lambda *_: free.wait(30), parts, stop, longest_s=0)

    def other(*_: object) -> None:
        others.append(1)
        if len(others) == 30:
            stop.set()

    busy = an_attendant(other, parts, stop, name="other", every_s=0.01)
    watch = Watch([hung, busy], parts, stop, "here")  # type: ignore[arg-type]
    threads = [Thread(target=each.attend, daemon=True) for each in (hung, busy, watch)]
    for thread in threads:
        thread.start()
    assert stop.wait(30)
    threads[1].join(10)
    threads[2].join(10)
    free.set()
    threads[0].join(10)
    assert len(others) == 30
    assert caplog.text.count("work: has not ended for 0 s") == 1
    assert ("work", "", False) in parts.schedule.noted


def test_a_long_run_is_told_that_it_is_enough() -> None:
    told = list[bool]()
    stop = Event()

    def act(_parts: object, enough: Callable[[], bool]) -> None:
        told.append(enough())
        stop.set()
        told.append(enough())

    an_attendant(act, FakeParts(), stop).run_once()
    an_attendant(lambda _, enough: told.append(enough()), FakeParts(), longest_s=-1).run_once()
    assert told == [False, True, True]


def test_a_quick_entry_is_noted_at_its_first_run_and_when_its_outcome_changes() -> None:
    troubles: list[Exception | None] = [None, None, UnreachableError("gone"), None]

    def act(*_: object) -> None:
        if error := troubles.pop(0):
            raise error

    parts = FakeParts()
    attendant = an_attendant(act, parts)
    watch = Watch([attendant], parts, Event(), "here")  # type: ignore[arg-type]
    while troubles:
        attendant.run_once()
        watch._note(attendant)
    gone = "UnreachableError: gone"
    assert parts.schedule.noted == [("work", "", True), ("work", gone, True), ("work", "", True)]
    parts.schedule.away = True
    attendant.error = "another"
    watch._note(attendant)  # not noted, and no error either
    assert len(parts.schedule.noted) == 3


def test_the_table_names_each_entry_once_and_says_what_a_missed_run_means() -> None:
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)
    for entry in ENTRIES:
        assert entry.does.endswith(".")
        assert entry.missed.endswith(".")
        assert len(entry.name) <= 40
        assert entry.longest_s > 0
        # What every scheduler does must be quick, and what is claimed is worth two commits.
        assert entry.is_claimed == (entry.every_s >= 60)


def test_the_table_is_documented_and_no_other() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    rows = re.findall(r"^\| `([a-z ]+)` \| (\d+) (s|min|h) \|", page, re.MULTILINE)
    unit_s = {"s": 1, "min": 60, "h": 3600}
    documented = [(name, int(count) * unit_s[unit]) for name, count, unit in rows]
    of_jobs = (CLEAN_RESULTS.entry, CLEAN_RESULTS.every_s)
    assert documented == [*((entry.name, entry.every_s) for entry in ENTRIES), of_jobs]
