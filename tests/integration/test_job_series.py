"""Several jobs of one message: made one after the other, each begun where the one before ends."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from prometheus_client import generate_latest

from domain.job.events import JobFailed, JobRequested, JobStarted, JobSucceeded
from domain.job.job import State
from infra.eventstore.errors import OutcomeUnknownError
from infra.eventstore.recorders import MariaDBApplicationRecorder
from infra.jobs.queue import QUEUE_KEY
from infra.stack import MariaDBServer
from tests.integration.api_world import World, a_company
from tests.integration.job_world import ask, begin, events, queued, state
from tests.integration.test_api_statement_counts import sent  # noqa: F401  # a fixture
from tests.job_kinds import KINDS
from workers import run_job
from workers.run_job import RunJobs

DONE = [JobRequested, JobStarted, JobSucceeded]


@pytest.fixture(scope="module")
def company(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = Path(tmp_path_factory.mktemp("redis"))
    with a_company(server, folder, "jobseries") as world, world.parts.identity:
        yield world


@pytest.fixture
def world(company: World) -> World:
    """Give the company with an empty queue."""
    company.parts.broker_redis.flushall()
    return company


@pytest.fixture
def worker(world: World, monkeypatch: pytest.MonkeyPatch) -> RunJobs:
    """Give a process that knows that the tests' kinds are quick, however slow this machine is."""
    monkeypatch.setattr(run_job, "QUICK_S", 60.0)
    worker = RunJobs(world.parts, KINDS)
    for kind in ("nothing", "text", "cannot"):
        worker([ask(world, kind)])
    world.parts.broker_redis.flushall()
    return worker


def several(world: World, number: int, kind: str = "nothing") -> list[UUID]:
    """Ask for jobs; what tells of them is lost."""
    found = [ask(world, kind) for _ in range(number)]
    world.parts.broker_redis.flushall()
    return found


def kinds_of(world: World, job: UUID) -> list[type]:
    return [type(each) for each in events(world, job)]


def messages(world: World) -> list[int]:
    """Return of how many jobs each message in the queue tells."""
    redis = world.parts.broker_redis
    raw = [redis.hget(f"{QUEUE_KEY}.msgs", each) for each in redis.lrange(QUEUE_KEY, 0, -1)]
    return [len(msgspec.json.decode(each)["args"]) for each in raw]


def counted(world: World, outcome: str) -> float:
    """Return how many attempts at `nothing` have come to this."""
    name = f'ringi_job_attempts_total{{kind="nothing",outcome="{outcome}"}} '
    lines = generate_latest(world.parts.metrics.registry).decode().splitlines()
    return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))


def test_jobs_of_a_message_cost_one_append_each(
    world: World,
    worker: RunJobs,
    sent: list[str],  # noqa: F811
) -> None:
    jobs = several(world, 5)
    sent.clear()
    worker(jobs)
    assert sent == ["streams", "append", "person", *["append"] * 5]
    assert [kinds_of(world, job) for job in jobs] == [DONE] * 5


def test_each_job_of_a_message_has_its_own_conversation_and_is_counted(
    world: World, worker: RunJobs
) -> None:
    jobs, before = several(world, 3), counted(world, "succeeded")
    worker(jobs)
    for job in jobs:
        metas = [each.meta for each in world.parts.log.load(job)]
        assert {meta.correlation_id for meta in metas} == {metas[0].command_id}
    ids = {each.meta.command_id for job in jobs for each in world.parts.log.load(job)}
    assert len(ids) == 9
    assert counted(world, "succeeded") - before == 3


def test_a_job_that_ends_badly_does_not_touch_the_others(world: World, worker: RunJobs) -> None:
    first, bad, last = ask(world, "text"), ask(world, "cannot"), ask(world, "text")
    worker([first, bad, bad, last])
    assert kinds_of(world, first) == kinds_of(world, last) == DONE
    assert events(world, bad)[1:] == [
        JobStarted(1, world.parts.identity.worker),
        JobFailed(1, "there is no such thing", None),
    ]


def test_what_would_wait_for_a_job_that_may_be_slow_is_handed_back_before_it(
    world: World, worker: RunJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [ask(world, "steps", total=0), *several(world, 5)]
    seen: list[list[int]] = []

    def kind(work: Any) -> None:
        seen.append(messages(world))
        KINDS["steps"](work)

    monkeypatch.setattr(worker, "_kinds", {**KINDS, "steps": kind})
    worker(jobs)
    assert seen == [[2, 3]]
    assert sorted(queued(world)) == sorted(map(str, jobs[1:]))
    assert {len(events(world, job)) for job in jobs[1:]} == {1}, "none is begun that does not run"


def test_what_comes_after_a_job_that_was_slow_is_left_to_others(
    world: World, worker: RunJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = several(world, 4)
    monkeypatch.setattr(run_job, "QUICK_S", 0.0)
    worker(jobs)
    assert kinds_of(world, jobs[0]) == DONE
    assert sorted(queued(world)) == sorted(map(str, jobs[1:]))


def test_where_another_was_faster_only_that_job_is_left_to_them(
    world: World, worker: RunJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, before = several(world, 3), counted(world, "succeeded")
    rival: list[Any] = []
    nothing = KINDS["nothing"]

    def kind(work: Any) -> None:
        if not rival:
            rival.append(begin(world, jobs[1]))
        nothing(work)

    monkeypatch.setattr(worker, "_kinds", {**KINDS, "nothing": kind})
    worker(jobs)
    assert [kinds_of(world, jobs[0]), kinds_of(world, jobs[2])] == [DONE] * 2
    assert kinds_of(world, jobs[1]) == [JobRequested, JobStarted]
    assert counted(world, "succeeded") - before == 2


def test_an_attempt_that_is_superseded_in_a_series_ends_nothing(
    world: World, worker: RunJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, before = several(world, 2), counted(world, "superseded")
    rivals: list[Any] = []
    nothing = KINDS["nothing"]

    def kind(work: Any) -> None:
        if not rivals:  # its process is taken for dead while it works
            world.parts.identity.renew()
            rivals.append(begin(world, jobs[0]))
        nothing(work)

    monkeypatch.setattr(worker, "_kinds", {**KINDS, "nothing": kind})
    name = world.parts.identity.worker
    worker(jobs)
    assert kinds_of(world, jobs[0]) == [JobRequested, JobStarted, JobStarted]
    assert kinds_of(world, jobs[1]) == DONE
    assert counted(world, "superseded") - before == 1
    assert world.parts.identity.worker != name
    series, attempt = rivals[0]
    attempt.succeeded(None)
    series.settle()
    assert state(world, jobs[0]).state is State.SUCCEEDED


@pytest.mark.parametrize("written", [True, False])
def test_an_append_whose_answer_was_lost_is_done_once(
    world: World, worker: RunJobs, monkeypatch: pytest.MonkeyPatch, *, written: bool
) -> None:
    jobs, insert = several(world, 3), MariaDBApplicationRecorder.insert_events
    calls: list[int] = []

    def unlucky(self: Any, stored: Sequence[Any], **more: Any) -> Any:
        calls.append(len(stored))
        odd = len(calls) % 2 == 1
        if written or not odd:
            found = insert(self, stored, **more)
        if odd:
            raise OutcomeUnknownError("the connection broke")
        return found

    monkeypatch.setattr(MariaDBApplicationRecorder, "insert_events", unlucky)
    worker(jobs)
    assert [kinds_of(world, job) for job in jobs] == [DONE] * 3
    assert len(calls) == 8


def test_jobs_whose_database_goes_away_between_two_are_begun_anew(
    world: World, worker: RunJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, name = several(world, 3), world.parts.identity.worker
    insert, calls = MariaDBApplicationRecorder.insert_events, []

    def failing(self: Any, stored: Sequence[Any], **more: Any) -> Any:
        calls.append(stored)
        if len(calls) > 1:
            raise OutcomeUnknownError("away")
        return insert(self, stored, **more)

    left = counted(world, "left")
    monkeypatch.setattr(MariaDBApplicationRecorder, "insert_events", failing)
    worker(jobs)
    monkeypatch.undo()
    assert counted(world, "left") - left == 1
    assert world.parts.identity.worker != name, "all that it had begun may be begun anew"
    worker(jobs)
    for job in jobs:
        worker([job])
    assert kinds_of(world, jobs[0]) == [JobRequested, JobStarted, JobStarted, JobSucceeded]
    assert [kinds_of(world, job) for job in jobs[1:]] == [DONE] * 2
