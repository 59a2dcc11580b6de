"""Jobs from the request to the result, on real servers, run by the actor itself."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from commands.envelope import Envelope
from domain.actor import Actor
from domain.directory.commands import DeactivatePerson
from domain.job.commands import RequestJob
from domain.job.events import JobFailed, JobProgressed, JobStarted
from domain.job.job import ATTEMPTS, State
from domain.metadata import Channel
from infra.jobs import attempts as attempts_module
from infra.jobs.attempts import SupersededError
from infra.jobs.due import enqueue_due
from infra.jobs.identity import is_alive
from infra.jobs.queue import GROUP, MOST_QUEUED, QUEUE_KEY
from infra.stack import MariaDBServer
from tests.integration.api_world import World, a_company
from tests.integration.job_world import (
    ask,
    begin,
    due,
    events,
    later,
    long_ago,
    queued,
    run,
    shown,
    state,
)
from tests.integration.test_api_statement_counts import sent  # noqa: F401  # a fixture
from tests.job_kinds import KINDS
from workers import making
from workers.run_job import RunJobs


@pytest.fixture(scope="module")
def company(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = Path(tmp_path_factory.mktemp("redis"))
    with a_company(server, folder, "jobs") as world, world.parts.identity:
        yield world


@pytest.fixture
def world(company: World) -> World:
    """Give the company with an empty queue."""
    company.parts.broker_redis.flushall()
    return company


# ---- one attempt


def test_a_job_makes_a_file_that_is_fetched_by_who_asked(world: World) -> None:
    job = ask(world, "text", text="a report")
    run(world, job)
    found = shown(world, job)
    content = b"a report for ann"
    digest = hashlib.sha256(content).hexdigest()
    assert found["state"] == "succeeded"
    assert found["result"] == {
        "digest": digest,
        "size": len(content),
        "media_type": "text/plain",
        "name": "what was asked for.txt",
    }
    answer = world.call("GET", f"/v1/jobs/{job}/result", by="ann")
    assert answer.content == content
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert 'filename="what was asked for.txt"' in answer.headers["Content-Disposition"]
    tag = answer.headers["ETag"]
    again = world.call("GET", f"/v1/jobs/{job}/result", by="ann", headers={"If-None-Match": tag})
    assert (tag, again.status_code, again.content) == (f'"{digest}"', 304, b"")


def test_a_job_costs_four_statements(world: World, sent: list[str]) -> None:  # noqa: F811
    job, run_it = ask(world, "nothing"), RunJobs(world.parts, KINDS)
    sent.clear()
    run_it([job])
    assert sent == ["streams", "append", "person", "append"]
    assert state(world, job).state is State.SUCCEEDED


def test_events_of_a_job_belong_to_the_conversation_of_who_asked(world: World) -> None:
    job = ask(world, "nothing")
    run(world, job)
    metas = [each.meta for each in world.parts.log.load(job)]
    assert len(metas) == 3
    assert {meta.correlation_id for meta in metas} == {metas[0].command_id}
    assert [meta.actor for meta in metas] == ["ann", "system", "system"]
    assert {meta.channel for meta in metas[1:]} == {Channel.POLICY}


def test_a_doubled_message_changes_nothing(world: World) -> None:
    job = ask(world, "text")
    run(world, job)
    before = events(world, job)
    run(world, job)
    assert events(world, job) == before


def test_a_message_of_a_job_that_never_was_changes_nothing(world: World) -> None:
    job = uuid4()
    run(world, job)
    assert events(world, job) == []


def test_a_job_runs_with_todays_rights_of_who_asked(world: World) -> None:
    world.add_person("leaver")
    world.pump()
    job = ask(world, "text", by="leaver")
    world.as_system(DeactivatePerson("leaver"))
    world.pump()
    run(world, job)
    last = events(world, job)[-1]
    assert last == JobFailed(1, "leaver may not act any more", None)


def test_progress_is_told_once_a_second_at_most(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(making, "monotonic", lambda: next(clock) / 10)
    job = ask(world, "steps", total=45)
    run(world, job)
    told = [each.done for each in events(world, job) if isinstance(each, JobProgressed)]
    assert len(told) == 4
    assert told == sorted(told)
    assert shown(world, job)["total"] == 45


# ---- failures


def test_a_failure_is_tried_again_with_growing_pauses_and_then_is_for_good(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ask(world, "fails", text="no room")
    pauses = []
    for number in range(1, ATTEMPTS + 1):
        run(world, job)
        recorded = world.parts.log.load(job)[-1]
        assert isinstance(recorded.event, JobFailed)
        assert recorded.event.error == making.UNFORESEEN.format(recorded.meta.correlation_id)
        if number < ATTEMPTS:
            assert shown(world, job)["state"] == "waiting"
            run(world, job)  # too early: the message is dropped
            assert state(world, job).attempt == number
            assert recorded.event.retry_at is not None
            pauses.append(recorded.event.retry_at - recorded.meta.recorded_at)
            later(monkeypatch, seconds=pauses[-1].total_seconds() + 1)
    assert pauses == sorted(pauses)
    assert shown(world, job)["state"] == "failed"
    assert job not in due(world)


def test_what_cannot_succeed_is_not_tried_again_until_somebody_asks(world: World) -> None:
    job = ask(world, "cannot")
    run(world, job)
    found = shown(world, job)
    assert (found["state"], found["error"]) == ("failed", "there is no such thing")
    assert world.call("POST", f"/v1/jobs/{job}/retry", by="bob").status_code == 403
    world.do("POST", f"/v1/jobs/{job}/retry", by="ann")
    assert queued(world)[-1] == str(job)
    run(world, job)
    assert state(world, job).attempt == 2


def test_a_kind_that_is_not_known_here_is_tried_again_elsewhere(world: World) -> None:
    job = ask(world, "newer")
    run(world, job)
    assert state(world, job).state is State.WAITING


# ---- who is at it


def test_a_job_of_a_living_worker_is_left_to_it(world: World) -> None:
    job = ask(world, "text")
    series, attempt = begin(world, job)
    run(world, job)
    assert len(events(world, job)) == 2
    attempt.succeeded(None)
    series.settle()
    assert not attempt.superseded
    assert state(world, job).state is State.SUCCEEDED


def test_a_job_of_a_dead_worker_is_taken_over_and_the_dead_change_nothing(world: World) -> None:
    job = ask(world, "text")
    late = [begin(world, job)]
    world.parts.identity.renew()
    late.append(begin(world, job))
    world.parts.identity.renew()
    run(world, job)
    assert state(world, job).state is State.SUCCEEDED
    before = events(world, job)
    for _, attempt in late:
        with pytest.raises(SupersededError):
            attempt.progressed(1, 2)
    late[0][1].succeeded(None)
    late[1][1].failed("late")
    for series, attempt in late:
        series.settle()
        assert attempt.superseded
        assert not series.dangling
    assert events(world, job) == before


def test_a_job_whose_workers_die_again_and_again_fails_for_good(world: World) -> None:
    job = ask(world, "text")
    for number in range(1, ATTEMPTS + 1):
        assert begin(world, job)[1].number == number
        world.parts.identity.renew()
    assert world.parts.attempts.series([job]).due(job) is None
    last = events(world, job)[-1]
    assert isinstance(last, JobFailed)
    assert last.retry_at is None
    assert sum(isinstance(each, JobStarted) for each in events(world, job)) == ATTEMPTS


def test_an_attempt_that_could_not_be_ended_is_begun_anew_by_anybody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ask(world, "text")
    worker = world.parts.identity.worker
    monkeypatch.setattr(attempts_module.Attempt, "succeeded", lambda *_: 1 / 0)
    run(world, job)
    assert not is_alive(world.parts.writing, worker)
    monkeypatch.undo()
    run(world, job)
    assert state(world, job).state is State.SUCCEEDED


# ---- what is due


def test_a_request_is_told_once_and_what_is_lost_is_told_again(world: World) -> None:
    job = ask(world, "text")
    assert queued(world).count(str(job)) == 1
    long_ago(world, job)
    enqueue_due(world.parts)
    assert queued(world).count(str(job)) == 1, "a message stands for a while"
    world.parts.broker_redis.flushall()
    enqueue_due(world.parts)
    assert queued(world).count(str(job)) == 1


def test_what_is_told_is_what_is_due(world: World) -> None:
    failing, running, lost = (ask(world, kind) for kind in ("fails", "text", "text"))
    run(world, failing)
    begin(world, lost)
    world.parts.identity.renew()
    series, alive = begin(world, running)
    world.pump()
    for job in (running, lost):
        long_ago(world, job)
    world.parts.broker_redis.flushall()
    enqueue_due(world.parts)
    told = queued(world)
    assert str(lost) in told
    assert str(running) not in told, "its worker lives"
    assert str(failing) not in told, "its time has not come"
    alive.succeeded(None)
    series.settle()
    world.pump()
    assert running not in due(world)


def test_the_queue_does_not_grow_where_no_worker_runs(world: World) -> None:
    for _ in range(MOST_QUEUED - 1):
        world.parts.job_queue.hint([(uuid4(), 1)])
    assert world.parts.job_queue.hint([(uuid4(), 1) for _ in range(GROUP + 10)]) == GROUP
    assert world.parts.job_queue.hint([(uuid4(), 1)]) == 0
    assert world.parts.broker_redis.llen(QUEUE_KEY) == MOST_QUEUED


def test_a_rebuilt_reaction_knows_what_the_old_one_knew(world: World) -> None:
    ask(world, "text")
    run(world, ask(world, "fails"))
    before = due(world)
    world.parts.broker_redis.flushall()
    (reaction,) = [
        each.projection for each in world.parts.runners if each.projection.name == "jobs"
    ]
    world.parts.rebuild(reaction, lambda _: None)
    assert due(world) == before
    assert queued(world) == []


def test_a_job_is_due_at_once_whatever_clock_it_was_asked_by(world: World) -> None:
    job = uuid4()
    ahead = datetime.now(UTC) + timedelta(hours=1)  # noqa: TID251  # of a machine whose clock is wrong
    asked = RequestJob(job, "text", {"text": "soon"})
    world.parts.bus.handle(Envelope(asked, uuid4().hex, Actor("ann"), ahead, Channel.API))
    world.pump()
    assert job in [due for due, _ in world.parts.due_jobs.now()]


def test_a_retry_that_a_wrong_clock_put_off_for_hours_is_due(world: World) -> None:
    job = ask(world, "fails")
    run(world, job)
    table = world.parts.generations.table("jobs", "due")
    assert job not in [due for due, _ in world.parts.due_jobs.now()]
    with world.parts.writing.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET due_at = UTC_TIMESTAMP(6) + INTERVAL 2 HOUR WHERE job = %s",
            (job.bytes,),
        )
    assert job in [due for due, _ in world.parts.due_jobs.now()]
