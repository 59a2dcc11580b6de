"""What each command and each question costs over HTTP: its statements, one round trip each.

Recorded where PyMySQL sends a command. A command without a case here fails the last test.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import get_ident
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from pymysql.connections import Connection

from commands.envelope import Envelope
from commands.handlers import HANDLERS
from domain.actor import Actor
from domain.calendar import commands as calendar
from domain.command import Command
from domain.definition import commands as definition
from domain.directory import commands as directory
from domain.document import commands as document
from domain.job import commands as job
from domain.metadata import Channel
from infra.stack import MariaDBServer
from tests.builders import content
from tests.contracts.calendars_contract import OFFICE
from tests.integration.api_world import PURCHASE, VALUES, World, a_company
from tests.integration.observing import wait_until

#: The kinds of statements, by how they begin.
KINDS = {
    "who asks": r"SELECT p\.login, p\.roles, TIMESTAMPDIFF",
    "stream": r"SELECT version, topic, state FROM",
    "streams": r"SELECT stream, version, topic, state FROM",
    "append": r"BEGIN NOT ATOMIC|INSERT INTO \S+ \(stream, version",
    "in force": r"SELECT definition_version, effective_from, deprecated_at",
    "whom": r"\(SELECT 'seen'",
    "people": r"SELECT p\.login, p\.active",
    "for whom": r"SELECT DISTINCT login FROM \S*workspace_absence_",
    "active": r"SELECT active FROM",
    "managers": r"WITH RECURSIVE above",
    "admins": r"SELECT COUNT\(\*\) FROM \S*role_holder",
    "unfinished": r"SELECT COUNT\(\*\) FROM \S*workspace_job_",
    "first outcome": r"SELECT i\.request_hash",
    "view": r"SELECT \* FROM \(SELECT \(SELECT epoch",
    "wait": r"SELECT c\.position >=",
    "person": r"SELECT login, roles FROM",
    "history": r"SELECT version, topic, state, position FROM",
}

#: A content that takes two persons.
GUARDED = replace(content(), four_eyes=True)

#: What every command costs, whatever else it asks, where nothing is remembered.
HEAD, TAIL = ["who asks", "stream"], ["append"]


def kind(sql: bytes | str) -> str:
    text = sql if isinstance(sql, str) else sql.decode("utf-8", "replace")
    return next((name for name, begin in KINDS.items() if re.match(begin, text)), text[:200])


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the kind of every statement that this thread sends, and every trip to Redis."""
    seen: list[str] = []
    me, execute, pack = (
        get_ident(),
        Connection._execute_command,
        redis.connection.AbstractConnection.send_packed_command,
    )

    def recorded(self: Connection, command: int, sql: bytes | str) -> None:
        if get_ident() == me:
            seen.append(kind(sql))
        execute(self, command, sql)

    def packed(self: Any, *args: Any, **kwargs: Any) -> None:
        if get_ident() == me:
            seen.append("redis")
        pack(self, *args, **kwargs)

    monkeypatch.setattr(Connection, "_execute_command", recorded)
    monkeypatch.setattr(redis.connection.AbstractConnection, "send_packed_command", packed)
    return seen


@pytest.fixture(scope="module")
def world(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_company(server, Path(tmp_path_factory.mktemp("redis")), "api_counts") as world:
        world.parts.remembered.close()
        world.add_person("zoe", "admin")
        world.pump()
        for _ in range(3):  # every pool, cache and script is warm
            path = f"/v1/documents/{world.pending()}"
            body = {"revision": world.shown(path.rpartition("/")[2])["revision"]}
            world.do("POST", f"{path}/approve", by="mia", body=body)
        yield world


class Case:
    """One command: who sends what, and which facts it asks for."""

    def __init__(
        self,
        by: str,
        method: str,
        path: str,
        facts: tuple[str, ...] = (),
        *,
        before: tuple[str, ...] = (),
        after: tuple[str, ...] = (),
    ) -> None:
        self.by, self.method, self.path, self.facts = by, method, path, list(facts)
        self.before, self.after = before, after

    def body(self, world: World, target: str) -> Any:
        """Return what is sent; `target` is the document, where there is one."""
        bodies: Mapping[str, Any] = {
            "/v1/definitions": {**PURCHASE, "definition": f"d{uuid4().hex[:8]}"},
            "{definition}/draft": {"definition": "x"},
            "{definition}/propose": {"draft": 1},
            "{definition}/approve": {"content_hash": GUARDED.hash},
            "{definition}/deprecate": {"version": 1},
            "/v1/people": {"login": f"p{uuid4().hex[:8]}", "name": "Somebody"},
            "{person}/manager": {"manager": "mia"},
            "/v1/documents": {"definition": "purchase", "values": VALUES},
            "{document}": {"values": {"pieces": 7}},
            "{document}/comments": {"text": "well"},
            "{document}/recuse": {"reason": "no"},
            "{document}/delegate": {"to": "zoe", "reason": "at sea"},
            "{document}/reassign": {"slot": "1.lead.1", "to": "zoe", "reason": "left"},
            "{person}/address": {"address": "q@example.org"},
            "{person}/notices": {"task_assigned": False},
            "{person}/level": {"level": 4},
            "{person}/department": {"department": "A"},
            "{person}/limits": {"limits": [{"amount": "unlimited"}]},
            "{person}/zone": {"zone": "Asia/Tokyo"},
            "{person}/absences": {"substitute": "zoe"},
            "{person}/absences?": {
                "first": "2028-01-03",
                "last": "2028-01-04",
                "substitute": "zoe",
            },
            "{calendar}": {"zone": "UTC", "week": {"monday": ["09:00-17:00"]}},
            "{calendar}/holidays": {"holidays": {"2026-12-25": ""}},
            "/v1/jobs": {"kind": "export", "parameters": {"format": "csv"}},
        }
        if self.path in _OF_A_REVISION:
            return {"revision": world.revision(target), **_OF_A_REVISION[self.path]}
        return bodies.get(self.path)


#: Bodies that name the revision, but for that.
_OF_A_REVISION: Mapping[str, Mapping[str, str]] = {
    "{document}/approve": {},
    "{document}/abstain": {},
    "{document}/reject": {"reason": "no"},
}


CASES: Mapping[type[Command], Case] = {
    # What was published is numbered by the log; a draft is read from there.
    definition.PublishDefinition: Case("root", "POST", "/v1/definitions", after=("stream",)),
    definition.SaveDraft: Case("root", "PUT", "{definition}/draft"),
    definition.ProposePublication: Case("root", "POST", "{definition}/propose", before=("stream",)),
    definition.ApprovePublication: Case("zoe", "POST", "{definition}/approve", after=("stream",)),
    definition.DeprecateVersion: Case("root", "POST", "{definition}/deprecate"),
    calendar.DefineCalendar: Case("root", "PUT", "{calendar}"),
    calendar.AddHolidays: Case("root", "POST", "{calendar}/holidays"),
    directory.AddPerson: Case("root", "POST", "/v1/people"),
    directory.GrantRole: Case("root", "PUT", "{person}/roles/buyer"),
    directory.RevokeRole: Case("root", "DELETE", "{person}/roles/clerk", ("admins",)),
    directory.AssignManager: Case("root", "PUT", "{person}/manager", ("active", "managers")),
    directory.DeactivatePerson: Case("root", "POST", "{person}/deactivate", ("admins",)),
    directory.ReactivatePerson: Case("root", "POST", "{person}/reactivate"),
    directory.IssueToken: Case("root", "POST", "{person}/tokens"),
    directory.RevokeToken: Case("root", "DELETE", "{person}/tokens/{token}"),
    directory.SetMailAddress: Case("root", "PUT", "{person}/address"),
    directory.SetNotices: Case("root", "PUT", "{person}/notices"),
    directory.SetLevel: Case("root", "PUT", "{person}/level"),
    directory.SetDepartment: Case("root", "PUT", "{person}/department"),
    directory.SetLimits: Case("root", "PUT", "{person}/limits"),
    directory.SetZone: Case("root", "PUT", "{person}/zone"),
    directory.PlanAbsence: Case("root", "POST", "{person}/absences?", ("whom", "people")),
    directory.ReportAbsence: Case("root", "POST", "{person}/absences", ("whom", "people")),
    directory.TakeOver: Case("zoe", "POST", "{person}/absences/away/take_over"),
    directory.EndAbsence: Case("root", "DELETE", "{person}/absences/away"),
    document.CreateDocument: Case("ann", "POST", "/v1/documents", ("in force",)),
    document.ReviseDocument: Case("ann", "PATCH", "{document}", ("in force",)),
    document.SubmitDocument: Case(
        "ann", "POST", "{document}/submit", ("in force", "whom", "people")
    ),
    document.ApproveStep: Case("mia", "POST", "{document}/approve", ("whom", "people")),
    document.RejectStep: Case("mia", "POST", "{document}/reject"),
    document.AbstainFromStep: Case("mia", "POST", "{document}/abstain"),
    document.RecuseFromStep: Case("mia", "POST", "{document}/recuse", ("whom", "people")),
    document.RecallVote: Case("mia", "POST", "{document}/recall"),
    document.DelegateTask: Case("mia", "POST", "{document}/delegate", ("whom", "people")),
    document.HandBackTask: Case("mia", "POST", "{document}/hand_back"),
    document.ReassignTask: Case("root", "POST", "{document}/reassign", ("whom", "people")),
    document.RouteAgain: Case("ann", "POST", "{document}/route_again", ("whom", "people")),
    document.ClaimTask: Case("fay", "POST", "{document}/claim"),
    document.ReleaseTask: Case("fay", "POST", "{document}/release"),
    document.WithdrawDocument: Case("ann", "POST", "{document}/withdraw"),
    document.DiscardDocument: Case("ann", "POST", "{document}/discard"),
    document.AddComment: Case("ann", "POST", "{document}/comments"),
    document.ReachMilestone: Case("fin", "POST", "{document}/milestones/ordered"),
    job.RequestJob: Case("ann", "POST", "/v1/jobs", ("unfinished",)),
    job.RetryJob: Case("ann", "POST", "{job}/retry"),
}

#: Commands of the process of jobs; what they cost is pinned in `test_jobs`.
BY_SYSTEM = {job.StartJob, job.ReportProgress, job.SucceedJob, job.FailJob}

#: Commands whose document must have been submitted.
ON_PENDING = frozenset(
    {document.ApproveStep, document.RejectStep, document.AbstainFromStep}
    | {document.RecuseFromStep, document.WithdrawDocument}
    | {document.DelegateTask, document.ReassignTask}
)


def target_of(world: World, command: type[Command]) -> str:
    """Return a document, a person, a calendar or a job on which the command is allowed."""
    if issubclass(command, job.JobCommand):
        return str(a_failed_job(world))
    if issubclass(command, definition.DefinitionCommand):
        return a_definition(world)
    if issubclass(command, calendar.CalendarCommand):
        name = f"c{uuid4().hex[:8]}"
        if command is calendar.AddHolidays:
            world.as_system(calendar.DefineCalendar(name, OFFICE))
        return name
    if not issubclass(command, document.DocumentCommand):
        return a_person(world, command)
    if command in ON_PENDING:
        return world.pending()
    made = _MADE.get(command)
    return made(world) if made else world.draft()


def a_delegation(world: World) -> str:
    """Return a document that waits for zoe in mia's name."""
    found = world.pending()
    body = {"to": "zoe", "reason": "at sea"}
    world.do("POST", f"/v1/documents/{found}/delegate", by="mia", body=body)
    return found


def a_roles_task(world: World) -> str:
    """Return a document that waits for a role that fay holds."""
    found = world.pending()
    body = {"revision": world.revision(found)}
    world.do("POST", f"/v1/documents/{found}/approve", by="mia", body=body)
    return found


def a_blocked_step(world: World) -> str:
    """Return a document whose second step is blocked, and mend the cause."""
    name, login = f"d{uuid4().hex[:8]}", f"q{uuid4().hex[:8]}"
    world.add_person(login)
    steps = [
        {"name": each, "approver": {"person": who}}
        for each, who in (("one", "mia"), ("two", login))
    ]
    definition = {"definition": name, "fields": PURCHASE["fields"], "steps": steps}
    world.do("POST", "/v1/definitions", by="root", body=definition)
    asked = {"definition": name, "values": VALUES}
    found = str(world.do("POST", "/v1/documents", by="ann", body=asked)["document"])
    world.do("POST", f"/v1/documents/{found}/submit", by="ann")
    world.do("POST", f"/v1/people/{login}/deactivate", by="root")
    body = {"revision": world.revision(found)}
    world.do("POST", f"/v1/documents/{found}/approve", by="mia", body=body)
    world.do("POST", f"/v1/people/{login}/reactivate", by="root")
    return found


def a_claim(world: World) -> str:
    """Return a document of which fay has claimed the decision."""
    found = a_roles_task(world)
    world.do("POST", f"/v1/documents/{found}/claim", by="fay")
    return found


def an_approval(world: World) -> str:
    """Return a document that is approved, and awaits its first milestone."""
    found = world.pending(amount=None)
    body = {"revision": world.revision(found)}
    world.do("POST", f"/v1/documents/{found}/approve", by="mia", body=body)
    return found


def a_person(world: World, command: type[Command]) -> str:
    """Return a person on whom the command is allowed."""
    login = f"q{uuid4().hex[:8]}"
    world.add_person(login, "clerk")
    if command in {directory.TakeOver, directory.EndAbsence}:
        world.as_system(directory.ReportAbsence(login, "away", "zoe"))
    if command is directory.ReactivatePerson:
        world.as_system(directory.DeactivatePerson(login))
    world.pump()
    return login


def a_vote(world: World) -> str:
    """Return a document whose step waits for another vote after mia's."""
    name = f"d{uuid4().hex[:8]}"
    both = {"name": "both", "approvers": [{"person": "mia"}, {"person": "fin"}]}
    definition = {"definition": name, "fields": PURCHASE["fields"], "steps": [both]}
    world.do("POST", "/v1/definitions", by="root", body=definition)
    asked = {"definition": name, "values": VALUES}
    found = str(world.do("POST", "/v1/documents", by="ann", body=asked)["document"])
    world.do("POST", f"/v1/documents/{found}/submit", by="ann")
    body = {"revision": world.revision(found)}
    world.do("POST", f"/v1/documents/{found}/approve", by="mia", body=body)
    return found


def a_definition(world: World) -> str:
    """Return a definition that has a version, a draft, and a proposal of root's."""
    name = f"d{uuid4().hex[:8]}"
    world.as_system(definition.PublishDefinition(name, content()))
    draft = {key: value for key, value in PURCHASE.items() if key != "definition"}
    world.do("PUT", f"/v1/definitions/{name}/draft", by="root", body=draft)
    at = datetime.now(UTC)  # noqa: TID251  # as an entrypoint takes it
    proposal = definition.ProposePublication(name, GUARDED)
    root = Actor("root", frozenset({"admin"}))
    world.parts.bus.handle(Envelope(proposal, uuid4().hex, root, at, Channel.API))
    world.pump()
    return name


def a_failed_job(world: World) -> UUID:
    """Return a job of ann's that has failed for good."""
    found = uuid4()
    at = datetime.now(UTC)  # noqa: TID251  # as an entrypoint takes it
    asked = job.RequestJob(found, "export", {})
    world.parts.bus.handle(Envelope(asked, uuid4().hex, Actor("ann"), at, Channel.API))
    world.as_system(job.StartJob(found, 1, "w1"))
    world.as_system(job.FailJob(found, 1, "no", for_good=True))
    world.pump()
    return found


_MADE: Mapping[type[Command], Callable[[World], str]] = {
    document.RecallVote: a_vote,
    document.ReachMilestone: an_approval,
    document.HandBackTask: a_delegation,
    document.RouteAgain: a_blocked_step,
    document.ClaimTask: a_roles_task,
    document.ReleaseTask: a_claim,
}


@pytest.mark.parametrize("command", CASES, ids=lambda command: command.NAME)
def test_what_a_command_costs(world: World, sent: list[str], command: type[Command]) -> None:
    case = CASES[command]
    target = target_of(world, command)
    places = {
        "document": f"/v1/documents/{target}",
        "person": f"/v1/people/{target}",
        "job": f"/v1/jobs/{target}",
        "calendar": f"/v1/calendars/{target}",
        "definition": f"/v1/definitions/{target}",
    }
    if "{token}" in case.path:
        tokens = world.ok("GET", f"/v1/people/{target}/tokens", by="root")["items"]
        places["token"] = tokens[0]["token"]
    path = case.path.format_map(places)
    body = case.body(world, target)
    sent.clear()
    world.ok(case.method, path, by=case.by, body=body)
    head = [each for each in HEAD if each != "stream" or not HANDLERS[command].begins]
    assert sent == [
        head[0],
        *case.before,
        *head[1:],
        *case.facts,
        *TAIL,
        *case.after,
    ]  # and no trip to Redis: a thread tells of it
    world.pump()


def test_every_command_has_a_case() -> None:
    assert CASES.keys() | BY_SYSTEM == HANDLERS.keys()


@pytest.mark.parametrize(
    ("path", "costs"),
    [
        ("/v1/me", ["view"]),
        ("/v1/people", ["view"]),
        ("/v1/people/bob", ["view"]),
        ("/v1/people/mia/tokens", ["view"]),
        ("/v1/definitions", ["view"]),
        ("/v1/definitions/purchase", ["view"]),
        ("/v1/calendars", ["view"]),
        ("/v1/documents", ["view"]),
        ("/v1/inbox", ["for whom", "view"]),
        ("{document}", ["view"]),
        ("{document}/timeline", ["view"]),
        ("{document}/events", ["history"]),
        ("/v1/me?after_position={position}", ["wait", "who asks", "view"]),
    ],
)
def test_what_a_question_costs(world: World, sent: list[str], path: str, costs: list[str]) -> None:
    shown = world.shown(world.pending())
    path = path.format(document=f"/v1/documents/{shown['document']}", position=shown["position"])
    world.ok("GET", "/v1/me", by="mia")
    sent.clear()
    world.ok("GET", path, by="mia")
    assert sent == ["who asks", *costs]


def test_a_repetition_costs_one_look_more(world: World, sent: list[str]) -> None:
    document = world.draft()
    key = {"Idempotency-Key": uuid4().hex}
    path = f"/v1/documents/{document}/submit"
    world.do("POST", path, by="ann", headers=key)
    sent.clear()
    world.ok("POST", path, by="ann", headers=key)
    assert sent == [*HEAD, "in force", "whom", "people", "first outcome"]


def test_who_asks_and_what_is_in_force_cost_nothing_once_remembered(
    server: MariaDBServer, tmp_path: Path, sent: list[str]
) -> None:
    with a_company(server, tmp_path, "api_remembered") as world:
        body = {"definition": "purchase", "values": VALUES}

        def costs() -> list[str]:
            sent.clear()
            world.ok("POST", "/v1/documents", by="ann", body=body)
            return list(sent)

        wait_until(lambda: costs() == ["append"], "a document is begun by one statement")
