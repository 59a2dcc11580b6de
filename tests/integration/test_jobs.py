"""Jobs from the request to the result, on real servers, run by the actor itself."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from api.cli import jobs as command_line
from api.cli.jobs import Action
from commands.envelope import Envelope
from domain.actor import Actor
from domain.directory.commands import DeactivatePerson
from domain.job.commands import RequestJob
from domain.job.events import JobFailed, JobProgressed, JobStarted, Parameter
from domain.job.job import ATTEMPTS, Job, State, fold
from domain.metadata import Channel, Event
from infra.bootstrap import rebuild_outdated, report
from infra.jobs import attempts as attempts_module
from infra.jobs import stream as job_stream
from infra.jobs.attempts import Attempt, Series, SupersededError
from infra.jobs.due import enqueue_due
from infra.jobs.identity import is_alive
from infra.jobs.queue import GROUP, MOST_QUEUED, QUEUE_KEY
from infra.stack import MariaDBServer
from projections.jobs import DUE
from tests.integration.api_world import World, a_company
from tests.integration.observing import wait_until
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


# ---- the API


def test_a_pdf_is_asked_for_by_who_may_read_the_document(world: World) -> None:
    document = world.draft()
    body = {"kind": "pdf", "parameters": {"document": document}}
    assert world.call("POST", "/v1/jobs", by="bob", body=body).status_code == 403
    nobodys = {"kind": "pdf", "parameters": {"document": str(uuid4())}}
    assert world.call("POST", "/v1/jobs", by="ann", body=nobodys).status_code == 404
    key = {"Idempotency-Key": uuid4().hex}
    first = world.call("POST", "/v1/jobs", by="ann", body=body, headers=key)
    again = world.call("POST", "/v1/jobs", by="ann", body=body, headers=key)
    assert (first.status_code, first.headers["Location"]) == (201, f"/v1/jobs/{first.json['job']}")
    assert again.json == {**first.json, "repeated": True}


@pytest.mark.parametrize(
    ("body", "problem", "place"),
    [
        ({}, "missing-field", "kind"),
        ({"kind": "text"}, "invalid", "kind"),
        ({"kind": "pdf"}, "missing-field", "parameters.document"),
        ({"kind": "pdf", "parameters": []}, "invalid", "parameters"),
        ({"kind": "pdf", "parameters": {"document": "x"}}, "invalid", "parameters.document"),
        ({"kind": "pdf", "parameters": {"document": 7}}, "invalid", "parameters.document"),
        ({"kind": "export", "parameters": {"format": "doc"}}, "invalid", "parameters.format"),
        (
            {"kind": "export", "parameters": {"format": "csv", "rows": 1}},
            "unknown-field",
            "parameters.rows",
        ),
        (
            {"kind": "export", "parameters": {"format": "csv", "status": "lost"}},
            "invalid",
            "parameters.status",
        ),
    ],
)
def test_what_is_asked_for_must_be_of_its_form(
    world: World, body: object, problem: str, place: str
) -> None:
    answer = world.call("POST", "/v1/jobs", by="ann", body=body)
    assert answer.json["type"] == f"urn:ringi:problem:{problem}"
    assert answer.json["place"] == place


def test_people_see_their_own_jobs_and_auditors_all(world: World) -> None:
    mine, theirs = ask(world, "text", by="ann"), ask(world, "text", by="bob")

    def listed(by: str, query: str = "") -> list[str]:
        items = world.ok("GET", f"/v1/jobs?limit=200{query}", by=by)["items"]
        return [each["job"] for each in items]

    assert str(mine) in listed("ann")
    assert str(theirs) not in listed("ann")
    assert listed("ivy")[:2] == [str(theirs), str(mine)]
    assert str(mine) not in listed("ann", "&state=failed")
    assert world.call("GET", f"/v1/jobs/{mine}", by="bob").status_code == 403
    assert world.call("GET", f"/v1/jobs/{mine}/result", by="bob").status_code == 403
    assert world.call("GET", f"/v1/jobs/{uuid4()}", by="ann").status_code == 404
    assert world.call("GET", "/v1/jobs?state=lost", by="ann").status_code == 400


def test_pages_of_jobs_miss_none_and_show_none_twice(world: World) -> None:
    asked = [str(ask(world, "text", by="fin")) for _ in range(5)]
    seen: list[str] = []
    query = ""
    while query is not None:
        page = world.ok("GET", f"/v1/jobs?limit=2{query}", by="fin")
        seen += [each["job"] for each in page["items"]]
        query = f"&cursor={page['next']}" if page["next"] else None
    assert seen == asked[::-1]


def test_a_result_that_is_not_there_says_why(world: World) -> None:
    job = ask(world, "text", text=uuid4().hex)
    path = f"/v1/jobs/{job}/result"
    waiting = world.call("GET", path, by="ann")
    assert (waiting.status_code, waiting.json["type"]) == (409, "urn:ringi:problem:no-result")
    run(world, job)
    assert world.parts.results.sweep(job_stream.now().timestamp() + 60) > 0
    gone = world.call("GET", path, by="ann")
    assert (gone.status_code, gone.json["type"]) == (410, "urn:ringi:problem:result-gone")
    empty = ask(world, "nothing")
    run(world, empty)
    assert world.call("GET", f"/v1/jobs/{empty}/result", by="ann").status_code == 404


@pytest.mark.parametrize("number", ['"1"', '"999"'])
def test_what_happened_to_somebody_elses_job_is_not_told_by_a_refusal(
    world: World, number: str
) -> None:
    job = ask(world, "cannot")
    run(world, job)
    answer = world.call("POST", f"/v1/jobs/{job}/retry", by="bob", headers={"If-Match": number})
    assert answer.status_code == 403
    assert "since" not in answer.json
    assert "ann" not in answer.text


def test_a_status_tells_of_queues_and_of_jobs_that_failed(world: World) -> None:
    job = ask(world, "cannot")
    run(world, job)
    ask(world, "text")
    found = report(world.settings)
    queues = {row["queue"]: row["messages"] for row in found["queues"]}
    jobs = {row["state"]: row["jobs"] for row in found["jobs"]}
    assert queues["jobs"] == 2
    assert int(str(jobs["failed"])) >= 1
    assert "succeeded" not in jobs


def test_who_may_read_a_job_may_hear_of_it(world: World) -> None:
    job = ask(world, "text")
    rights = {by: world.parts.access.may_read_job(_actor(world, by), job) for by in ("ann", "bob")}
    assert rights == {"ann": True, "bob": False}
    assert world.parts.access.may_read_job(_actor(world, "ivy"), job)


def _actor(world: World, login: str) -> Actor:
    found = world.parts.access.actor(login)
    assert found is not None
    return found


def test_the_feed_tells_who_asked(world: World) -> None:
    heads = world.parts.feed.heads()
    job = ask(world, "nothing")
    run(world, job)
    told = [
        msgspec.json.decode(row.message)
        for lane, head in heads.items()
        for row in world.parts.feed.since(lane, head, 10)
    ]
    assert [each["type"] for each in told] == ["job.requested", "job.started", "job.succeeded"]
    assert {tuple(each["topics"]) for each in told} == {(f"job:{job}", "person:ann")}
    wait_until(lambda: shown(world, job)["state"] == "succeeded", "it is shown")


# ---- the command line, and an installation that is brought up to date


def test_an_operator_sees_what_failed_and_lets_it_be_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("api.cli.jobs.Settings.load", lambda: world.settings)
    job = ask(world, "cannot")
    run(world, job)
    command_line.run(Action.LIST, failed=True, as_json=True)
    newest = msgspec.json.decode(capsys.readouterr().out)[0]
    assert (newest["job"], newest["state"]) == (str(job), "failed")
    command_line.run(Action.LIST)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{job}  cannot   failed")
    assert lines[1] == "    there is no such thing"
    with pytest.raises(LookupError, match="which one"):
        command_line.run(Action.RETRY)
    command_line.run(Action.RETRY, job)
    assert state(world, job).state is State.REQUESTED
    world.pump()
    assert queued(world) == [str(job)] * 2


def test_tables_of_an_older_version_are_built_anew(world: World) -> None:
    job, views = ask(world, "nothing"), world.store.views
    with world.parts.writing.cursor() as cursor:
        cursor.execute(f"UPDATE {views}.projection SET version = 1 WHERE name = 'workspace'")
    told: list[str] = []
    rebuild_outdated(world.settings, told.append)
    assert told == ["the tables of workspace are of an older version: building them anew"]
    run(world, job)
    assert shown(world, job)["state"] == "succeeded"
    rebuild_outdated(world.settings, told.append)
    assert len(told) == 1


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


def test_who_has_many_jobs_under_way_gets_no_more_for_now(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.resources.jobs.MOST_UNFINISHED", 2)
    login, idle = (f"{name}{uuid4().hex[:6]}" for name in ("busy", "idle"))
    world.add_person(login)
    world.add_person(idle)
    world.pump()
    body = {"kind": "export", "parameters": {"format": "csv"}}
    jobs = [ask(world, "text", login) for _ in range(2)]
    answer = world.call("POST", "/v1/jobs", by=login, body=body)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "10")
    assert answer.json["type"] == "urn:ringi:problem:too-many-jobs"
    world.ok("POST", "/v1/jobs", by=idle, body=body)  # it is nobody else's bound
    run(world, jobs[0])
    assert shown(world, jobs[0], login)["state"] == "succeeded"
    world.ok("POST", "/v1/jobs", by=login, body=body)
