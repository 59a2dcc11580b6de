"""One event of each class, with something in every field: what the golden files must mean."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from domain.calendar.content import Content as Week
from domain.calendar.content import Holiday, SpecialDay
from domain.calendar.events import CalendarDefined
from domain.definition.approvers import Approver, ApproverKind
from domain.definition.content import Content, Field, FieldKind, Milestone
from domain.definition.events import (
    DefinitionPublished,
    DraftSaved,
    PublicationProposed,
    VersionDeprecated,
)
from domain.definition.steps import SelfApproval, Step
from domain.directory.authority import Limit
from domain.directory.events import (
    AbsenceCancelled,
    AbsenceEnded,
    AbsencePlanned,
    AbsenceReported,
    AbsenceTakenOver,
    DepartmentSet,
    LevelSet,
    LimitsSet,
    MailAddressSet,
    ManagerAssigned,
    NoticesSet,
    PersonAdded,
    PersonDeactivated,
    PersonReactivated,
    RoleGranted,
    RoleRevoked,
    TokenIssued,
    TokenRevoked,
    ZoneSet,
)
from domain.document.events import (
    AssigneeKind,
    BlockStarted,
    CommentAdded,
    DocumentApproved,
    DocumentCreated,
    DocumentDiscarded,
    DocumentRejected,
    DocumentReturned,
    DocumentRevised,
    DocumentSubmitted,
    DocumentWithdrawn,
    FlowWentBack,
    MilestoneReached,
    Outcome,
    Slot,
    SlotAbstained,
    SlotApproved,
    SlotClaimed,
    SlotDelegated,
    SlotHandedBack,
    SlotReassigned,
    SlotRecused,
    SlotRejected,
    SlotReleased,
    SlotReopened,
    SlotsOpened,
    StepBlocked,
    StepEnded,
    StepKept,
    StepSkipped,
    StepStarted,
)
from domain.job.events import (
    JobFailed,
    JobProgressed,
    JobRequested,
    JobRetried,
    JobStarted,
    JobSucceeded,
    Result,
)
from domain.metadata import Channel, Event, Meta
from domain.values import Money, Personal

STREAM = UUID("0b7b4a52-4d7c-4f0e-9a5e-3f4f8d1f6a10")
VERSION = 3
META = Meta(
    actor="mia",
    command_id="approve-17",
    correlation_id="case-17",
    recorded_at=datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC),
    effective_at=datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC),
    channel=Channel.MAIL_LINK,
    on_behalf_of="ann",
)

REVISION = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
VALUES = {
    "cost": Money(Decimal("1250.50"), "EUR"),
    "pieces": 3,
    "share": "0.250",
    "title": "Zürich",
}
CONTENT = Content(
    fields=(
        Field("title", FieldKind.TEXT, "What", required=True),
        Field("pieces", FieldKind.INTEGER),
        Field("share", FieldKind.DECIMAL, decimals=3),
        Field("cost", FieldKind.MONEY),
        Field("kind", FieldKind.CHOICE, choices=("new", "used")),
        Field("deputy", FieldKind.PERSON),
        Field("desk", FieldKind.ROLE),
    ),
    steps=(
        Step("lead", (Approver(ApproverKind.MANAGER),), "The manager"),
        Step("boss", (Approver(ApproverKind.PERSON, "zoe"),)),
        Step("money", (Approver(ApproverKind.ROLE, "finance"),), condition='cost > money("1000")'),
        Step("stand_in", (Approver(ApproverKind.FIELD, "deputy"),)),
    ),
    milestones=(Milestone("ordered", "clerk", "Ordered"),),
    label="Purchase",
    self_approval=SelfApproval.ALLOW,
)

_BOARD = Slot(
    "1.lead.2",
    AssigneeKind.PERSON,
    "eva",
    "eva holds the role board",
    ("ann",),
    group="board",
    weight=2,
    veto=True,
    mandatory=True,
    turn=2,
)

_DELEGATED = replace(_BOARD, assignee="bob", why="mia delegated it", on_behalf_of="mia")
_CLAIMED = replace(_BOARD, assignee="fay", why="fay claimed it", role="finance")

_EVENTS: tuple[Event, ...] = (
    DocumentCreated("purchase", 2, "ann", VALUES, REVISION),
    DocumentRevised({**VALUES, "desk": None}, REVISION),
    DocumentSubmitted(1, REVISION, 2, "c0ffee"),
    StepSkipped(1, "money", "condition is false: pieces > 3"),
    StepStarted(
        1,
        "lead",
        (
            Slot("1.lead.1", AssigneeKind.PERSON, "mia", "mia is the manager of ann", ("ann",)),
            Slot("1.lead.2", AssigneeKind.ROLE, "finance", "the definition names it"),
        ),
    ),
    StepBlocked(1, "money", "nobody who may decide holds the role finance"),
    SlotApproved(1, "lead", "1.lead.1", "mia", REVISION, "fine"),
    SlotRejected(1, "lead", "1.lead.1", "mia", REVISION, "too dear"),
    SlotAbstained(1, "lead", "1.lead.1", "mia", REVISION, "I know them"),
    SlotRecused(1, "lead", "1.lead.1", "mia", "my brother sells it"),
    SlotReopened(1, "lead", _BOARD, "mia", "I misread it"),
    SlotDelegated(1, "lead", _DELEGATED, "mia", "I am at sea", META.recorded_at),
    SlotHandedBack(1, "lead", _BOARD, "bob", "not mine", META.recorded_at),
    SlotReassigned(1, "lead", _BOARD, "zoe", "mia has left", META.recorded_at),
    SlotClaimed(1, "lead", _CLAIMED, "fay", META.recorded_at),
    SlotReleased(1, "lead", _BOARD, "fay", "too much", META.recorded_at),
    SlotsOpened(1, "lead", (_BOARD,), META.recorded_at),
    BlockStarted(1, "checks"),
    StepKept(2, "lead", "approved before, and unchanged since: cost"),
    DocumentRejected(1, "too dear", ("1.legal.1",)),
    FlowWentBack(1, "money", "lead", ("lead", "money"), "too dear", ("1.legal.1",)),
    StepEnded(1, "lead", Outcome.REJECTED, ("1.lead.2",)),
    DocumentApproved(1),
    DocumentReturned(1, "too dear"),
    DocumentWithdrawn(1, "never mind", ("1.lead.1", "1.lead.2")),
    DocumentDiscarded(),
    CommentAdded("Größe?\nSo."),
    MilestoneReached("ordered"),
    PersonAdded("ann", Personal("ann", "Ann Åse")),
    RoleGranted("ann", "clerk"),
    RoleRevoked("ann", "clerk"),
    ManagerAssigned("ann", "mia"),
    PersonDeactivated("ann"),
    PersonReactivated("ann"),
    TokenIssued("ann", "t1", "0" * 64, datetime(2027, 1, 1, tzinfo=UTC), "laptop"),
    TokenRevoked("ann", "t1"),
    MailAddressSet("ann", Personal("ann", "ann@example.org")),
    NoticesSet("ann", {"document_decided": True, "task_assigned": False}),
    LevelSet("ann", 4),
    DepartmentSet("ann", "Einkauf & Größe"),
    LimitsSet(
        "ann", (Limit(None), Limit(Decimal("5000.00"), "EUR"), Limit(None, "USD", "purchase"))
    ),
    ZoneSet("ann", "Europe/Amsterdam"),
    AbsencePlanned(
        "ann", "a1", date(2027, 7, 5), date(2027, 7, 16), "bob", False, ("purchase", "travel")
    ),
    AbsenceReported(
        "ann", "a2", datetime(2026, 11, 23, 10, tzinfo=UTC), "bob", False, ("purchase",)
    ),
    AbsenceTakenOver("ann", "a2"),
    AbsenceEnded("ann", "a2", datetime(2026, 11, 24, 8, 30, tzinfo=UTC)),
    AbsenceCancelled("ann", "a1"),
    DefinitionPublished("purchase", 2, CONTENT, "c0ffee"),
    DraftSaved("purchase", 3, "definition: purchase  # Größe\nsteps: [\n"),
    PublicationProposed("purchase", CONTENT, "c0ffee", "ann", datetime(2027, 1, 1, tzinfo=UTC)),
    VersionDeprecated("purchase", 2, "too slow"),
    CalendarDefined(
        "office",
        2,
        Week(
            "Europe/Amsterdam",
            (("09:00-12:30", "13:00-17:00"), *(("09:00-17:00",),) * 4, ("22:00-24:00",), ()),
            (Holiday(date(2026, 12, 25), "Eerste Kerstdag"),),
            (SpecialDay(date(2026, 12, 24), ("09:00-13:00",)), SpecialDay(date(2026, 12, 28))),
            "Büro",
        ),
        "c0ffee",
    ),
    JobRequested("export", {"format": "csv", "rows": 3, "all": True, "status": None}, "ann"),
    JobStarted(1, "5f0c" * 8),
    JobProgressed(1, 500, 2000),
    JobSucceeded(2, Result("9f86" * 16, 12345, "text/csv", "Dokumente für Zürich.csv")),
    JobFailed(1, "no room", datetime(2026, 11, 23, 10, 0, 4, 500000, tzinfo=UTC)),
    JobRetried(),
)

EXAMPLES: Mapping[str, Event] = {event.TOPIC: event for event in _EVENTS}
