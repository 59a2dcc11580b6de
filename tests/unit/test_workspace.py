"""The workspace: every view of it shows an event, and the feed says all that changed."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from commands.handlers import HANDLERS
from domain.actor import ADMIN, SYSTEM, Actor
from domain.calendar.commands import AddHolidays, DefineCalendar
from domain.command import Command
from domain.definition.commands import (
    ApprovePublication,
    DeprecateVersion,
    ProposePublication,
    PublishDefinition,
    SaveDraft,
)
from domain.definition.steps import Step
from domain.directory.authority import Limit
from domain.directory.commands import (
    AddPerson,
    AssignManager,
    DeactivatePerson,
    EndAbsence,
    GrantRole,
    IssueToken,
    PlanAbsence,
    ReactivatePerson,
    ReportAbsence,
    RevokeRole,
    RevokeToken,
    SetDepartment,
    SetLevel,
    SetLimits,
    SetMailAddress,
    SetNotices,
    SetZone,
    TakeOver,
)
from domain.directory.events import TokenRevoked
from domain.document.commands import (
    AbstainFromStep,
    AddComment,
    ApproveStep,
    ClaimTask,
    CreateDocument,
    DelegateTask,
    DiscardDocument,
    HandBackTask,
    ReachMilestone,
    ReassignTask,
    RecallVote,
    RecuseFromStep,
    RejectStep,
    ReleaseTask,
    ReviseDocument,
    RouteAgain,
    SubmitDocument,
    WithdrawDocument,
)
from domain.document.events import DocumentCreated, DocumentWithdrawn, StepStarted
from domain.job.commands import (
    FailJob,
    ReportProgress,
    RequestJob,
    RetryJob,
    StartJob,
    SucceedJob,
)
from domain.job.events import Result
from domain.metadata import Channel, Recorded
from domain.values import Money
from projections.base import Change
from projections.workspace import WORKSPACE, directory, documents, inbox, timeline
from projections.workspace.plain import instant
from tests.builders import (
    ANN,
    AT,
    BOB,
    DOCUMENT,
    FAY,
    FIN,
    MIA,
    ZOE,
    a_meta,
    content,
    manager,
    person,
    recorded,
    role,
)
from tests.contracts.calendars_contract import CHRISTMAS, OFFICE
from tests.documents import (
    APPROVE,
    CREATE,
    DEAR_DESK,
    DEAR_REVISION,
    REJECT,
    REVISION,
    SUBMIT,
    created,
    lead_slot,
)
from tests.fakes import InMemoryRows
from tests.office import WorkspaceOffice, usual_office

Done = tuple[Command, Actor]

CREATE_DEAR = CreateDocument(DOCUMENT, "purchase", DEAR_DESK)
APPROVE_DEAR = ApproveStep(DOCUMENT, DEAR_REVISION)
AT_FINANCE: Sequence[Done] = ((CREATE_DEAR, ANN), (SUBMIT, ANN), (APPROVE_DEAR, MIA))
APPROVED = (*AT_FINANCE, (APPROVE_DEAR, FAY))
TOKEN = IssueToken("ann", AT + timedelta(days=1), "laptop", "t1", "f" * 64)

EXPORT = RequestJob(DOCUMENT, "export", {"format": "csv", "rows": 3})
START = StartJob(DOCUMENT, 1, "w1")
CSV = Result("9f86" * 16, 12345, "text/csv", "Zürich.csv")
FAILED: Sequence[Done] = (
    (EXPORT, ANN),
    (START, SYSTEM),
    (FailJob(DOCUMENT, 1, "no such document", for_good=True), SYSTEM),
)

AWAY = PlanAbsence("ann", "a1", AT.date() + timedelta(days=3), AT.date() + timedelta(days=4), "bob")
ILL = ReportAbsence("ann", "u1", "bob", open_tasks=False, definitions=("purchase",))

ADA = Actor("ada", frozenset({ADMIN}))
GUARDED = replace(content(), four_eyes=True)

BOTH: Sequence[Done] = (
    (PublishDefinition("purchase", content(Step("both", (person("mia"), person("bob"))))), ZOE),
    (CREATE, ANN),
    (SUBMIT, ANN),
)
BLOCKED = [
    *AT_FINANCE[:-1],
    (RevokeRole("fay", "finance"), ZOE),
    (RevokeRole("fin", "finance"), ZOE),
    AT_FINANCE[-1],
]
DELEGATE = DelegateTask(DOCUMENT, "fay", "at sea")

#: For each command what happens before, and the command: its last.
CASES: Sequence[Sequence[Done]] = (
    [(PublishDefinition("purchase", content(Step("boss", (person("zoe"),)))), ZOE)],
    [(PublishDefinition("travel", content()), SYSTEM)],
    [(SaveDraft("travel", "steps: ["), ZOE)],
    [(ProposePublication("purchase", GUARDED), ZOE)],
    [
        (ProposePublication("purchase", GUARDED), ZOE),
        (ApprovePublication("purchase", GUARDED.hash), ADA),
    ],
    [(DeprecateVersion("purchase", 1, "too slow"), ZOE)],
    [(DefineCalendar("office", OFFICE), ZOE)],
    [(DefineCalendar("office", OFFICE), ZOE), (AddHolidays("office", (CHRISTMAS,)), ZOE)],
    [(AddPerson("eve", "Eve"), ZOE)],
    [(GrantRole("ann", "clerk"), ZOE)],
    [(RevokeRole("fin", "clerk"), ZOE)],
    [(AssignManager("bob", "mia"), ZOE)],
    [(AssignManager("ann", None), ZOE)],
    [(DeactivatePerson("fin"), ZOE)],
    [(DeactivatePerson("fin"), ZOE), (ReactivatePerson("fin"), ZOE)],
    [(TOKEN, ZOE)],
    [(TOKEN, ZOE), (RevokeToken("ann", "t1"), ANN)],
    [(SetMailAddress("ann", "ann@example.org"), ANN)],
    [(SetNotices("ann", {"task_assigned": False}), ANN)],
    [(SetLevel("ann", 4), ZOE)],
    [(SetDepartment("ann", "A & B"), ZOE)],
    [(SetLimits("ann", (Limit(Decimal("5.00"), "EUR"), Limit(None, "", "purchase"))), ZOE)],
    [(SetZone("ann", "Asia/Tokyo"), ANN)],
    [(AWAY, ANN)],
    [(AWAY, ANN), (EndAbsence("ann", "a1"), ANN)],
    [(ILL, ANN)],
    [(ILL, ANN), (TakeOver("ann", "u1"), BOB)],
    [(ILL, ANN), (EndAbsence("ann", "u1"), ANN)],
    [(CREATE, ANN)],
    [(CREATE, ANN), (ReviseDocument(DOCUMENT, {"title": "Chair", "cost": None}), ANN)],
    [(CREATE, ANN), (SUBMIT, ANN)],
    [(CREATE, ANN), (SUBMIT, ANN), (REJECT, MIA), (SUBMIT, ANN)],
    [(CREATE, ANN), (SUBMIT, ANN), (APPROVE, MIA)],
    AT_FINANCE,
    APPROVED,
    [
        *AT_FINANCE[:2],
        (DeactivatePerson("fin"), ZOE),
        (DeactivatePerson("fay"), ZOE),
        AT_FINANCE[2],
    ],
    [(CREATE, ANN), (SUBMIT, ANN), (REJECT, MIA)],
    [(CREATE, ANN), (SUBMIT, ANN), (AbstainFromStep(DOCUMENT, REVISION), MIA)],
    [(CREATE, ANN), (SUBMIT, ANN), (RecuseFromStep(DOCUMENT, "a friend's"), MIA)],
    [*BOTH, (APPROVE, MIA), (RecallVote(DOCUMENT, "too soon"), MIA)],
    [(CREATE, ANN), (SUBMIT, ANN), (DELEGATE, MIA)],
    [(CREATE, ANN), (SUBMIT, ANN), (DELEGATE, MIA), (HandBackTask(DOCUMENT), MIA)],
    [(CREATE, ANN), (SUBMIT, ANN), (ReassignTask(DOCUMENT, "1.lead.1", "fay", "left"), ZOE)],
    [*BLOCKED, (GrantRole("fin", "finance"), ZOE), (RouteAgain(DOCUMENT), ANN)],
    [*AT_FINANCE, (ClaimTask(DOCUMENT), FIN)],
    [*AT_FINANCE, (ClaimTask(DOCUMENT), FIN), (ReleaseTask(DOCUMENT), FIN)],
    [*AT_FINANCE, (RejectStep(DOCUMENT, DEAR_REVISION, "too dear"), FIN)],
    [(CREATE, ANN), (SUBMIT, ANN), (WithdrawDocument(DOCUMENT, "never mind"), ANN)],
    [(CREATE, ANN), (SUBMIT, ANN), (REJECT, MIA), (WithdrawDocument(DOCUMENT), ANN)],
    [(CREATE, ANN), (DiscardDocument(DOCUMENT), ANN)],
    [(CREATE, ANN), (AddComment(DOCUMENT, "hello"), ZOE)],
    [*APPROVED, (ReachMilestone(DOCUMENT, "ordered"), FIN)],
    [(EXPORT, ANN)],
    [(EXPORT, ANN), (START, SYSTEM)],
    [(EXPORT, ANN), (START, SYSTEM), (ReportProgress(DOCUMENT, 1, 3, 7), SYSTEM)],
    [(EXPORT, ANN), (START, SYSTEM), (SucceedJob(DOCUMENT, 1, CSV), SYSTEM)],
    [(EXPORT, ANN), (START, SYSTEM), (SucceedJob(DOCUMENT, 1), SYSTEM)],
    [(EXPORT, ANN), (START, SYSTEM), (FailJob(DOCUMENT, 1, "no room"), SYSTEM)],
    [*FAILED],
    [*FAILED, (RetryJob(DOCUMENT), ANN)],
)


def test_every_command_has_a_case() -> None:
    assert {type(case[-1][0]) for case in CASES} == set(HANDLERS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[-1][0].NAME)
def test_a_snapshot_and_what_the_feed_tells_are_a_fresh_read(case: Sequence[Done]) -> None:
    office = usual_office((CreateDocument(uuid4(), "purchase"), BOB), *case[:-1])
    before = office.snapshot()
    changes = office.do(*case[-1])
    after = office.snapshot()
    assert after != before, "the case changes nothing"
    assert before.after(changes) == after
    assert before.after(changes[:-1]) != after, "a change that tells nothing"
    assert [change.type for change in changes] == [
        each.event.TOPIC for each in office.log.events[-len(changes) :]
    ]


# ---- what the feed tells, and whom


def told(*done: Done) -> list[Change]:
    """What the feed tells of the last of these."""
    return usual_office(*done[:-1]).do(*done[-1])


def test_a_change_concerns_its_document_its_type_and_whose_inbox_it_changes() -> None:
    changes = told(*AT_FINANCE)
    common = (f"document:{DOCUMENT}", "type:purchase")
    assert [change.topics for change in changes] == [
        (*common, "person:mia"),
        common,
        (*common, "role:finance"),
    ]
    assert {change.document for change in changes} == {DOCUMENT}
    assert [change.version for change in changes] == [4, 5, 6]


def test_a_change_of_the_inbox_says_who_is_not_concerned() -> None:
    (approved, ended, started) = told(*AT_FINANCE)
    assert approved.data["closed"] == ["1.lead.1"]
    assert approved.data["opened"] == []
    assert [task["slot"] for task in started.data["opened"]] == ["1.money.1"]  # type: ignore[attr-defined]
    assert started.data["excluded"] == approved.data["excluded"] == ["ann"]
    assert ended.data.keys() == {"document", "entry"}
    assert ended.data["document"]["waiting"] == []  # type: ignore[index]


def test_people_definitions_and_calendars_have_topics_of_their_own() -> None:
    (granted,) = told((GrantRole("ann", "clerk"), ZOE))
    assert granted.topics == ("directory:ann",)
    assert granted.data == {"person": {"roles": ["clerk"], "version": 3}}
    assert granted.document is None
    (published,) = told((PublishDefinition("travel", content()), ZOE))
    assert published.topics == ("definition:travel",)
    (defined,) = told((DefineCalendar("office", OFFICE), ZOE))
    assert defined.topics == ("calendar:office",)


@pytest.mark.parametrize("done", [[(TOKEN, ZOE)], [(TOKEN, ZOE), (RevokeToken("ann", "t1"), ANN)]])
def test_the_feed_tells_nothing_of_a_token_but_that_something_changed(done) -> None:
    (change,) = told(*done)
    assert "f" * 64 not in json.dumps(change.data)
    assert change.data["person"].keys() == {"version"}  # type: ignore[attr-defined]


def test_a_change_has_the_time_at_which_it_happened() -> None:
    early = AT - timedelta(days=300)
    meta = a_meta(effective_at=early, channel=Channel.IMPORT, on_behalf_of="zoe")
    rows = InMemoryRows()
    (change,) = rows.run(WORKSPACE, [Recorded(DOCUMENT, 1, created(), meta, position=4)])
    assert change.time == early
    (entry,) = rows.all(timeline.ENTRY).values()
    assert (entry["effective_at"], entry["recorded_at"]) == (early, AT)
    assert (entry["channel"], entry["on_behalf_of"]) == ("import", "zoe")
    row = rows.all(documents.DOCUMENT)[(DOCUMENT,)]
    assert (row["created_at"], row["changed_at"], row["number"]) == (early, early, 4)


# ---- what the views show


def document(office: WorkspaceOffice, of: UUID = DOCUMENT) -> dict[str, object]:
    return dict(office.rows.all(documents.DOCUMENT)[(of,)])


def test_a_document_shows_where_it_stands() -> None:
    office = usual_office(*AT_FINANCE)
    shown = document(office)
    assert (shown["status"], shown["waiting"], shown["round"], shown["blocked"]) == (
        "pending",
        ["money"],
        1,
        {},
    )
    assert shown["values"] == DEAR_DESK
    office.do(APPROVE_DEAR, FAY)
    office.do(ReachMilestone(DOCUMENT, "ordered"), FIN)
    shown = document(office)
    assert (shown["status"], shown["waiting"]) == ("approved", [])
    assert shown["milestones"] == ["ordered"]
    assert shown["version"] == len(office.log.load(DOCUMENT))


def test_a_field_that_was_emptied_is_not_shown() -> None:
    office = usual_office((CREATE, ANN), (ReviseDocument(DOCUMENT, {"cost": None}), ANN))
    assert document(office)["values"] == {"title": "Desk"}


def test_a_blocked_document_says_so_until_it_is_taken_back() -> None:
    office = usual_office(
        *AT_FINANCE[:2], (DeactivatePerson("fay"), ZOE), (DeactivatePerson("fin"), ZOE)
    )
    office.do(APPROVE_DEAR, MIA)
    shown = document(office)
    assert (shown["status"], shown["waiting"]) == ("pending", ["money"])
    assert "finance" in str(shown["blocked"])
    assert office.rows.all(inbox.TASK) == {}
    office.do(WithdrawDocument(DOCUMENT))
    shown = document(office)
    assert (shown["status"], shown["waiting"], shown["blocked"]) == ("withdrawn", [], {})


def test_a_document_shows_the_version_of_its_last_round() -> None:
    newer = PublishDefinition("purchase", content(Step("boss", (person("zoe"),))))
    office = usual_office((CREATE, ANN), (newer, ZOE))
    assert document(office)["definition_version"] == 1
    office.do(SUBMIT)
    assert document(office)["definition_version"] == 2


def test_a_task_waits_for_a_person_or_a_role_and_says_why() -> None:
    office = usual_office(*AT_FINANCE)
    (task,) = office.rows.all(inbox.TASK).values()
    assert task == {
        "document": DOCUMENT,
        "slot": "1.money.1",
        "round": 1,
        "step": "money",
        "kind": "role",
        "assignee": "finance",
        "requester": "ann",
        "definition": "purchase",
        "why": "the definition names the role finance",
        "excluded": ["ann"],
        "opened_at": AT,
        "number": office.log.events[-1].position,
    }
    office.do(RejectStep(DOCUMENT, DEAR_REVISION, "no"), FAY)
    assert office.rows.all(inbox.TASK) == {}


def test_slots_that_an_outcome_closes_are_no_tasks_any_more() -> None:
    rows = InMemoryRows()
    first, second = lead_slot(), replace(lead_slot(), id="1.lead.2", assignee="bob", excluded=())
    begun = [created(), StepStarted(1, "lead", (first, second))]
    (_, started) = rows.run(WORKSPACE, recorded(begun))
    assert started.topics[2:] == ("person:mia", "person:bob")
    assert started.data["excluded"] == []  # whom one of them concerns, the change concerns
    both = DocumentWithdrawn(1, "", ("1.lead.1", "1.lead.2", "1.lead.9"))
    (closed,) = rows.run(WORKSPACE, recorded([*begun, both])[2:])
    assert closed.data["closed"] == ["1.lead.1", "1.lead.2"]
    assert rows.all(inbox.TASK) == {}


def test_whoever_had_to_do_with_a_document_stays_a_party() -> None:
    office = usual_office(*AT_FINANCE, (RejectStep(DOCUMENT, DEAR_REVISION, "no"), FAY))
    assert {key[1:] for key in office.rows.all(documents.PARTY)} == {
        ("person", "mia"),
        ("role", "finance"),
        ("person", "fay"),
    }


def test_the_timeline_has_every_event_in_plain_words() -> None:
    office = usual_office((CREATE, ANN), (SUBMIT, ANN), (APPROVE, MIA))
    entries = list(office.rows.all(timeline.ENTRY).values())
    assert [entry["type"] for entry in entries] == [
        "document.created",
        "document.submitted",
        "document.step_started",
        "document.slot_approved",
        "document.step_ended",
        "document.step_skipped",
        "document.approved",
    ]
    assert [entry["version"] for entry in entries] == list(range(1, 8))
    assert [entry["actor"] for entry in entries] == ["ann"] * 3 + ["mia"] * 4
    assert entries[2]["data"] == {
        "round": 1,
        "step": "lead",
        "slots": [{**vars(lead_slot()), "kind": "person", "excluded": ["ann"]}],
        "at": entries[2]["effective_at"].isoformat().replace("+00:00", "Z"),
    }


def test_people_show_their_roles_and_their_tokens() -> None:
    office = usual_office((TOKEN, ZOE), (RevokeRole("fin", "clerk"), ZOE))
    assert office.rows.all(directory.PERSON)[("fin",)]["roles"] == ["finance"]
    assert set(office.rows.all(directory.ROLE_HOLDER)) == {
        ("finance", "fay"),
        ("finance", "fin"),
        ("admin", "zoe"),
    }
    assert office.rows.all(directory.TOKEN)[("ann", "t1")]["revoked"] is False
    office.do(RevokeToken("ann", "t1"), ANN)
    shown = office.rows.all(directory.TOKEN)[("ann", "t1")]
    assert (shown["revoked"], shown["token_hash"], shown["label"]) == (True, "f" * 64, "laptop")


def test_a_token_that_was_never_seen_is_not_made_up() -> None:
    office = usual_office()
    stray = Recorded(uuid4(), 3, TokenRevoked("ann", "lost"), a_meta(), position=99)
    office.rows.run(WORKSPACE, [stray])
    assert office.rows.all(directory.TOKEN) == {}


def test_an_event_of_a_round_is_shown_whatever_began_it() -> None:
    flow = content(Step("lead", (manager(),)), Step("money", (role("finance"),)))
    office = usual_office((PublishDefinition("travel", flow), ZOE))
    other = uuid4()
    office.do(CreateDocument(other, "travel", {"title": "Graz"}))
    office.do(SubmitDocument(other))
    assert document(office, other)["waiting"] == ["lead"]
    assert [key[1] for key in office.rows.all(inbox.TASK)] == ["1.lead.1"]


def test_values_of_every_kind_are_plain_json() -> None:
    values = {"m": Money(created().values["cost"].amount, "EUR"), "d": "0.25", "n": 3}  # type: ignore[union-attr]
    event = DocumentCreated("purchase", 1, "ann", values, "r")
    rows = InMemoryRows()
    rows.run(WORKSPACE, recorded([event]))
    plain = {"m": {"amount": "5.00", "currency": "EUR"}, "d": "0.25", "n": 3}
    assert rows.all(documents.DOCUMENT)[(DOCUMENT,)]["values"] == plain
    (entry,) = rows.all(timeline.ENTRY).values()
    assert entry["data"]["values"] == plain  # type: ignore[index,call-overload]


def test_instants_sort_as_texts() -> None:
    whole = AT.replace(microsecond=0)
    assert instant(whole) == "2026-11-23T10:00:00.000000Z"
    assert instant(whole) < instant(AT) < instant(AT + timedelta(microseconds=9))
