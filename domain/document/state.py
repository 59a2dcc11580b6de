"""What the events of one document add up to."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from domain.document.counting import Vote
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
    HandedOver,
    MilestoneReached,
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
from domain.document.stage import Stage, Standing, begun
from domain.errors import Reason, RefusedError
from domain.metadata import Event
from domain.values import Value


class Status(StrEnum):
    """Where a document stands."""

    DRAFT = "draft"
    PENDING = "pending"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    DISCARDED = "discarded"
    """A draft that its requester gave up: nothing more can be done with it."""
    APPROVED = "approved"
    REJECTED = "rejected"


#: Where its requester may change and submit it.
IN_THE_REQUESTERS_HANDS = frozenset({Status.DRAFT, Status.RETURNED, Status.WITHDRAWN})

Party = tuple[AssigneeKind, str]

_OfStep = BlockStarted | StepSkipped | StepKept | StepBlocked
_Voted = SlotApproved | SlotRejected | SlotAbstained


@dataclass(frozen=True)
class Document:
    """One document at a moment."""

    definition: str
    definition_version: int
    requester: str
    values: Mapping[str, Value]
    revision: str
    status: Status = Status.DRAFT
    round: int = 0
    """The round that runs or ran last; 0 before the first."""
    stages: Mapping[str, Stage] = field(default_factory=dict)
    """The steps that this round has come to, by name, in the order in which they began."""
    before: Mapping[str, Stage] = field(default_factory=dict)
    """The steps as the round before left them."""
    submitted: Mapping[str, Value] = field(default_factory=dict)
    """The values when this round began."""
    submitted_before: Mapping[str, Value] = field(default_factory=dict)
    """The values when the round before began."""
    slots_made: Mapping[str, int] = field(default_factory=dict)
    """How many slots each step has had in this round; they are numbered on."""
    times_back: Mapping[str, int] = field(default_factory=dict)
    """How often the flow has gone back from each step in this round."""
    parties: frozenset[Party] = frozenset()
    """Everybody who has or had a slot, and everybody who decided."""
    milestones: tuple[str, ...] = ()
    """The milestones reached, in order."""

    @property
    def waiting(self) -> tuple[str, ...]:
        """The steps that wait for decisions, or stand blocked."""
        return tuple(
            name
            for name, stage in self.stages.items()
            if stage.standing is Standing.BLOCKED
            or (stage.standing is Standing.WAITING and stage.seats)
        )

    @property
    def open_slots(self) -> tuple[Slot, ...]:
        """The slots that wait for a decision, of all steps."""
        return tuple(seat.slot for stage in self.stages.values() for seat in stage.waiting)


def evolve(document: Document | None, event: Event) -> Document:
    """Return the document after `event`.

    Raises:
        KeyError: not an event of documents.
    """
    if isinstance(event, DocumentCreated):
        return Document(
            definition=event.definition,
            definition_version=event.definition_version,
            requester=event.requester,
            values=event.values,
            revision=event.revision,
        )
    return _EVOLVE[type(event)](document, event)


def fold(events: Iterable[Event]) -> Document | None:
    """Return the document that `events` made, None if there are none."""
    document = None
    for event in events:
        document = evolve(document, event)
    return document


def existing(document: Document | None) -> Document:
    """Return the document, if there is one.

    Raises:
        RefusedError: NOT_FOUND.
    """
    if document is None:
        raise RefusedError(Reason.NOT_FOUND, "there is no document of this id", "document")
    return document


def _revised(document: Document, event: DocumentRevised) -> Document:
    values = {**document.values, **event.changes}
    kept = {name: value for name, value in values.items() if value is not None}
    return replace(document, values=kept, revision=event.revision)


def _submitted(document: Document, event: DocumentSubmitted) -> Document:
    same = event.definition_version == document.definition_version
    return replace(
        document,
        status=Status.PENDING,
        round=event.round,
        definition_version=event.definition_version,
        stages={},
        before=document.stages if same else {},
        submitted=document.values,
        submitted_before=document.submitted,
        slots_made={},
        times_back={},
    )


def _with_stage(document: Document, step: str, stage: Stage) -> Document:
    return replace(document, stages={**document.stages, step: stage})


def _standing(standing: Standing) -> Callable[[Document, _OfStep], Document]:
    def evolved(document: Document, event: _OfStep) -> Document:
        stage = document.stages.get(event.step, Stage(standing))
        return _with_stage(document, event.step, replace(stage, standing=standing))

    return evolved


def _started(document: Document, event: StepStarted) -> Document:
    parties = {(slot.kind, slot.assignee) for slot in event.slots if slot.turn == 1}
    made = document.slots_made.get(event.step, 0) + len(event.slots)
    return replace(
        document,
        stages={**document.stages, event.step: begun(event.slots, event.at)},
        slots_made={**document.slots_made, event.step: made},
        parties=document.parties | parties,
    )


def _opened(document: Document, event: SlotsOpened) -> Document:
    stage = document.stages[event.step].opened(event.slots, event.at)
    parties = {(slot.kind, slot.assignee) for slot in event.slots}
    return replace(_with_stage(document, event.step, stage), parties=document.parties | parties)


def _voted(vote: Vote) -> Callable[[Document, _Voted], Document]:
    def evolved(document: Document, event: _Voted) -> Document:
        stage = document.stages[event.step].voted(event.slot, vote, event.by)
        parties = document.parties | {(AssigneeKind.PERSON, event.by)}
        return replace(_with_stage(document, event.step, stage), parties=parties)

    return evolved


def _recused(document: Document, event: SlotRecused) -> Document:
    stage = document.stages[event.step].without(event.slot)
    parties = document.parties | {(AssigneeKind.PERSON, event.by)}
    return replace(_with_stage(document, event.step, stage), parties=parties)


def _reopened(document: Document, event: SlotReopened) -> Document:
    stage = document.stages[event.step].voted(event.slot.id, Vote.OPEN, "")
    return _with_stage(document, event.step, stage)


def _handed_over(document: Document, event: HandedOver) -> Document:
    stage = document.stages[event.step].handed_over(event.slot, event.at)
    parties = document.parties | {(event.slot.kind, event.slot.assignee)}
    return replace(_with_stage(document, event.step, stage), parties=parties)


def _step_ended(document: Document, event: StepEnded) -> Document:
    stage = document.stages[event.step]
    return _with_stage(document, event.step, replace(stage, standing=Standing(event.outcome)))


def _went_back(document: Document, event: FlowWentBack) -> Document:
    stages = {name: stage for name, stage in document.stages.items() if name not in event.again}
    times = document.times_back.get(event.step, 0) + 1
    return replace(document, stages=stages, times_back={**document.times_back, event.step: times})


def _in_status(status: Status) -> Callable[[Document, Any], Document]:
    return lambda document, _: replace(document, status=status, stages=_closed(document.stages))


def _closed(stages: Mapping[str, Stage]) -> Mapping[str, Stage]:
    """Return the steps as a round leaves them that ends here: those that wait are no more."""
    ended = {Standing.APPROVED, Standing.REJECTED, Standing.SKIPPED, Standing.KEPT}
    return {name: stage for name, stage in stages.items() if stage.standing in ended}


def _unchanged(document: Document, _event: Event) -> Document:
    return document


_EVOLVE: Mapping[type[Event], Callable[[Any, Any], Document]] = {
    DocumentRevised: _revised,
    DocumentSubmitted: _submitted,
    BlockStarted: _standing(Standing.WAITING),
    StepSkipped: _standing(Standing.SKIPPED),
    StepKept: _standing(Standing.KEPT),
    StepStarted: _started,
    StepBlocked: _standing(Standing.BLOCKED),
    SlotsOpened: _opened,
    SlotApproved: _voted(Vote.APPROVED),
    SlotRejected: _voted(Vote.REJECTED),
    SlotAbstained: _voted(Vote.ABSTAINED),
    SlotRecused: _recused,
    SlotReopened: _reopened,
    SlotDelegated: _handed_over,
    SlotHandedBack: _handed_over,
    SlotReassigned: _handed_over,
    SlotClaimed: _handed_over,
    SlotReleased: _handed_over,
    StepEnded: _step_ended,
    FlowWentBack: _went_back,
    DocumentApproved: _in_status(Status.APPROVED),
    DocumentReturned: _in_status(Status.RETURNED),
    DocumentRejected: _in_status(Status.REJECTED),
    DocumentWithdrawn: _in_status(Status.WITHDRAWN),
    DocumentDiscarded: _in_status(Status.DISCARDED),
    CommentAdded: _unchanged,
    MilestoneReached: lambda document, event: replace(
        document, milestones=(*document.milestones, event.milestone)
    ),
}
