"""Workers that die, hang or are late: rows, feed and checkpoint are still what the log says."""

import os
import random
import signal
import subprocess
import sys
from time import monotonic

import pytest

from infra.eventstore.reading import Page
from tests.contracts.log_contract import read_all, together
from tests.integration.observing import wait_until
from tests.servers import TestStore
from tests.toys import TOY, Bench, decode, expected, judge, some_log

#: Catches up on every lane in batches of eight, and ends itself by a signal at one command that it
#: sends to the database, before it or after its answer; counted from the first batch on.
WORKER = """
import os, signal, sys
from eventsourcing.utils import Environment
from pymysql.connections import Connection
from infra.eventstore import MariaDBFactory
from infra.projecting import runner
from tests.toys import TOY, decode

at, when, sign = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
factory = MariaDBFactory(Environment("worker", os.environ))
recorder = factory.application_recorder()
runner.BATCH = 8
worker = runner.LaneRunner(TOY, factory.datastore, recorder, decode, lambda lane, rows: None)
recorder.settle()
sent, original = [], Connection._execute_command

def execute(self, command, sql):
    sent.append(sql)
    if when == "before" and len(sent) == at or when == str(sql):
        sys.stdout.write("."); sys.stdout.flush()
        os.kill(os.getpid(), sign)
    original(self, command, sql)

commit = Connection.commit
def commit_and_die(self):
    commit(self)
    if when == "after COMMIT":
        os.kill(os.getpid(), sign)

Connection._execute_command, Connection.commit = execute, commit_and_die
for lane in range(4):
    worker.catch_up(lane)
"""


def worker(store: TestStore, at: int, when: str, sign: signal.Signals) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(at), when, str(int(sign))],
        env={**os.environ, **store.env(CREATE_TABLE="no")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def died(store: TestStore, at: int, when: str) -> None:
    child = worker(store, at, when, signal.SIGKILL)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL, errors.decode()


def told(bench: Bench) -> dict[int, int]:
    return {lane: len(rows) for lane, rows in bench.feed().items()}


def caught_up(bench: Bench) -> bool:
    """Catch up; tell whether everything is told. A dead worker's locks end with its connection."""
    bench.catch_up()
    wanted = expected(read_all(bench.recorder)).changes
    return told(bench) == {lane: len(changes) for lane, changes in wanted.items()}


@pytest.fixture
def bench(store: TestStore) -> Bench:
    bench = Bench(store)
    bench.append(some_log(31, 120, poison=0.02))
    return bench


@pytest.mark.parametrize("at", range(3, 31, 3))
def test_a_worker_killed_before_any_statement_loses_and_doubles_nothing(
    bench: Bench, at: int
) -> None:
    died(bench.store, at, "before")
    wait_until(lambda: caught_up(bench), "another one has done it")
    judge(bench)


@pytest.mark.parametrize("when", ["COMMIT", "after COMMIT"])
def test_a_worker_killed_around_its_commit_loses_and_doubles_nothing(
    bench: Bench, when: str
) -> None:
    for _ in range(3):
        before = sum(told(bench).values())
        died(bench.store, 0, when)
        after = sum(told(bench).values())
        assert (after > before) == (when == "after COMMIT")
    assert bench.published == []
    wait_until(lambda: caught_up(bench), "another one has done it")
    judge(bench)


def test_a_worker_that_hangs_in_a_batch_is_replaced_and_commits_nothing(bench: Bench) -> None:
    child = worker(bench.store, 0, "COMMIT", signal.SIGSTOP)
    try:
        assert child.stdout is not None
        assert child.stdout.read(1) == b"."
        began = monotonic()
        wait_until(lambda: caught_up(bench), "the server has ended the hung transaction")
        assert monotonic() - began > 2, "it never held the lane"
        judge(bench)
        child.send_signal(signal.SIGCONT)
        _, errors = child.communicate(timeout=60)
        assert child.returncode == 1
        assert b"MariaDB error" in errors
    finally:
        child.kill()
        child.communicate()
    judge(bench)


def test_a_stale_worker_commits_nothing_and_says_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a worker's reading and its transaction, another one does the same batch."""
    late, read = bench.runner(), bench.recorder.read

    def slow(*args: object, **kwargs: object) -> Page:
        page = read(*args, **kwargs)  # type: ignore[arg-type]
        monkeypatch.undo()
        assert bench.catch_up() > 0
        return page

    monkeypatch.setattr(bench.recorder, "read", slow)
    published = len(bench.published)
    assert [late.catch_up(lane) for lane in range(4)] == [0] * 4
    assert len(bench.published) > published
    judge(bench)


@pytest.mark.parametrize("seed", range(2))
def test_many_workers_on_the_same_lanes_do_each_event_once(store: TestStore, seed: int) -> None:
    bench, rng = Bench(store), random.Random(seed)
    log = some_log(40 + seed, 600, poison=0.005)

    def write() -> None:
        left = log
        while left:
            size = rng.randint(1, 30)
            bench.append(left[:size], at_once=7)
            left = left[size:]

    def work() -> None:
        runner = bench.runner()
        deadline = monotonic() + 60
        wanted = sum(map(len, expected_of(log).values()))
        while sum(told(bench).values()) < wanted:
            assert monotonic() < deadline
            for lane in range(4):
                runner.catch_up(lane)

    outcomes = together([write, work, work, work])
    assert outcomes == [None] * 4
    judge(bench)
    assert len(bench.published) == sum(told(bench).values())


def expected_of(log):
    from eventsourcing.persistence import Notification  # noqa: PLC0415

    return expected(
        [
            Notification(e.originator_id, e.originator_version, e.topic, e.state, number)
            for number, e in enumerate(log, 1)
        ]
    ).changes


def test_a_projection_of_its_own_is_not_stopped_by_a_locked_lane(bench: Bench) -> None:
    with bench.datastore.transaction() as cursor:
        cursor.execute(f"SELECT 1 FROM {bench.store.views}.checkpoint WHERE lane = 0 FOR UPDATE")
        runner = bench.runner(TOY, decode)
        began = monotonic()
        assert runner.catch_up(0) == 0
        assert monotonic() - began < 1
        assert sum(runner.catch_up(lane) for lane in (1, 2, 3)) > 0
    assert runner.catch_up(0) > 0
    judge(bench)
