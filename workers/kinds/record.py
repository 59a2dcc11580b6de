"""What the log says of a document, arranged as people read it: rounds, steps, decisions, words.

Pure: nothing is asked for, and the same events give the same record.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.document.events import (
    CommentAdded,
    DocumentApproved,
    DocumentRejected,
    DocumentReturned,
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
    StepBlocked,
    StepEnded,
    StepKept,
    StepSkipped,
    StepStarted,
)
from domain.metadata import Recorded


@dataclass(frozen=True)
class Mark:
    """Where the log says something: who, when, and its place."""

    who: str
    on_behalf_of: str
    when: datetime
    recorded_at: datetime
    version: int
    position: int | None


@dataclass
class Seat:
    """A slot, and what became of it."""

    slot: Slot
    state: str = "open"
    by: str = ""
    revision: str = ""
    words: str = ""
    """The comment of an approval, the reason of a rejection."""
    mark: Mark | None = None


@dataclass
class Stage:
    """A step of one round."""

    name: str
    state: str
    mark: Mark
    """Where it started, was skipped, or was found blocked."""
    reason: str = ""
    """Why it was skipped or is blocked."""
    seats: list[Seat] = field(default_factory=list)


@dataclass
class Round:
    """From a submission to its end."""

    submitted: DocumentSubmitted
    mark: Mark
    stages: list[Stage] = field(default_factory=list)
    state: str = "pending"
    reason: str = ""
    """Why it was returned or withdrawn."""
    ended: Mark | None = None

    def begin(self, stage: Stage) -> None:
        """Add a step; one that was blocked and starts after all takes its own place."""
        self.stages = [each for each in self.stages if each.name != stage.name]
        self.stages.append(stage)

    def seat(self, slot: str) -> Seat | None:
        """Return the slot of this id, None if the round has none."""
        seats = (seat for stage in self.stages for seat in stage.seats)
        return next((seat for seat in seats if seat.slot.id == slot), None)

    def said(self, words: str) -> bool:
        """Tell whether a decision of this round says these words."""
        return any(seat.words == words for stage in self.stages for seat in stage.seats)


@dataclass
class Record:
    """A document's whole way, in the log's order."""

    rounds: list[Round] = field(default_factory=list)
    comments: list[tuple[Mark, str]] = field(default_factory=list)
    milestones: dict[str, Mark] = field(default_factory=dict)


def arrange(events: Sequence[Recorded]) -> Record:
    """Return the record of one document's events. What it does not know it leaves out."""
    record = Record()
    for each in events:
        _ARRANGE.get(type(each.event), _nothing)(record, each.event, mark_of(each))
    return record


def mark_of(recorded: Recorded) -> Mark:
    """Return where the log says this."""
    meta = recorded.meta
    return Mark(
        who=meta.actor,
        on_behalf_of=meta.on_behalf_of or "",
        when=meta.effective_at,
        recorded_at=meta.recorded_at,
        version=recorded.version,
        position=recorded.position,
    )


def _nothing(_record: Record, _event: object, _mark: Mark) -> None:
    """Leave out what is only in the list of events."""


def _submitted(record: Record, event: DocumentSubmitted, mark: Mark) -> None:
    record.rounds.append(Round(event, mark))


def _started(record: Record, event: StepStarted, mark: Mark) -> None:
    seats = [Seat(slot) for slot in event.slots]
    record.rounds[-1].begin(Stage(event.step, "waiting", mark, seats=seats))


_WithReason = StepSkipped | StepKept | StepBlocked


def _without_slots(state: str) -> Callable[[Record, _WithReason, Mark], None]:
    def arranged(record: Record, event: _WithReason, mark: Mark) -> None:
        record.rounds[-1].begin(Stage(event.step, state, mark, event.reason))

    return arranged


_Vote = SlotApproved | SlotRejected | SlotAbstained


def _approved(record: Record, event: SlotApproved, mark: Mark) -> None:
    _decided(record, event, mark, "approved", event.comment)


def _rejected(record: Record, event: SlotRejected, mark: Mark) -> None:
    _decided(record, event, mark, "rejected", event.reason)


def _abstained(record: Record, event: SlotAbstained, mark: Mark) -> None:
    _decided(record, event, mark, "abstained", event.comment)


def _decided(record: Record, event: _Vote, mark: Mark, state: str, words: str) -> None:
    seat = record.rounds[-1].seat(event.slot)
    if seat is not None:
        seat.state, seat.by, seat.revision = state, event.by, event.revision
        seat.words, seat.mark = words, mark


def _recused(record: Record, event: SlotRecused, mark: Mark) -> None:
    seat = record.rounds[-1].seat(event.slot)
    if seat is not None:
        seat.state, seat.by, seat.words, seat.mark = "recused", event.by, event.reason, mark


def _reopened(record: Record, event: SlotReopened | HandedOver, _mark: Mark) -> None:
    stages = record.rounds[-1].stages
    for stage in stages:
        stage.seats = [
            Seat(event.slot) if seat.slot.id == event.slot.id else seat for seat in stage.seats
        ]


def _went_back(record: Record, event: FlowWentBack, mark: Mark) -> None:
    """Keep what was decided in the list of events only: those steps are taken again."""
    _close(record, event.closed, mark)
    last = record.rounds[-1]
    last.stages = [stage for stage in last.stages if stage.name not in event.again]


def _step_ended(record: Record, event: StepEnded, mark: Mark) -> None:
    for stage in record.rounds[-1].stages:
        if stage.name == event.step:
            stage.state = event.outcome.value
    _close(record, event.closed, mark)


def _close(record: Record, slots: Sequence[str], mark: Mark) -> None:
    for seat in filter(None, map(record.rounds[-1].seat, slots)):
        seat.state, seat.mark = "closed", mark


def _round_ended(state: str) -> Callable[[Record, Any, Mark], None]:
    def arranged(record: Record, event: Any, mark: Mark) -> None:  # noqa: ANN401  # by its table
        last = record.rounds[-1]
        last.state, last.ended, last.reason = state, mark, getattr(event, "reason", "")
        for stage in last.stages:
            if stage.state in ("waiting", "blocked"):
                stage.state = state
        _close(record, getattr(event, "closed", ()), mark)

    return arranged


def _commented(record: Record, event: CommentAdded, mark: Mark) -> None:
    record.comments.append((mark, event.text))


def _reached(record: Record, event: MilestoneReached, mark: Mark) -> None:
    record.milestones[event.milestone] = mark


_ARRANGE: Mapping[type, Callable[[Record, Any, Mark], None]] = {
    DocumentSubmitted: _submitted,
    StepSkipped: _without_slots("skipped"),
    StepStarted: _started,
    StepBlocked: _without_slots("blocked"),
    StepKept: _without_slots("kept"),
    SlotApproved: _approved,
    SlotRejected: _rejected,
    SlotAbstained: _abstained,
    SlotRecused: _recused,
    SlotReopened: _reopened,
    SlotDelegated: _reopened,
    SlotHandedBack: _reopened,
    SlotReassigned: _reopened,
    SlotClaimed: _reopened,
    SlotReleased: _reopened,
    StepEnded: _step_ended,
    FlowWentBack: _went_back,
    DocumentApproved: _round_ended("approved"),
    DocumentReturned: _round_ended("returned"),
    DocumentRejected: _round_ended("rejected"),
    DocumentWithdrawn: _round_ended("withdrawn"),
    CommentAdded: _commented,
    MilestoneReached: _reached,
}
