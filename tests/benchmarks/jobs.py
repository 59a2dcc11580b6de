"""Rows on background jobs: how many a process does, and how soon one starts."""

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import sleep, time
from uuid import UUID, uuid4

import dramatiq

from commands.envelope import Envelope
from domain.actor import Actor
from domain.job.commands import RequestJob
from domain.job.events import JobStarted, JobSucceeded
from domain.metadata import Channel
from infra.broker import make_broker
from infra.home import CHECKOUT
from infra.jobs.queue import GROUP, job_message
from infra.jobs.stream import now
from tests.benchmarks.bare_jobs import QUEUE
from tests.benchmarks.bench import Bench
from tests.benchmarks.rows import Row, percentile
from tests.integration.api_world import World, a_company
from tests.integration.observing import wait_until

#: Threads of each process, the measured one's and the floor's.
THREADS = 16

#: What an idle process may take to start a job, in ms.
MOST_MS = 50.0

#: Jobs that are asked for one by one where the time until they start is measured.
SINGLE = 40


def jobs(bench: Bench) -> Iterator[Row]:
    """One process of jobs, whose kind does nothing; projections stand still meanwhile."""
    number = bench.scale.jobs
    with tempfile.TemporaryDirectory(prefix="ringi-bench-") as name:
        folder = Path(name)
        with a_company(bench.server, folder, "benchjobs") as world:
            row = Row(
                name="jobs",
                what=f"{number} jobs that do nothing, {GROUP} a message, as a backlog is sent,"
                f" drained by one process, {THREADS} threads",
                against="bare Dramatiq, an actor that does nothing, one a message, as many threads",
                unit="jobs/s",
                target=0.5,
            )
            yield bench.measure(
                row, lambda: _drained(world, folder, number), lambda: _bare(world, number)
            )
            row = Row(
                name="jobs/start",
                what="message sent → JobStarted, the process idle before, p50",
                against=f"the {MOST_MS:g} ms that it may take",
                unit="ms",
                better="lower",
            )
            with _process(world, folder):
                waits = [_started_after(world) for _ in range(SINGLE)]
            done = bench.measure(row, lambda: percentile(waits, 50), lambda: MOST_MS)
            yield replace(done, details={"p99_ms": percentile(waits, 99)})


def _ask(world: World) -> UUID:
    job = uuid4()
    envelope = Envelope(
        RequestJob(job, "nothing", {}), uuid4().hex, Actor("ann"), now(), Channel.API
    )
    world.parts.bus.handle(envelope)
    return job


def _drained(world: World, folder: Path, number: int) -> float:
    """Return the jobs a second, from the first one's start to the last one's end."""
    asked = [_ask(world) for _ in range(number)]
    broker = make_broker(world.parts.broker_redis)
    for first in range(0, number, GROUP):
        broker.enqueue(job_message(asked[first : first + GROUP]))
    with _process(world, folder):
        wait_until(lambda: not world.parts.broker_redis.exists("dramatiq:jobs.msgs"), "drained")
    begins, ends = _times(world, asked, JobStarted), _times(world, asked, JobSucceeded)
    return number / (max(ends) - min(begins))


def _times(world: World, asked: Sequence[UUID], kind: type) -> list[float]:
    return [
        each.meta.recorded_at.timestamp()
        for job in asked
        for each in world.parts.log.load(job)
        if isinstance(each.event, kind)
    ]


def _bare(world: World, number: int) -> float:
    broker = make_broker(world.parts.broker_redis)
    for _ in range(number):
        message: dramatiq.Message[None] = dramatiq.Message(
            queue_name=QUEUE, actor_name="nothing", args=(str(uuid4()),), kwargs={}, options={}
        )
        broker.enqueue(message)
    program = [sys.executable, "-m", "tests.benchmarks.bare_jobs"]
    arguments = [world.redis.url, str(THREADS), str(number)]
    told = subprocess.run(
        [*program, *arguments], capture_output=True, text=True, check=True, timeout=120
    )
    return number / float(told.stdout)


def _started_after(world: World) -> float:
    """Return the ms from a message to its job's start, after a while in which nothing was sent."""
    sleep(random.uniform(0.1, 0.3))
    job, broker = _ask(world), make_broker(world.parts.broker_redis)
    sent = time()
    broker.enqueue(job_message([job]))
    return 1000 * (wait_until(lambda: _times(world, [job], JobStarted), "it started")[0] - sent)


@contextmanager
def _process(world: World, folder: Path) -> Iterator[None]:
    """Give a process of jobs that works; it is killed at the end."""
    env, settings = world.store.env(), world.settings
    given = {
        "RINGI_HOME": str(folder),
        "RINGI_DATABASE_URL": env["MARIADB_URL"],
        "RINGI_LOG": settings.log,
        "RINGI_VIEWS": settings.views,
        "RINGI_REDIS_URL": settings.redis_url,
        "RINGI_JOB_THREADS": str(THREADS),
        "RINGI_LOG_LEVEL": "WARNING",
        "PYTHONPATH": str(CHECKOUT),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.job_process"], env={**os.environ, **given}
    )
    try:
        warm = _ask(world)
        make_broker(world.parts.broker_redis).enqueue(job_message([warm]))
        wait_until(lambda: _times(world, [warm], JobSucceeded), "the process works")
        yield
    finally:
        process.kill()
        process.wait()
