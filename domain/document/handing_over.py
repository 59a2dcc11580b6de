"""Who decides in an open slot, changed: delegated, handed back, reassigned, claimed, released.

Each function takes the document (None if there is none), the command, the circumstances and the
facts, and has no effect. All raise RefusedError. A slot keeps its name, its weight and its turn;
whoever is excluded from it stays so, whoever it is given to, and nobody comes to have two.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from domain.actor import ADMIN, Circumstances
from domain.directory.facts import PersonFacts
from domain.document import flow
from domain.document.commands import (
    ClaimTask,
    DelegateTask,
    HandBackTask,
    ReassignTask,
    ReleaseTask,
    RouteAgain,
)
from domain.document.decide import require_status
from domain.document.events import (
    AssigneeKind,
    Slot,
    SlotClaimed,
    SlotDelegated,
    SlotHandedBack,
    SlotReassigned,
    SlotReleased,
)
from domain.document.facts import Facts
from domain.document.stage import Seat, Standing
from domain.document.state import Document, Status, existing
from domain.errors import Reason, RefusedError
from domain.metadata import Event
from domain.text import required_text, text

_PENDING = frozenset({Status.PENDING})


def delegate(
    document: Document | None,
    command: DelegateTask,
    given: Circumstances,
    person: PersonFacts | None,
) -> Sequence[Event]:
    """Let somebody else decide in the actor's own open slots of a step."""
    reason = required_text(command.reason, "reason")
    found, by = _pending(document), given.actor.login
    step = _step(found, command.step, lambda slot: _is_of(slot, by), f"nothing waits for {by}")
    slots = [seat.slot for seat in found.stages[step].waiting if _is_of(seat.slot, by)]
    if any(slot.on_behalf_of for slot in slots):
        raise RefusedError(
            Reason.INVALID, f"it was delegated to {by}: hand it back, and no further", "step"
        )
    _require_fit(found, step, slots, command.to, person)
    why = f"{by} delegated it"
    return [
        SlotDelegated(
            found.round,
            step,
            replace(slot, assignee=command.to, why=why, on_behalf_of=by),
            by,
            reason,
            given.since,
        )
        for slot in slots
    ]


def hand_back(
    document: Document | None, command: HandBackTask, given: Circumstances, _facts: None
) -> Sequence[Event]:
    """End the delegations of a step that the actor gave or took."""
    reason, found, by = text(command.reason, "reason"), _pending(document), given.actor.login

    def is_meant(slot: Slot) -> bool:
        return bool(slot.on_behalf_of) and by in {slot.on_behalf_of, slot.assignee}

    step = _step(found, command.step, is_meant, f"nothing was delegated by or to {by}")
    return [
        SlotHandedBack(
            found.round,
            step,
            replace(
                seat.slot,
                assignee=seat.slot.on_behalf_of,
                why=f"{seat.slot.assignee} handed it back"
                if by == seat.slot.assignee
                else f"{by} took it back",
                on_behalf_of="",
            ),
            by,
            reason,
            given.since,
        )
        for seat in found.stages[step].waiting
        if is_meant(seat.slot)
    ]


def reassign(
    document: Document | None,
    command: ReassignTask,
    given: Circumstances,
    person: PersonFacts | None,
) -> Sequence[Event]:
    """Put a person in the place of whom, or of which role, a slot waits for."""
    given.actor.require(ADMIN)
    reason, found, by = required_text(command.reason, "reason"), _pending(document), given.actor
    step, slot = _slot(found, command.slot)
    _require_fit(found, step, [slot], command.to, person)
    was = slot.assignee if slot.kind is AssigneeKind.PERSON else f"the role {slot.assignee}"
    new = replace(
        slot,
        kind=AssigneeKind.PERSON,
        assignee=command.to,
        why=f"{by.login} put {command.to} in the place of {was}",
        on_behalf_of="",
        role="",
    )
    return [SlotReassigned(found.round, step, new, by.login, reason, given.since)]


def claim(
    document: Document | None, command: ClaimTask, given: Circumstances, _facts: None
) -> Sequence[Event]:
    """Let the actor alone decide in a slot that waits for a role that they hold."""
    found, by = _pending(document), given.actor.login

    def is_meant(slot: Slot) -> bool:
        held = slot.kind is AssigneeKind.ROLE and slot.assignee in given.actor.roles
        return held and by not in slot.excluded

    step = _step(found, command.step, is_meant, f"nothing waits for a role that {by} holds")
    _require_no_seat(found, step, by, "step")
    slot = next(seat.slot for seat in found.stages[step].waiting if is_meant(seat.slot))
    new = replace(
        slot,
        kind=AssigneeKind.PERSON,
        assignee=by,
        why=f"{by}, who holds the role {slot.assignee}, claimed it",
        role=slot.assignee,
    )
    return [SlotClaimed(found.round, step, new, by, given.since)]


def release(
    document: Document | None, command: ReleaseTask, given: Circumstances, _facts: None
) -> Sequence[Event]:
    """Let everybody decide again who holds the role."""
    reason, found, actor = text(command.reason, "reason"), _pending(document), given.actor
    claimed = {
        seat.slot.id: (step, seat.slot)
        for step, stage in found.stages.items()
        for seat in stage.waiting
        if seat.slot.role and command.slot in {"", seat.slot.id}
        if seat.slot.assignee == actor.login or (command.slot and ADMIN in actor.roles)
    }
    if not claimed:
        raise RefusedError(Reason.NOT_ALLOWED, f"{actor.login} has claimed nothing here")
    return [
        SlotReleased(
            found.round,
            step,
            replace(
                slot,
                kind=AssigneeKind.ROLE,
                assignee=slot.role,
                why=f"{actor.login} released what {slot.assignee} had claimed",
                role="",
                on_behalf_of="",
            ),
            actor.login,
            reason,
            given.since,
        )
        for step, slot in claimed.values()
    ]


def route_again(
    document: Document | None, command: RouteAgain, given: Circumstances, facts: Facts
) -> Sequence[Event]:
    """Begin a blocked step anew: as its requester, or an administrator."""
    found = _pending(document)
    if given.actor.login != found.requester:
        given.actor.require(ADMIN)
    blocked = [
        name
        for name, stage in found.stages.items()
        if stage.standing is Standing.BLOCKED and command.step in {"", name}
    ]
    if len(blocked) != 1:
        said = f"say which: {' or '.join(blocked)}" if blocked else "no such step is blocked"
        raise RefusedError(Reason.STEP_NOT_OPEN, said, "step")
    return flow.begin_again(found, facts, blocked[0], given.since)


def _pending(document: Document | None) -> Document:
    found = existing(document)
    require_status(found, _PENDING, "decided on")
    return found


def _is_of(slot: Slot, login: str) -> bool:
    return slot.kind is AssigneeKind.PERSON and slot.assignee == login


def _step(document: Document, named: str, is_meant: Callable[[Slot], bool], otherwise: str) -> str:
    """Return the step that is named, or else the only one with such a slot."""
    names = [
        name
        for name, stage in document.stages.items()
        if named in {"", name} and any(is_meant(seat.slot) for seat in stage.waiting)
    ]
    if not names:
        raise RefusedError(Reason.NOT_ALLOWED, otherwise)
    if len(names) > 1:
        raise RefusedError(Reason.INVALID, f"say which step is meant: {' or '.join(names)}", "step")
    return names[0]


def _slot(document: Document, name: str) -> tuple[str, Slot]:
    for step, stage in document.stages.items():
        for seat in stage.waiting:
            if seat.slot.id == name:
                return step, seat.slot
    raise RefusedError(Reason.STEP_NOT_OPEN, "no such slot waits for a decision", "slot")


def _require_fit(
    document: Document, step: str, slots: Sequence[Slot], login: str, person: PersonFacts | None
) -> None:
    """Refuse to give slots to somebody who could not, or must not, decide in them."""
    if person is None or not person.active:
        raise RefusedError(Reason.NOT_FOUND, f"{login[:64]!a} is no active person", "to")
    if any(login in slot.excluded for slot in slots):
        raise RefusedError(Reason.SELF_APPROVAL, f"{login} must not decide here", "to")
    _require_no_seat(document, step, login, "to")


def _require_no_seat(document: Document, step: str, login: str, place: str) -> None:
    """Refuse a second vote of a person in a step."""
    stage = document.stages[step]
    assert stage.standing is Standing.WAITING  # noqa: S101  # it has open slots
    if any(login in _people(seat) for seat in stage.seats):
        raise RefusedError(Reason.INVALID, f"{login} decides in this step already", place)


def _people(seat: Seat) -> set[str]:
    own = seat.slot.assignee if seat.slot.kind is AssigneeKind.PERSON else ""
    return {own, seat.by, seat.slot.on_behalf_of}
