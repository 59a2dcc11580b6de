"""Many writers at once: the same arrangement for the measured thing and for its floor."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic
from typing import NamedTuple

from tests.benchmarks.processes import PATIENCE_S, at_once, meet
from tests.benchmarks.ways import Append, Way

#: Writing processes: the server needs the rest of a small machine.
PROCESSES = 2

#: Appends of each thread before the clock starts.
WARM_UP = 10


class Span(NamedTuple):
    """What one thread did."""

    appends: int
    begin: float
    end: float


def appends_per_s(way: Way, writers: int, seconds: float) -> float:
    """Return the rate of `writers` threads, spread over at most `PROCESSES` processes.

    All begin together, after each has connected and appended a few; the time counts from the
    first one's begin to the last one's end.
    """
    processes = min(writers, PROCESSES)
    shares = [len(range(number, writers, processes)) for number in range(processes)]
    written = at_once([partial(_write, way, share, seconds) for share in shares])
    spans = [span for each in written for span in each]
    lasted_s = max(span.end for span in spans) - min(span.begin for span in spans)
    return sum(span.appends for span in spans) / lasted_s


def _write(way: Way, threads: int, seconds: float) -> Sequence[Span]:
    gate = threading.Barrier(threads, meet)
    with way.open(threads) as appends, ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda append: _append_for(append, seconds, gate), appends))


def _append_for(append: Append, seconds: float, gate: threading.Barrier) -> Span:
    for _ in range(WARM_UP):
        append()
    gate.wait(PATIENCE_S)
    begin = now = monotonic()
    appends = 0
    while now < begin + seconds:
        append()
        appends += 1
        now = monotonic()
    return Span(appends, begin, now)
