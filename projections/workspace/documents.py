"""The view of documents: one row each, and who has to do with it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from domain.document.events import (
    AssigneeKind,
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
    SlotAbstained,
    SlotApproved,
    SlotRecused,
    SlotRejected,
    SlotsOpened,
    StepBlocked,
    StepEnded,
    StepStarted,
)
from domain.document.state import Status
from domain.metadata import Event, Recorded
from domain.values import plain
from projections.base import Cell, Column, Kind, Row, Rows, Table

DOCUMENT = Table(
    "document",
    (
        Column("document", Kind.UUID),
        Column("definition", Kind.KEY),
        Column("definition_version", Kind.INTEGER),
        Column("requester", Kind.KEY),
        Column("values", Kind.JSON),
        Column("revision", Kind.KEY),
        Column("status", Kind.KEY),
        Column("round", Kind.INTEGER),
        Column("waiting", Kind.JSON),  # the steps that wait, in the order in which they began
        Column("blocked", Kind.JSON),  # by step, why nobody may decide it
        Column("milestones", Kind.JSON),
        Column("version", Kind.INTEGER),
        Column("created_at", Kind.INSTANT),
        Column("changed_at", Kind.INSTANT),
        Column("number", Kind.INTEGER),  # the position of its first event: pages go by it
    ),
    key=("document",),
    indexes=(("number",), ("definition", "number"), ("requester", "number"), ("status", "number")),
)

#: Whoever has or had a slot, and whoever decided: they may read the document.
PARTY = Table(
    "party",
    (Column("document", Kind.UUID), Column("kind", Kind.KEY), Column("name", Kind.KEY)),
    key=("document", "kind", "name"),
    indexes=(("kind", "name", "document"),),
)

Changes = Mapping[str, Cell]


def fold(rows: Rows, recorded: Recorded) -> tuple[Row, Changes]:
    """Change the document's row, and return it with what changed of it."""
    event = recorded.event
    before: Row = rows.get(DOCUMENT, (recorded.stream,)) or {}
    if isinstance(event, DocumentCreated):
        changes = _created(recorded, event)
    else:
        change = _CHANGES.get(type(event))
        changes = dict(change(before, event)) if change else {}
    changes |= {"version": recorded.version, "changed_at": recorded.meta.effective_at}
    row = {**before, **changes}
    rows.put(DOCUMENT, row)
    for kind, name in _parties(event):
        rows.put(PARTY, {"document": recorded.stream, "kind": kind, "name": name})
    return row, changes


def _created(recorded: Recorded, event: DocumentCreated) -> dict[str, Cell]:
    return {
        "document": recorded.stream,
        "definition": event.definition,
        "definition_version": event.definition_version,
        "requester": event.requester,
        "values": {name: plain(value) for name, value in event.values.items()},
        "revision": event.revision,
        "status": Status.DRAFT.value,
        "round": 0,
        "waiting": [],
        "blocked": {},
        "milestones": [],
        "created_at": recorded.meta.effective_at,
        "number": recorded.position,
    }


def _revised(row: Row, event: DocumentRevised) -> Changes:
    values: dict[str, Any] = dict(row["values"])  # type: ignore[arg-type]  # a JSON object
    for name, value in event.changes.items():
        if value is None:
            values.pop(name, None)
        else:
            values[name] = plain(value)
    return {"values": values, "revision": event.revision}


def _submitted(_row: Row, event: DocumentSubmitted) -> Changes:
    return {
        "status": Status.PENDING.value,
        "round": event.round,
        "definition_version": event.definition_version,
    }


def _milestone(row: Row, event: MilestoneReached) -> Changes:
    return {"milestones": [*row["milestones"], event.milestone]}  # type: ignore[misc]  # a JSON array


def _in_status(status: Status) -> Callable[[Row, Any], Changes]:
    return lambda _row, _event: {"status": status.value, "waiting": [], "blocked": {}}


def _started(row: Row, event: StepStarted) -> Changes:
    return {"waiting": [*row["waiting"], event.step]}  # type: ignore[misc]  # a JSON array


def _blocked(row: Row, event: StepBlocked) -> Changes:
    waiting: Any = row["waiting"]
    blocked: Any = row["blocked"]
    return {
        "waiting": waiting if event.step in waiting else [*waiting, event.step],
        "blocked": {**blocked, event.step: event.reason},
    }


def _without(row: Row, gone: Sequence[str]) -> Changes:
    """Return what is left of the steps that wait."""
    steps: Any = row["waiting"]
    blocked: Any = row["blocked"]
    return {
        "waiting": [step for step in steps if step not in gone],
        "blocked": {step: why for step, why in blocked.items() if step not in gone},
    }


_CHANGES: Mapping[type[Event], Callable[[Row, Any], Changes]] = {
    DocumentRevised: _revised,
    DocumentSubmitted: _submitted,
    StepStarted: _started,
    StepBlocked: _blocked,
    StepEnded: lambda row, event: _without(row, (event.step,)),
    FlowWentBack: lambda row, event: _without(row, event.again),
    DocumentApproved: _in_status(Status.APPROVED),
    DocumentReturned: _in_status(Status.RETURNED),
    DocumentRejected: _in_status(Status.REJECTED),
    DocumentWithdrawn: _in_status(Status.WITHDRAWN),
    DocumentDiscarded: _in_status(Status.DISCARDED),
    MilestoneReached: _milestone,
}


def _parties(event: Event) -> list[tuple[str, str]]:
    if isinstance(event, StepStarted):
        return [(slot.kind.value, slot.assignee) for slot in event.slots if slot.turn == 1]
    if isinstance(event, SlotsOpened):
        return [(slot.kind.value, slot.assignee) for slot in event.slots]
    if isinstance(event, SlotApproved | SlotRejected | SlotAbstained | SlotRecused):
        return [(AssigneeKind.PERSON.value, event.by)]
    return []
