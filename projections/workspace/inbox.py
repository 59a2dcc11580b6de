"""The view of tasks: a row for each slot that waits, with its person or its role.

Who holds the role is asked when the inbox is read: roles change in other lanes.
"""

from collections.abc import Sequence

from domain.document.events import (
    DocumentRejected,
    DocumentReturned,
    DocumentWithdrawn,
    FlowWentBack,
    HandedOver,
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
    StepStarted,
)
from domain.metadata import Event, Recorded
from projections.base import Column, Kind, Row, Rows, Table

TASK = Table(
    "task",
    (
        Column("document", Kind.UUID),
        Column("slot", Kind.KEY),
        Column("round", Kind.INTEGER),
        Column("step", Kind.KEY),
        Column("kind", Kind.KEY),
        Column("assignee", Kind.KEY),
        Column("requester", Kind.KEY),
        Column("definition", Kind.KEY),
        Column("why", Kind.TEXT),
        Column("excluded", Kind.JSON),  # logins of who holds the role and may not decide
        Column("opened_at", Kind.INSTANT),
        Column("number", Kind.INTEGER),  # the position at which it opened: pages go by it
    ),
    key=("document", "slot"),
    indexes=(("kind", "assignee", "number"),),
)

_CLOSE_ONE = (SlotApproved, SlotRejected, SlotAbstained, SlotRecused)
_CLOSE_ALL = (
    StepEnded,
    StepBlocked,
    FlowWentBack,
    DocumentReturned,
    DocumentRejected,
    DocumentWithdrawn,
)


def closed_by(event: Event) -> tuple[str, ...]:
    """Return the slots that `event` closes."""
    if isinstance(event, _CLOSE_ONE):
        return (event.slot,)
    if isinstance(event, _CLOSE_ALL):
        return event.closed
    if isinstance(event, HandedOver):
        return (event.slot.id,)
    return ()


def opened_by(event: Event) -> tuple[str, tuple[Slot, ...]]:
    """Return the step and its slots that wait for a decision from `event` on."""
    match event:
        case StepStarted(step=step, slots=slots):
            return step, tuple(slot for slot in slots if slot.turn == 1)
        case SlotsOpened(step=step, slots=slots):
            return step, slots
        case SlotReopened(step=step, slot=slot):
            return step, (slot,)
        case SlotDelegated() | SlotHandedBack() | SlotReassigned() | SlotClaimed() | SlotReleased():
            return event.step, (event.slot,)
    return "", ()


def excluded_from_all(tasks: Sequence[Row]) -> set[str]:
    """Return the logins of those whom none of these tasks concerns."""
    return set.intersection(*(set(task["excluded"]) for task in tasks))  # type: ignore[arg-type]  # JSON arrays of texts


def fold(rows: Rows, recorded: Recorded, document: Row) -> tuple[Sequence[Row], Sequence[Row]]:
    """Change the tasks, and return those that were opened and those that were closed."""
    event = recorded.event
    closed = []
    for slot in closed_by(event):
        task = rows.get(TASK, (recorded.stream, slot))
        if task is not None:
            rows.delete(TASK, (recorded.stream, slot))
            closed.append(task)
    step, slots = opened_by(event)
    opened = [_task(recorded, step, slot, document) for slot in slots]
    for task in opened:
        rows.put(TASK, task)
    return opened, closed


def _task(recorded: Recorded, step: str, slot: Slot, document: Row) -> Row:
    return {
        "document": recorded.stream,
        "slot": slot.id,
        "round": document["round"],
        "step": step,
        "kind": slot.kind.value,
        "assignee": slot.assignee,
        "requester": document["requester"],
        "definition": document["definition"],
        "why": slot.why,
        "excluded": list(slot.excluded),
        "opened_at": recorded.meta.effective_at,
        "number": recorded.position,
    }
