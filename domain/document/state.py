"""What the events of one document add up to."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from domain.document.events import (
    AssigneeKind,
    CommentAdded,
    DocumentApproved,
    DocumentCreated,
    DocumentDiscarded,
    DocumentReturned,
    DocumentRevised,
    DocumentSubmitted,
    DocumentWithdrawn,
    MilestoneReached,
    Slot,
    SlotApproved,
    SlotRejected,
    StepBlocked,
    StepEnded,
    StepSkipped,
    StepStarted,
)
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


#: Where its requester may change and submit it.
IN_THE_REQUESTERS_HANDS = frozenset({Status.DRAFT, Status.RETURNED, Status.WITHDRAWN})

Party = tuple[AssigneeKind, str]


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
    step: str = ""
    """The step that waits for a decision; empty where none does."""
    slots: tuple[Slot, ...] = ()
    """The places of that step that wait."""
    parties: frozenset[Party] = frozenset()
    """Everybody who has or had a slot, and everybody who decided."""
    milestones: tuple[str, ...] = ()
    """The milestones reached, in order."""


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
    return replace(
        document,
        status=Status.PENDING,
        round=event.round,
        definition_version=event.definition_version,
    )


def _started(document: Document, event: StepStarted) -> Document:
    parties = {(slot.kind, slot.assignee) for slot in event.slots}
    return replace(document, step=event.step, slots=event.slots, parties=document.parties | parties)


def _decided(document: Document, event: SlotApproved | SlotRejected) -> Document:
    return replace(
        document,
        slots=tuple(slot for slot in document.slots if slot.id != event.slot),
        parties=document.parties | {(AssigneeKind.PERSON, event.by)},
    )


def _in_status(status: Status) -> Callable[[Document, Any], Document]:
    return lambda document, _: replace(document, status=status, step="", slots=())


def _unchanged(document: Document, _event: Event) -> Document:
    return document


_EVOLVE: Mapping[type[Event], Callable[[Any, Any], Document]] = {
    DocumentRevised: _revised,
    DocumentSubmitted: _submitted,
    StepSkipped: _unchanged,
    StepStarted: _started,
    StepBlocked: lambda document, event: replace(document, step=event.step, slots=()),
    SlotApproved: _decided,
    SlotRejected: _decided,
    StepEnded: lambda document, _: replace(document, step="", slots=()),
    DocumentApproved: _in_status(Status.APPROVED),
    DocumentReturned: _in_status(Status.RETURNED),
    DocumentWithdrawn: _in_status(Status.WITHDRAWN),
    DocumentDiscarded: _in_status(Status.DISCARDED),
    CommentAdded: _unchanged,
    MilestoneReached: lambda document, event: replace(
        document, milestones=(*document.milestones, event.milestone)
    ),
}
