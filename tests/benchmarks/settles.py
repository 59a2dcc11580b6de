"""Rows on settling: what a reader pays for passing no position too early."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from time import perf_counter

from pymysql.connections import Connection

from infra.eventstore.recorders import MariaDBApplicationRecorder
from tests.benchmarks.bare import INSERT, SELECT, burn, connection, row
from tests.benchmarks.bench import Bench, env_of
from tests.benchmarks.reads import PAGE
from tests.benchmarks.rows import Row
from tests.benchmarks.sample import events

#: Separate holes, each of one position, in the row that has them.
APART = 10

Change = Callable[[], None]

#: Reads what is new; returns whether there was anything.
Read = Callable[[], bool]


def settle(bench: Bench) -> Iterator[Row]:
    """Reads of what is new: against bare SELECTs, and with holes against without."""
    with _readers(bench) as (log, settling, bare):
        yield _against_bare(bench, "settle/nothing-new", lambda: None, settling, bare)
        yield _against_bare(bench, "settle/one-new", log.append, settling, bare)
        for width in bench.scale.holes:
            change = Holes(width, partial(log.append_after_hole, width), log.append)
            yield _holes(bench, f"settle/hole-{width}", change, settling)
        one = partial(log.append_after_hole, 1)
        apart = Holes(APART, _times(APART, one), _times(APART, log.append))
        yield _holes(bench, f"settle/holes-{APART}-apart", apart, settling)


def _times(times: int, change: Change) -> Change:
    def changes() -> None:
        for _ in range(times):
            change()

    return changes


@dataclass(frozen=True)
class Holes:
    """The same new events with and without dead positions below them."""

    positions: int
    change: Change
    without: Change


@dataclass(frozen=True)
class Log:
    """Changes to a log, made bare."""

    connection: Connection

    def append(self) -> None:
        """Commit one event."""
        with self.connection.cursor() as cursor:
            cursor.execute(INSERT, row(next(events())))
        self.connection.commit()

    def append_after_hole(self, width: int) -> None:
        """Use up `width` positions for nothing, then commit one event."""
        burn(self.connection, width)
        self.append()


@contextmanager
def _readers(bench: Bench) -> Iterator[tuple[Log, Read, Read]]:
    """Give an empty log, a settling reader and a bare one, each at its end."""
    with (
        bench.store() as store,
        connection(env_of(store)) as writing,
        connection(env_of(store), autocommit=True) as reading,
    ):
        yield Log(writing), Settling(store.recorder()), BareReading(reading)


class Settling:
    """Reads on through the recorder."""

    def __init__(self, recorder: MariaDBApplicationRecorder) -> None:
        self._recorder = recorder
        self._after = 0

    def __call__(self) -> bool:
        page = self._recorder.read(self._after, PAGE)
        self._after = page.reached
        return bool(page.notifications)


class BareReading:
    """Reads on by `position > last`."""

    def __init__(self, opened: Connection) -> None:
        self._cursor = opened.cursor()
        self._after = 0

    def __call__(self) -> bool:
        self._cursor.execute(SELECT, (self._after, PAGE))
        rows = self._cursor.fetchall()
        self._after = rows[-1][-1] if rows else self._after
        return bool(rows)


def _against_bare(bench: Bench, name: str, change: Change, settling: Read, bare: Read) -> Row:
    times = bench.scale.small_reads
    what = {"settle/nothing-new": "read at the end of the log"}.get(name, "read of one new event")
    row_ = _row(name, f"{what}, no holes", "bare SELECT of the same")
    return bench.measure(
        row_, lambda: _median_ms(times, change, settling), lambda: _median_ms(times, change, bare)
    )


def _holes(bench: Bench, name: str, holes: Holes, settling: Read) -> Row:
    """Return the row for a read that finds dead positions; wide ones take long to make."""
    times = max(5, bench.scale.small_reads * 50 // (50 + holes.positions))
    what = f"read of new events and {holes.positions} dead positions"
    done = bench.measure(
        _row(name, what, "the same read without dead positions"),
        lambda: _median_ms(times, holes.change, settling),
        lambda: _median_ms(times, holes.without, settling),
    )
    return replace(
        done, details={"ms_per_position": (done.measured - done.floor) / holes.positions}
    )


def _row(name: str, what: str, against: str) -> Row:
    return Row(name=name, what=what, against=against, unit="ms", better="lower")


def _median_ms(times: int, change: Change, read: Read) -> float:
    """Return how long a read after a change takes, once all earlier changes are read."""
    while read():
        pass
    took = []
    for _ in range(times):
        change()
        begin = perf_counter()
        read()
        took.append(1000 * (perf_counter() - begin))
    return median(took)
