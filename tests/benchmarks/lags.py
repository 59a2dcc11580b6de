"""Rows on lag: from an append's return to the event's receipt by a subscriber."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from time import monotonic, sleep

from eventsourcing.persistence import ApplicationRecorder
from pymysql.connections import Connection

from tests.benchmarks.bare import INSERT, connection, row
from tests.benchmarks.bench import Bench, env_of
from tests.benchmarks.followers import (
    PATIENCE_S,
    Follower,
    Kind,
    Polling,
    Received,
    Subscribed,
    elsewhere,
    received,
)
from tests.benchmarks.rows import Row, percentile
from tests.benchmarks.sample import events
from tests.benchmarks.scale import Scale
from tests.servers import TestStore

#: Appends a follower receives before the measured ones.
WARM_UP = 5

#: Appends one event, returns its position.
Append = Callable[[], int]

_WHAT = "p50 from an append's return to its receipt by a {}, {:g} appends/s at random"


def lag(bench: Bench) -> Iterator[Row]:
    """A subscriber in another process, which polls, and one that the writer wakes."""
    with bench.store() as store:
        row = _row(bench.scale, "lag/process", "subscriber in another process")
        row = replace(row, against="bare SELECTs with the same waits, INSERT + COMMIT")
        yield _measure(bench, row, partial(_elsewhere, store))
        row = _row(bench.scale, "lag/woken", "subscriber in the writer's process")
        row = replace(row, against="a thread woken after COMMIT for a bare SELECT")
        yield _measure(bench, row, partial(_in_thread, store))


def _row(scale: Scale, name: str, who: str) -> Row:
    what = _WHAT.format(who, scale.lag_rate)
    return Row(name=name, what=what, against="", unit="ms", better="lower")


@dataclass
class Lags:
    """Milliseconds of every append of one side, over all rounds."""

    since_return: list[float] = field(default_factory=list)
    since_call: list[float] = field(default_factory=list)

    def details(self, side: str) -> dict[str, float]:
        found = {"": self.since_return, "_since_call": self.since_call}
        return {
            f"{side}{since}_p{percent}_ms": round(percentile(lags, percent), 3)
            for since, lags in found.items()
            for percent in (50, 99)
        }


Trial = Callable[[Kind, Scale, Lags], float]


def _measure(bench: Bench, row: Row, trial: Trial) -> Row:
    measured, floor = Lags(), Lags()
    done = bench.measure(
        row,
        lambda: trial("subscription", bench.scale, measured),
        lambda: trial("bare", bench.scale, floor),
    )
    return replace(done, details=measured.details("measured") | floor.details("floor"))


def _elsewhere(store: TestStore, kind: Kind, scale: Scale, lags: Lags) -> float:
    until = WARM_UP + scale.lag_appends
    recorder = store.recorder()
    after = recorder.max_notification_id() or 0
    with (
        connection(env_of(store)) as opened,
        elsewhere(env_of(store), kind, after, until) as end,
    ):
        append = _recorder_append(recorder) if kind == "subscription" else _bare_append(opened)
        return _compare(_send(append, scale), end(), lags)


def _in_thread(store: TestStore, kind: Kind, scale: Scale, lags: Lags) -> float:
    until = WARM_UP + scale.lag_appends
    with _pair(store, kind) as (append, following), ThreadPoolExecutor(1) as thread:
        receiving = thread.submit(received, following, until)
        try:
            return _compare(_send(append, scale), receiving.result(PATIENCE_S), lags)
        finally:
            following.stop()


@contextmanager
def _pair(store: TestStore, kind: Kind) -> Iterator[tuple[Append, Follower]]:
    """Give a writer and the follower that it wakes."""
    recorder = store.recorder()
    after = recorder.max_notification_id() or 0
    if kind == "subscription":
        yield _recorder_append(recorder), Subscribed(recorder, after)
        return
    with (
        connection(env_of(store)) as writing,
        connection(env_of(store), autocommit=True) as reading,
    ):
        following = Polling(reading, after)
        yield _bare_append(writing, following.wake), following


def _recorder_append(recorder: ApplicationRecorder) -> Append:
    source = events()
    return lambda: (recorder.insert_events([next(source)]) or [0])[0]


def _bare_append(opened: Connection, wake: Callable[[], None] = lambda: None) -> Append:
    source = events()
    cursor = opened.cursor()

    def append() -> int:
        cursor.execute(INSERT, row(next(source)))
        position: int = cursor.lastrowid
        opened.commit()
        wake()
        return position

    return append


def _send(append: Append, scale: Scale) -> dict[int, tuple[float, float]]:
    """Append at random intervals; return when each call began and returned, by position.

    At regular intervals, the appends would fall into step with a poller's waits.
    """
    intervals = random.Random(1)
    sent = {}
    for number in range(WARM_UP + scale.lag_appends):
        sleep(intervals.expovariate(scale.lag_rate))
        begin = monotonic()
        position = append()
        if number >= WARM_UP:
            sent[position] = (begin, monotonic())
    return sent


def _compare(sent: dict[int, tuple[float, float]], received_at: Received, lags: Lags) -> float:
    """Add each append's lags to `lags`; return the median since the return."""
    these = [1000 * (received_at[position] - end) for position, (_, end) in sent.items()]
    lags.since_return += these
    lags.since_call += [
        1000 * (received_at[position] - begin) for position, (begin, _) in sent.items()
    ]
    return percentile(these, 50)
