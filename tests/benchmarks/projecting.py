"""Rows on projecting: the workspace over a log of whole approvals, and the least there can be."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import count, islice
from threading import Barrier
from time import monotonic

from eventsourcing.utils import Environment

from domain.events import EVENTS
from infra.codec import Codec
from infra.eventstore import MariaDBFactory
from infra.feed import FeedRow
from infra.projecting.preparing import prepare
from infra.projecting.runner import BATCH, LaneRunner
from projections.base import Projection
from projections.workspace import WORKSPACE
from tests.benchmarks import cases, sample
from tests.benchmarks.bare import INSERT, LOAD, Env, connection, row
from tests.benchmarks.bench import Bench, env_of
from tests.benchmarks.counting import COUNTS, by_hand, one_by_one
from tests.benchmarks.processes import PATIENCE_S, at_once, meet
from tests.benchmarks.rows import Row
from tests.servers import TestStore

_names = count(1)

#: The peer takes this share of the events: it takes each by itself.
PEER_SHARE = 10


def projecting(bench: Bench) -> Iterator[Row]:
    """The workspace with one thread a lane, in one process and in two, and a count."""
    with _log_of_approvals(bench) as store, _simple_log(bench) as other:
        peer = partial(one_by_one, env_of(other))
        for processes in (1, 2):
            row_ = Row(
                name=f"projecting/{processes}",
                what="workspace caught up (rows of its views, feed, checkpoint), one thread a "
                f"lane, processes: {processes}",
                against="eventsourcing's ProjectionRunner on our recorders, a view that counts",
                unit="events/s",
                target=7.0,
            )
            yield bench.measure(row_, partial(_events_per_s, store, WORKSPACE, processes), peer)
        yield bench.measure(
            Row(
                name="projecting/count",
                what=f"a projection that counts, lane after lane, batches of {BATCH:,}",
                against="bare: SELECT of the same pages, count, UPDATE, COMMIT",
                unit="events/s",
                target=0.50,
            ),
            partial(_events_per_s, store, COUNTS, 0),
            partial(by_hand, env_of(store), BATCH),
        )


@contextmanager
def _log_of_approvals(bench: Bench) -> Iterator[TestStore]:
    with bench.store() as store:
        store.factory().tracking_recorder()
        source = cases.events(bench.scale.projected_events)
        with connection(env_of(store), autocommit=True) as opened, opened.cursor() as cursor:
            while some := [row(event) for event in islice(source, LOAD)]:
                cursor.executemany(INSERT, some)
        store.recorder().settle()
        yield store


@contextmanager
def _simple_log(bench: Bench) -> Iterator[TestStore]:
    """Give a log whose events eventsourcing's own application reads."""
    with bench.store() as store:
        store.factory().tracking_recorder()
        source = islice(sample.events(), max(1, bench.scale.projected_events // PEER_SHARE))
        with connection(env_of(store), autocommit=True) as opened, opened.cursor() as cursor:
            cursor.executemany(INSERT, [row(event) for event in source])
        store.recorder().settle()
        yield store


def _events_per_s(store: TestStore, projection: Projection, processes: int) -> float:
    """Return the rate at which a projection that knows nothing yet comes to the log's end."""
    fresh = replace(projection, name=f"bench{next(_names)}")
    factory = store.factory()
    prepare(factory.datastore, fresh)
    lanes = range(factory.log_facts.lanes)
    if processes == 0:
        shares, at_a_time = [tuple(lanes)], 1
    else:
        shares = [tuple(lanes[first::processes]) for first in range(processes)]
        at_a_time = len(lanes)
    env = env_of(store)
    spans = at_once(
        [_CatchUp(env, projection.name, fresh.name, at_a_time, each) for each in shares]
    )
    lasted_s = max(span.end for span in spans) - min(span.begin for span in spans)
    return sum(span.events for span in spans) / lasted_s


@dataclass(frozen=True)
class _Span:
    events: int
    begin: float
    end: float


@dataclass(frozen=True)
class _CatchUp:
    """What one process does: some lanes, so many at a time, once all processes are connected."""

    env: Env
    what: str
    name: str
    """Under which its tables were made."""
    at_a_time: int
    lanes: Sequence[int]

    def __call__(self) -> _Span:
        found = {each.name: each for each in (WORKSPACE, COUNTS)}[self.what]
        threads = min(self.at_a_time, len(self.lanes))
        settings = {**self.env, "MARIADB_POOL_SIZE": str(threads)}
        with MariaDBFactory(Environment("bench", settings)) as factory:
            runner = LaneRunner(
                replace(found, name=self.name),
                factory.datastore,
                factory.application_recorder(),
                Codec(EVENTS).recorded,
                _keep_silent,
            )
            with ExitStack() as all_connected:
                for _ in range(threads):
                    all_connected.enter_context(factory.datastore.cursor())
                all_connected.enter_context(factory.datastore.filler())
            with ThreadPoolExecutor(threads) as pool:
                gate = Barrier(threads)
                list(pool.map(lambda _: gate.wait(PATIENCE_S), range(threads)))
                meet()
                begin = monotonic()
                events = sum(pool.map(runner.catch_up, self.lanes))
                return _Span(events, begin, monotonic())


def _keep_silent(_lane: int, _rows: Sequence[FeedRow]) -> None:
    """Publish to nobody: nobody listens while a projection catches up."""
