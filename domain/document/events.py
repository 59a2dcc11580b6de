"""Everything that can happen to a document."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from domain.metadata import Event
from domain.values import Value


class AssigneeKind(StrEnum):
    """Whom a slot waits for."""

    PERSON = "person"
    ROLE = "role"


class Outcome(StrEnum):
    """How a step ended; an open one has no outcome."""

    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Slot:
    """One place for one decision, and why it is this one's."""

    id: str
    """`<round>.<step>.<number>`, unique within the document."""
    kind: AssigneeKind
    assignee: str
    """A login or a role."""
    why: str
    """The rule that chose the assignee, with the facts it used, in words."""
    excluded: tuple[str, ...] = ()
    """The logins of who may not decide here, whatever roles they hold."""
    group: str = ""
    """What it belongs to where votes are counted by groups."""
    weight: int = 1
    veto: bool = False
    """Does a vote against here reject the step?"""
    mandatory: bool = False
    """Can the step be approved only if this vote approves?"""
    turn: int = 1
    """Slots of later turns open when those of earlier ones have approved."""
    on_behalf_of: str = ""
    """Who delegated it to the assignee."""
    role: str = ""
    """The role that it waited for before the assignee claimed it."""


@dataclass(frozen=True)
class DocumentCreated(Event):
    """A draft exists."""

    TOPIC: ClassVar[str] = "document.created"
    definition: str
    definition_version: int
    requester: str
    values: Mapping[str, Value]
    revision: str


@dataclass(frozen=True)
class DocumentRevised(Event):
    """Fields got other values; None empties a field."""

    TOPIC: ClassVar[str] = "document.revised"
    changes: Mapping[str, Value | None]
    revision: str


@dataclass(frozen=True)
class DocumentSubmitted(Event):
    """A round began, under the definition that was published at this moment."""

    TOPIC: ClassVar[str] = "document.submitted"
    round: int
    revision: str
    definition_version: int
    definition_hash: str


@dataclass(frozen=True)
class StepSkipped(Event):
    """A step of the flow is not needed in this round."""

    TOPIC: ClassVar[str] = "document.step_skipped"
    round: int
    step: str
    reason: str


@dataclass(frozen=True)
class StepStarted(Event):
    """A step waits for decisions."""

    TOPIC: ClassVar[str] = "document.step_started"
    round: int
    step: str
    slots: tuple[Slot, ...]
    at: datetime | None = None
    """When its first slots opened; None in the oldest logs, which do not tell."""


@dataclass(frozen=True)
class BlockStarted(Event):
    """The branches of a block are taken, side by side."""

    TOPIC: ClassVar[str] = "document.block_started"
    round: int
    step: str


@dataclass(frozen=True)
class StepKept(Event):
    """A step that was approved before counts in this round: nothing that it watches has changed."""

    TOPIC: ClassVar[str] = "document.step_kept"
    round: int
    step: str
    reason: str


@dataclass(frozen=True)
class SlotsOpened(Event):
    """The turn of these slots of a step has come."""

    TOPIC: ClassVar[str] = "document.slots_opened"
    round: int
    step: str
    slots: tuple[Slot, ...]
    at: datetime


@dataclass(frozen=True)
class StepBlocked(Event):
    """A step has nobody who may decide it: the round stands still until somebody mends it."""

    TOPIC: ClassVar[str] = "document.step_blocked"
    round: int
    step: str
    reason: str
    closed: tuple[str, ...] = ()
    """Its slots that were open."""


@dataclass(frozen=True)
class SlotApproved(Event):
    """Somebody approved this revision."""

    TOPIC: ClassVar[str] = "document.slot_approved"
    round: int
    step: str
    slot: str
    by: str
    """The login of who is accountable for the decision."""
    revision: str
    comment: str = ""
    on_behalf_of: str = ""
    """Whose slot it is, where `by` stands in for somebody."""


@dataclass(frozen=True)
class SlotRejected(Event):
    """Somebody rejected this revision."""

    TOPIC: ClassVar[str] = "document.slot_rejected"
    round: int
    step: str
    slot: str
    by: str
    """The login of who is accountable for the decision."""
    revision: str
    reason: str
    on_behalf_of: str = ""
    """Whose slot it is, where `by` stands in for somebody."""


@dataclass(frozen=True)
class SlotAbstained(Event):
    """Somebody whose vote is asked for gives none; it counts neither way."""

    TOPIC: ClassVar[str] = "document.slot_abstained"
    round: int
    step: str
    slot: str
    by: str
    revision: str
    comment: str = ""
    on_behalf_of: str = ""
    """Whose slot it is, where `by` stands in for somebody."""


@dataclass(frozen=True)
class SlotRecused(Event):
    """Somebody may not or will not judge here: their slot is no more."""

    TOPIC: ClassVar[str] = "document.slot_recused"
    round: int
    step: str
    slot: str
    by: str
    reason: str


@dataclass(frozen=True)
class SlotReopened(Event):
    """Somebody took their vote back before the step ended."""

    TOPIC: ClassVar[str] = "document.slot_reopened"
    round: int
    step: str
    slot: Slot
    by: str
    reason: str = ""


@dataclass(frozen=True)
class SlotDelegated(Event):
    """Whoever the slot waited for lets somebody else decide in their name."""

    TOPIC: ClassVar[str] = "document.slot_delegated"
    round: int
    step: str
    slot: Slot
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class SlotHandedBack(Event):
    """A delegation ended, by either side: the slot waits for who delegated it."""

    TOPIC: ClassVar[str] = "document.slot_handed_back"
    round: int
    step: str
    slot: Slot
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class SlotReassigned(Event):
    """An administrator put somebody else in the place of who should decide."""

    TOPIC: ClassVar[str] = "document.slot_reassigned"
    round: int
    step: str
    slot: Slot
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class SlotClaimed(Event):
    """One of those who hold the role took the decision upon themselves."""

    TOPIC: ClassVar[str] = "document.slot_claimed"
    round: int
    step: str
    slot: Slot
    by: str
    at: datetime


@dataclass(frozen=True)
class SlotReleased(Event):
    """A claim ended: the slot waits for everybody who holds the role."""

    TOPIC: ClassVar[str] = "document.slot_released"
    round: int
    step: str
    slot: Slot
    by: str
    reason: str
    at: datetime


#: What gives an open slot to somebody else.
HandedOver = SlotDelegated | SlotHandedBack | SlotReassigned | SlotClaimed | SlotReleased


@dataclass(frozen=True)
class StepEnded(Event):
    """The outcome of a step is certain; the slots named were still open and are closed."""

    TOPIC: ClassVar[str] = "document.step_ended"
    round: int
    step: str
    outcome: Outcome
    closed: tuple[str, ...] = ()


@dataclass(frozen=True)
class DocumentApproved(Event):
    """Every step of the round approved."""

    TOPIC: ClassVar[str] = "document.approved"
    round: int


@dataclass(frozen=True)
class DocumentReturned(Event):
    """A rejection ended the round; the requester may revise and submit again."""

    TOPIC: ClassVar[str] = "document.returned"
    round: int
    reason: str
    closed: tuple[str, ...] = ()
    """The slots of other steps that were open."""


@dataclass(frozen=True)
class DocumentRejected(Event):
    """A rejection ended the document."""

    TOPIC: ClassVar[str] = "document.rejected"
    round: int
    reason: str
    closed: tuple[str, ...] = ()
    """The slots of other steps that were open."""


@dataclass(frozen=True)
class FlowWentBack(Event):
    """After a rejection, an earlier step is taken again, and all that follows it."""

    TOPIC: ClassVar[str] = "document.went_back"
    round: int
    step: str
    """The step that was rejected."""
    to: str
    """The step that is taken again."""
    again: tuple[str, ...]
    """The steps that count no longer."""
    reason: str
    closed: tuple[str, ...] = ()
    """The slots of those steps that were open."""


@dataclass(frozen=True)
class DocumentWithdrawn(Event):
    """The requester took the document back; the slots named were open and are closed."""

    TOPIC: ClassVar[str] = "document.withdrawn"
    round: int
    reason: str
    closed: tuple[str, ...] = ()


@dataclass(frozen=True)
class DocumentDiscarded(Event):
    """The requester gave up a draft that was never submitted; nothing follows."""

    TOPIC: ClassVar[str] = "document.discarded"


@dataclass(frozen=True)
class CommentAdded(Event):
    """Somebody said something; it decides nothing."""

    TOPIC: ClassVar[str] = "document.comment_added"
    text: str


@dataclass(frozen=True)
class MilestoneReached(Event):
    """Something that the definition awaits after approval took place."""

    TOPIC: ClassVar[str] = "document.milestone_reached"
    milestone: str


EVENTS: tuple[type[Event], ...] = (
    DocumentCreated,
    DocumentRevised,
    DocumentSubmitted,
    StepSkipped,
    StepStarted,
    BlockStarted,
    StepKept,
    SlotsOpened,
    StepBlocked,
    SlotApproved,
    SlotRejected,
    SlotAbstained,
    SlotRecused,
    SlotReopened,
    SlotDelegated,
    SlotHandedBack,
    SlotReassigned,
    SlotClaimed,
    SlotReleased,
    StepEnded,
    DocumentApproved,
    DocumentReturned,
    DocumentRejected,
    FlowWentBack,
    DocumentWithdrawn,
    DocumentDiscarded,
    CommentAdded,
    MilestoneReached,
)
