"""Workers and the scheduler as processes: lost wake-ups, kills, Redis away, ends in time."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest
from redis import RedisError

from infra.broker import catch_up_sender, make_broker
from infra.redis_clients import quick_client
from infra.redis_server import RedisServer
from infra.wakeup import Wakeup
from tests.integration.observing import kill_idle, wait_until
from tests.servers import TestStore, prepared_server
from tests.toys import Bench, Put, encode, judge, some_log, stream_in

PARTS = """
import os, logging
from dataclasses import dataclass
from functools import partial
from eventsourcing.utils import Environment
from infra.broker import catch_up_sender, make_broker
from infra.eventstore import MariaDBFactory
from infra.feed import Publisher
from infra.projecting.runner import LaneRunner
from infra.metrics.metrics import Metrics
from infra.outage import Outage
from infra.redis_clients import blocking_client, quick_client
from infra.schedule import Schedule
from infra.wakeup import BLOCK_S, Wakeup
from tests.toys import TOY, decode

logging.basicConfig(level="INFO")
factory = MariaDBFactory(Environment("worker", os.environ))
outage = Outage()
factory.datastore.attempted, factory.datastore.lost = outage.attempted, outage.lost
recorder, url = factory.application_recorder(), os.environ["REDIS"]

class Parts:
    wakeup = Wakeup(quick_client(url), catch_up_sender(make_broker(quick_client(url))))
    lanes = 4
    metrics = Metrics()
    schedule = Schedule(factory.datastore)
    publish = partial(Publisher(quick_client(url)).publish, "toy")
    runners = [LaneRunner(TOY, factory.datastore, recorder, decode, publish)]
    redis_for_lingering = staticmethod(lambda: blocking_client(url, BLOCK_S))
    settle = staticmethod(recorder.settle)
"""

WORKER = PARTS + "from workers.__main__ import run; run(Parts(), url, 8); os._exit(0)"
SCHEDULER = PARTS + (
    "from workers.schedule import ENTRIES; from workers.scheduler import run;"
    " run(Parts(), [entry for entry in ENTRIES if entry.name.endswith(('the log', 'the lanes'))])"
)


class Stack:
    """A store, a Redis, and the processes that a test starts on them."""

    def __init__(self, store: TestStore, redis: RedisServer, folder: Path) -> None:
        self.store, self.redis, self.folder = store, redis, folder
        self.bench = Bench(store)
        self.client = quick_client(redis.url)
        self.wakeup = Wakeup(self.client, catch_up_sender(make_broker(self.client)))
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, program: str) -> subprocess.Popen[bytes]:
        with (self.folder / "processes.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", program],
                env={
                    **os.environ,
                    **self.store.env(CREATE_TABLE="no", MARIADB_POOL_SIZE="10"),
                    "REDIS": self.redis.url,
                },
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        self.client.close()

    def log(self) -> str:
        return (self.folder / "processes.log").read_text()

    def told(self) -> int:
        return sum(map(len, self.bench.feed().values()))

    def lingered(self) -> int:
        return sum(bool(self.client.exists(f"ringi:lingers:{lane}")) for lane in range(4))

    def wait_until_lingered(self) -> None:
        wait_until(lambda: self.lingered() == 4, "somebody lingers on every lane")

    def wait_for_head(self) -> None:
        """Wait until every lane of the feed is as long as it is to be, and judge it."""
        wait_until(self._is_done, "everything is projected")
        judge(self.bench)

    def _is_done(self) -> bool:
        try:
            judge(self.bench)
        except AssertionError:
            return False
        return True


@pytest.fixture
def stack(store: TestStore, tmp_path: Path, tmp_path_factory) -> Iterator[Stack]:
    redis = RedisServer(Path(tmp_path_factory.mktemp("redis")))
    redis.start()
    stack = Stack(store, redis, tmp_path)
    yield stack
    stack.end()
    redis.stop()


def test_the_tick_sets_workers_on_every_lane_and_news_reach_them_at_once(stack: Stack) -> None:
    stack.start(WORKER)
    stack.start(SCHEDULER)
    stack.wait_until_lingered()
    slowest = 0.0
    for number in range(20):
        lane = number % 4
        stream = stream_in(lane, number)
        stack.bench.append([encode(stream, 1, Put("a", 1))])
        began, before = monotonic(), stack.told()
        stack.wakeup.grown({lane})
        wait_until(lambda before=before: stack.told() > before, "it is projected")
        slowest = max(slowest, monotonic() - began)
    stack.wait_for_head()
    assert slowest < 1.0, "the hint did not reach whoever lingers"
    assert stack.client.llen("dramatiq:catch_up") == 0


def test_lost_wakeups_cost_a_second_and_no_event(stack: Stack) -> None:
    stack.start(WORKER)
    stack.start(SCHEDULER)
    stack.bench.append(some_log(51, 300))
    stack.wait_for_head()


def test_doubled_wakeups_and_two_schedulers_do_no_harm(stack: Stack) -> None:
    for program in (WORKER, WORKER, SCHEDULER, SCHEDULER):
        stack.start(program)
    send = catch_up_sender(make_broker(stack.client))
    for event in some_log(52, 100):
        stack.bench.append([event])
        for lane in range(4):
            send(lane)
    stack.wait_for_head()


def test_a_killed_worker_is_replaced_by_another(stack: Stack) -> None:
    first = stack.start(WORKER)
    stack.start(SCHEDULER)
    stack.wait_until_lingered()
    stack.start(WORKER)
    log = some_log(53, 400, poison=0.005)
    stack.bench.append(log[:200])
    first.kill()
    stack.bench.append(log[200:])
    stack.wait_for_head()
    stack.wait_until_lingered()


def test_a_redis_that_restarts_empty_loses_no_event(stack: Stack) -> None:
    stack.start(WORKER)
    stack.start(SCHEDULER)
    stack.wait_until_lingered()
    log = some_log(54, 300)
    stack.bench.append(log[:100])
    stack.redis.kill()
    for event in log[100:200]:
        stack.bench.append([event])
        stack.wakeup.grown({0, 1, 2, 3})
    stack.redis.start()
    stack.bench.append(log[200:])
    stack.wait_for_head()
    stack.wait_until_lingered()


def fill(stack: Stack) -> None:
    """Let Redis be full: it evicts nothing, and refuses what needs memory."""
    stack.client.config_set("maxmemory-policy", "noeviction")
    stack.client.config_set("maxmemory", "1")


def empty(stack: Stack) -> None:
    stack.client.config_set("maxmemory", "0")


def fail_over(stack: Stack) -> None:
    """Let Redis follow another server, which is away, and be read-only."""
    stack.client.execute_command("REPLICAOF", "127.0.0.1", "1")


def fail_back(stack: Stack) -> None:
    stack.client.execute_command("REPLICAOF", "NO", "ONE")


@pytest.mark.parametrize(("refuse", "take"), [(fill, empty), (fail_over, fail_back)])
def test_a_redis_that_answers_and_takes_no_writes_delays_views_and_stops_none(
    stack: Stack, refuse: Callable[[Stack], None], take: Callable[[Stack], None]
) -> None:
    """Also after those who lingered would have been relieved."""
    stack.start("import workers.catch_up as module; module.LINGER_S = 1.0\n" + WORKER)
    stack.start(SCHEDULER)
    stack.wait_until_lingered()
    refuse(stack)
    assert stack.client.ping()
    with pytest.raises(RedisError):
        stack.client.set("anything", "1")
    wait_until(lambda: stack.lingered() == 0, "nobody lingers any more")
    slowest = 0.0
    for number in range(8):
        lane = number % 4
        stack.bench.append([encode(stream_in(lane, number), 1, Put("a", 1))])
        began, before = monotonic(), stack.told()
        stack.wakeup.grown({lane})
        wait_until(lambda before=before: stack.told() > before, "it is projected")
        slowest = max(slowest, monotonic() - began)
    assert slowest < 3.0
    take(stack)
    stack.wait_until_lingered()
    stack.bench.append(some_log(57, 100))
    stack.wait_for_head()


def test_workers_whose_connections_are_cut_go_on(stack: Stack) -> None:
    stack.start(WORKER)
    stack.start(SCHEDULER)
    stack.wait_until_lingered()
    log = some_log(55, 200)
    for start in range(0, 200, 50):
        stack.bench.append(log[start : start + 50])
        kill_idle(stack.store.server)
    stack.wait_for_head()


def test_workers_and_the_scheduler_outlive_the_database(tmp_path_factory, tmp_path: Path) -> None:
    server = prepared_server(Path(tmp_path_factory.mktemp("mariadb")))
    redis = RedisServer(Path(tmp_path_factory.mktemp("redis")))
    redis.start()
    stack = Stack(TestStore(server, "outlive"), redis, tmp_path)
    try:
        worker, scheduler = stack.start(WORKER), stack.start(SCHEDULER)
        stack.wait_until_lingered()
        log = some_log(56, 200)
        stack.bench.append(log[:100])
        server.kill()
        told = "the database gives no connection"
        wait_until(lambda: stack.log().count(told) == 2, "both have noticed, and told it once")
        server.start()
        stack.bench.append(log[100:])
        stack.wait_for_head()
        stack.wait_until_lingered()
        assert (worker.poll(), scheduler.poll()) == (None, None)
    finally:
        stack.end()
        redis.stop()
        server.stop()


def test_whoever_has_lingered_for_long_is_relieved_without_a_gap(stack: Stack) -> None:
    stack.start("import workers.catch_up as module; module.LINGER_S = 0.5\n" + WORKER)
    stack.start(SCHEDULER)
    stack.wait_until_lingered()
    seen: set[object] = set()

    def relieved_often() -> bool:
        token = stack.client.get("ringi:lingers:2")
        assert token is not None, "nobody lingers"
        seen.add(token)
        return len(seen) > 3

    wait_until(relieved_often, "it was relieved three times")


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_within_two_seconds_while_it_lingers(
    stack: Stack, sign: signal.Signals
) -> None:
    worker, scheduler = stack.start(WORKER), stack.start(SCHEDULER)
    stack.wait_until_lingered()
    for process in (scheduler, worker):
        began = monotonic()
        process.send_signal(sign)
        assert process.wait(10) == 0
        assert monotonic() - began < 2.0
    assert stack.lingered() == 0, "its claims are withdrawn, for the next one"


def test_a_worker_ends_in_time_without_redis_too(stack: Stack) -> None:
    worker = stack.start(WORKER)
    wait_until(lambda: "working" in stack.log(), "it works")
    stack.redis.kill()
    began = monotonic()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert monotonic() - began < 2.0
