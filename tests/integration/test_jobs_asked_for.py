"""Jobs as people and operators meet them: the API, the command line, the feed."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from api.cli import jobs as command_line
from api.cli.jobs import Action
from domain.actor import Actor
from domain.job.job import State
from infra.bootstrap import rebuild_outdated, report
from infra.jobs import stream as job_stream
from infra.stack import MariaDBServer
from tests.integration.api_world import World, a_company
from tests.integration.job_world import ask, queued, run, shown, state
from tests.integration.observing import wait_until


@pytest.fixture(scope="module")
def company(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = Path(tmp_path_factory.mktemp("redis"))
    with a_company(server, folder, "jobsasked") as world, world.parts.identity:
        yield world


@pytest.fixture
def world(company: World) -> World:
    """Give the company with an empty queue."""
    company.parts.broker_redis.flushall()
    return company


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
    assert lines[0] == f"{job}  failed"
    assert lines[1].startswith("    cannot for ann, asked for ")
    assert lines[2] == "    there is no such thing"
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
