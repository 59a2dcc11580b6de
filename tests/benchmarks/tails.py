"""Rows on what a reader at the log's end costs its writers."""

from collections.abc import Iterator
from functools import partial

from tests.benchmarks.bench import Bench, env_of
from tests.benchmarks.followers import Kind, elsewhere
from tests.benchmarks.rows import Measurement, Row
from tests.benchmarks.ways import ThroughRecorder
from tests.benchmarks.writers import appends_per_s
from tests.servers import TestStore


def tail(bench: Bench) -> Iterator[Row]:
    """Appends beside a subscriber, against none, and against a reader that settles nothing."""
    what = "insert_events of one event beside a subscriber in another process"
    writers = bench.scale.many_writers
    with bench.store() as store:
        env = env_of(store)
        rate = partial(appends_per_s, ThroughRecorder(env), writers, bench.scale.append_s)
        followed = partial(_beside, store, "subscription", rate)
        row = Row(name=f"tail/{writers}", what=what, against="the same without", unit="appends/s")
        yield bench.measure(row, followed, rate)
        row = Row(
            name=f"tail-bare/{writers}",
            what=what,
            against="the same beside bare SELECTs in a loop",
            unit="appends/s",
        )
        yield bench.measure(row, followed, partial(_beside, store, "bare", rate))


def _beside(store: TestStore, kind: Kind, rate: Measurement) -> float:
    after = store.recorder().max_notification_id() or 0
    with elsewhere(env_of(store), kind, after) as end:
        measured = rate()
        end()
    return measured
