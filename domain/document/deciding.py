"""What follows from a vote: the step goes on waiting, or ends and the flow goes on, or back.

Each function takes the document (None if there is none), the command, the circumstances and the
facts, and has no effect. All raise RefusedError. Who has several slots of a step decides in all
of them at once, with an event for each.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from domain.actor import Circumstances
from domain.definition.steps import Step
from domain.directory.standing_in import stands_in
from domain.document import flow
from domain.document.commands import (
    AbstainFromStep,
    ApproveStep,
    RecallVote,
    RecuseFromStep,
    RejectStep,
)
from domain.document.counting import Vote, outcome, possible
from domain.document.decide import require_status
from domain.document.events import (
    AssigneeKind,
    Outcome,
    Slot,
    SlotAbstained,
    SlotApproved,
    SlotRecused,
    SlotRejected,
    SlotReopened,
    SlotsOpened,
    StepBlocked,
    StepEnded,
)
from domain.document.facts import Facts
from domain.document.stage import Seat, Stage, Standing
from domain.document.state import Document, Status, evolve, existing
from domain.errors import Reason, RefusedError
from domain.metadata import Event
from domain.text import required_text, text

_PENDING = frozenset({Status.PENDING})

#: When slots opened of which the log does not tell: before every absence.
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def approve(
    document: Document | None, command: ApproveStep, given: Circumstances, facts: Facts
) -> Sequence[Event]:
    """Approve in every slot of the step that waits for the actor."""
    comment = text(command.comment, "comment")
    found, step, slots = _decidable(document, command.step, given, facts)
    _require_revision(found, command.revision)
    by = given.actor.login
    votes = [
        SlotApproved(found.round, step, slot.id, by, found.revision, comment, _for_whom(slot, by))
        for slot in slots
    ]
    return _after(found, facts, step, votes, given.since)


def reject(
    document: Document | None, command: RejectStep, given: Circumstances, facts: Facts
) -> Sequence[Event]:
    """Reject in every slot of the step that waits for the actor."""
    reason = required_text(command.reason, "reason")
    found, step, slots = _decidable(document, command.step, given, facts)
    _require_revision(found, command.revision)
    by = given.actor.login
    votes = [
        SlotRejected(found.round, step, slot.id, by, found.revision, reason, _for_whom(slot, by))
        for slot in slots
    ]
    return _after(found, facts, step, votes, given.since, reason)


def abstain(
    document: Document | None, command: AbstainFromStep, given: Circumstances, facts: Facts
) -> Sequence[Event]:
    """Give no vote in every slot of the step that waits for the actor."""
    comment = text(command.comment, "comment")
    found, step, slots = _decidable(document, command.step, given, facts)
    _require_revision(found, command.revision)
    by = given.actor.login
    votes = [
        SlotAbstained(found.round, step, slot.id, by, found.revision, comment, _for_whom(slot, by))
        for slot in slots
    ]
    return _after(found, facts, step, votes, given.since, comment or "too many abstained")


def recuse(
    document: Document | None, command: RecuseFromStep, given: Circumstances, facts: Facts
) -> Sequence[Event]:
    """Give up the actor's own slots of the step; a role's slot stays for who else holds it.

    Nothing is approved or rejected for want of judges: a step that cannot be approved any more by
    those who are left is blocked.
    """
    reason = required_text(command.reason, "reason")
    found, step, slots = _decidable(document, command.step, given, facts)
    by = given.actor.login
    own = [slot for slot in slots if _is_own(slot, by)]
    if not own:
        raise RefusedError(
            Reason.NOT_ALLOWED, "this slot is not yours alone: leave it to the others", "step"
        )
    events: list[Event] = [
        SlotRecused(found.round, step, slot.id, given.actor.login, reason) for slot in own
    ]
    found = _evolved(found, events)
    stage = found.stages[step]
    counting = _step(facts, step).counting
    if not possible(counting, [seat.ballot for seat in stage.seats]):
        words = f"without {given.actor.login}, who is recused, nobody can approve it"
        closed = tuple(seat.slot.id for seat in stage.waiting)
        return [*events, StepBlocked(found.round, step, words, closed)]
    return [*events, *_outcome(found, facts, step, given.since, reason)]


def recall(
    document: Document | None, command: RecallVote, given: Circumstances, _facts: None
) -> Sequence[Event]:
    """Open the actor's slots again, as long as the step has not ended."""
    found = existing(document)
    require_status(found, _PENDING, "decided on")
    by = given.actor.login
    cast = {
        name: [seat for seat in stage.seats if seat.by == by and _is_last(seat, stage)]
        for name, stage in found.stages.items()
        if stage.standing is Standing.WAITING
    }
    step = _one_step(found, command.step, cast, f"no vote of {by} can be taken back here")
    reason = text(command.reason, "reason")
    return [SlotReopened(found.round, step, seat.slot, by, reason) for seat in cast[step]]


def represented(document: Document, named: str, given: Circumstances) -> frozenset[str]:
    """Return in whose places the actor may be about to decide, having no slot of their own.

    Of the directory, a decision needs to know about these.
    """
    seats = [
        seat
        for name, stage in document.stages.items()
        if named in {"", name}
        for seat in stage.waiting
    ]
    if any(_is_for(seat.slot, given) for seat in seats):
        return frozenset()
    return frozenset(seat.slot.assignee for seat in seats if seat.slot.kind is AssigneeKind.PERSON)


def _is_last(seat: Seat, stage: Stage) -> bool:
    """Tell whether a vote was cast, and nobody has been asked since because of it."""
    later = (each for each in stage.seats if each.slot.turn > seat.slot.turn)
    return seat.vote is not Vote.OPEN and not any(each.is_open for each in later)


def _decidable(
    document: Document | None, named: str, given: Circumstances, facts: Facts
) -> tuple[Document, str, Sequence[Slot]]:
    """Return the document, the step, and the slots in which the actor may decide now.

    Those are the actor's own; who has none decides in the place of those for whom they stand in.
    """
    found = existing(document)
    require_status(found, _PENDING, "decided on")
    if named and named not in found.waiting:
        raise RefusedError(Reason.STEP_NOT_OPEN, f"{_waiting(found)}, not {named}", "step")
    login = given.actor.login
    asked = {
        name: [seat for seat in stage.waiting if _is_for(seat.slot, given)]
        for name, stage in found.stages.items()
        if named in {"", name}
    }
    if not any(asked.values()):
        asked = {
            name: [seat for seat in stage.waiting if _stands_in(seat, given, facts)]
            for name, stage in found.stages.items()
            if named in {"", name}
        }
    step = _one_step(found, named, asked, f"{_waiting(found)}, but not for {login}")
    slots = [seat.slot for seat in asked[step] if login not in seat.slot.excluded]
    if not slots:
        raise RefusedError(Reason.SELF_APPROVAL, "nobody decides on a document of their own")
    return found, step, slots


def _stands_in(seat: Seat, given: Circumstances, facts: Facts) -> bool:
    """Tell whether the actor is the substitute of whom the slot waits for, who is away now."""
    slot = seat.slot
    if slot.kind is not AssigneeKind.PERSON:
        return False
    presence = stands_in(facts.directory, slot.assignee, facts.definition.name, given.at)
    if presence.substitute != given.actor.login:
        return False
    return presence.reaches(seat.opened_at or _LONG_AGO)


def _for_whom(slot: Slot, by: str) -> str:
    """Return in whose name it is decided, if not in one's own or a role's."""
    if slot.on_behalf_of:
        return slot.on_behalf_of
    return slot.assignee if slot.kind is AssigneeKind.PERSON and slot.assignee != by else ""


def _waiting(document: Document) -> str:
    steps = " and ".join(document.waiting)
    return f"the steps that wait are {steps}" if " " in steps else f"the step that waits is {steps}"


def _one_step(document: Document, named: str, seats: dict[str, list[Seat]], otherwise: str) -> str:
    """Return the step that is named, or else the only one in which the actor has seats."""
    names = [name for name in document.stages if seats.get(name) and named in {"", name}]
    if not names:
        raise RefusedError(Reason.NOT_ALLOWED, otherwise)
    if len(names) > 1:
        raise RefusedError(Reason.INVALID, f"say which step is meant: {' or '.join(names)}", "step")
    return names[0]


def _require_revision(document: Document, seen: str) -> None:
    if seen != document.revision:
        raise RefusedError(
            Reason.STALE_REVISION,
            f"the content has changed: it is revision {document.revision} now",
            "revision",
        )


def _is_own(slot: Slot, login: str) -> bool:
    return slot.kind is AssigneeKind.PERSON and slot.assignee == login


def _is_for(slot: Slot, given: Circumstances) -> bool:
    if slot.kind is AssigneeKind.PERSON:
        return slot.assignee == given.actor.login
    return slot.assignee in given.actor.roles


def _after(  # noqa: PLR0917  # the case, then what was said of it
    document: Document,
    facts: Facts,
    step: str,
    votes: Sequence[Event],
    at: datetime,
    reason: str = "",
) -> Sequence[Event]:
    return [*votes, *_outcome(_evolved(document, votes), facts, step, at, reason)]


def _outcome(
    document: Document, facts: Facts, name: str, at: datetime, reason: str
) -> Sequence[Event]:
    """Return what follows from the votes as they are."""
    step, stage = _step(facts, name), document.stages[name]
    result = outcome(step.counting, [seat.ballot for seat in stage.seats])
    if result is Vote.OPEN:
        return _next_turn(document, name, stage, at)
    closed = tuple(seat.slot.id for seat in stage.waiting)
    ended = StepEnded(document.round, name, Outcome(result), closed)
    document = evolve(document, ended)
    if result is Vote.APPROVED:
        return [ended, *flow.advance(document, facts, at)]
    further = flow.rejected(document, step, reason, facts.definition.content)
    after = _evolved(document, further)
    on = flow.advance(after, facts, at) if after.status is Status.PENDING else ()
    return [ended, *further, *on]


def _next_turn(document: Document, name: str, stage: Stage, at: datetime) -> Sequence[Event]:
    """Open the slots of the next turn, if those of the turn before have all voted."""
    closed = [seat.slot for seat in stage.seats if not seat.is_open]
    if stage.waiting or not closed:
        return ()
    turn = min(slot.turn for slot in closed)
    opened = tuple(slot for slot in closed if slot.turn == turn)
    return [SlotsOpened(document.round, name, opened, at)]


def _step(facts: Facts, name: str) -> Step:
    step = facts.definition.content.step(name)
    assert step is not None  # noqa: S101  # the version is the one that started the step
    return step


def _evolved(document: Document, events: Iterable[Event]) -> Document:
    for event in events:
        document = evolve(document, event)
    return document
