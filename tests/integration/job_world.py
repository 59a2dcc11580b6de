"""Helpers of tests of jobs: ask, begin an attempt, be a worker that gets one message."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from commands.envelope import Envelope
from domain.actor import Actor
from domain.job.commands import RequestJob
from domain.job.events import Parameter
from domain.job.job import Job, fold
from domain.metadata import Channel, Event
from infra.jobs import attempts as attempts_module
from infra.jobs import stream as job_stream
from infra.jobs.attempts import Attempt, Series
from infra.jobs.queue import QUEUE_KEY
from projections.jobs import DUE
from tests.integration.api_world import World
from tests.job_kinds import KINDS
from workers.run_job import RunJobs


def ask(world: World, kind: str, by: str = "ann", **parameters: Parameter) -> UUID:
    """Ask for a job of a test's kind, which the API does not know."""
    job = uuid4()
    now = job_stream.now()
    command = RequestJob(job, kind, parameters)
    world.parts.bus.handle(Envelope(command, uuid4().hex, Actor(by), now, Channel.API))
    world.pump()
    return job


def run(world: World, job: UUID) -> None:
    """Be a worker that gets one message."""
    RunJobs(world.parts, KINDS)([job])
    world.pump()


def begin(world: World, job: UUID) -> tuple[Series, Attempt]:
    """Begin an attempt, which is due."""
    series = world.parts.attempts.series([job])
    assert series.due(job) is not None
    attempt = series.begin(job)
    assert attempt is not None
    return series, attempt


def events(world: World, job: UUID) -> Sequence[Event]:
    return [each.event for each in world.parts.log.load(job)]


def state(world: World, job: UUID) -> Job:
    found = fold(events(world, job))
    assert found is not None
    return found


def shown(world: World, job: UUID, by: str = "ann") -> Mapping[str, Any]:
    found: Mapping[str, Any] = world.ok("GET", f"/v1/jobs/{job}", by=by)
    return found


def queued(world: World) -> list[str]:
    """Return the jobs whose messages are in the queue, the newest last."""
    redis = world.parts.broker_redis
    raw = [redis.hget(f"{QUEUE_KEY}.msgs", each) for each in redis.lrange(QUEUE_KEY, 0, -1)]
    return [job for each in raw for job in msgspec.json.decode(each)["args"]]


def due(world: World) -> dict[UUID, str]:
    """Return the worker of each job of which the reaction knows."""
    rows = world.parts.due_jobs.tables.select("SELECT job, worker FROM {due}")
    return {UUID(bytes=job): worker for job, worker in rows}


def long_ago(world: World, job: UUID) -> None:
    """Let a job have been due for a minute."""
    table = world.parts.due_jobs.tables[DUE.name]
    with world.parts.writing.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET due_at = due_at - INTERVAL 1 MINUTE WHERE job = %s", (job.bytes,)
        )


def later(monkeypatch: pytest.MonkeyPatch, **delta: float) -> None:
    """Let the clock of attempts be ahead."""
    now = job_stream.now
    for module in (job_stream, attempts_module):
        monkeypatch.setattr(module, "now", lambda: now() + timedelta(**delta))
