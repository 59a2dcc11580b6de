"""The view of background jobs: a row each, which those see who asked."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.job.events import (
    JobFailed,
    JobProgressed,
    JobRequested,
    JobRetried,
    JobStarted,
    JobSucceeded,
    Result,
)
from domain.job.job import State
from domain.metadata import Event, Recorded
from projections.base import Cell, Column, Kind, Row, Rows, Table

JOB = Table(
    "job",
    (
        Column("job", Kind.UUID),
        Column("kind", Kind.KEY),
        Column("parameters", Kind.JSON),
        Column("requester", Kind.KEY),
        Column("state", Kind.KEY),
        Column("attempt", Kind.INTEGER),
        Column("done", Kind.INTEGER),
        Column("total", Kind.INTEGER),
        Column("error", Kind.TEXT),
        Column("retry_at", Kind.INSTANT, optional=True),
        Column("result", Kind.JSON, optional=True),
        Column("version", Kind.INTEGER),
        Column("requested_at", Kind.INSTANT),
        Column("changed_at", Kind.INSTANT),
        Column("number", Kind.INTEGER),  # the position of its first event: pages go by it
    ),
    key=("job",),
    indexes=(("number",), ("requester", "number"), ("requester", "state"), ("state", "number")),
)

Changes = Mapping[str, Cell]


def fold(rows: Rows, recorded: Recorded) -> tuple[Row, Changes]:
    """Change the job's row, and return it with what changed of it."""
    event = recorded.event
    before: Row = rows.get(JOB, (recorded.stream,)) or {}
    if isinstance(event, JobRequested):
        changes = _requested(recorded, event)
    else:
        changes = dict(_CHANGES[type(event)](event))
    changes |= {"version": recorded.version, "changed_at": recorded.meta.effective_at}
    row = {**before, **changes}
    rows.put(JOB, row)
    return row, changes


def _requested(recorded: Recorded, event: JobRequested) -> dict[str, Cell]:
    return {
        "job": recorded.stream,
        "kind": event.kind,
        "parameters": dict(event.parameters),
        "requester": event.requester,
        "state": State.REQUESTED.value,
        "attempt": 0,
        "done": 0,
        "total": 0,
        "error": "",
        "retry_at": None,
        "result": None,
        "requested_at": recorded.meta.effective_at,
        "number": recorded.position,
    }


def _started(event: JobStarted) -> Changes:
    return {
        "state": State.RUNNING.value,
        "attempt": event.attempt,
        "done": 0,
        "total": 0,
        "error": "",
        "retry_at": None,
    }


def _failed(event: JobFailed) -> Changes:
    state = State.FAILED if event.retry_at is None else State.WAITING
    return {"state": state.value, "error": event.error, "retry_at": event.retry_at}


def _as_json(result: Result | None) -> Mapping[str, object] | None:
    return None if result is None else dict(vars(result))


_CHANGES: Mapping[type[Event], Callable[[Any], Changes]] = {
    JobStarted: _started,
    JobProgressed: lambda event: {"done": event.done, "total": event.total},
    JobSucceeded: lambda event: {
        "state": State.SUCCEEDED.value,
        "result": _as_json(event.result),
    },
    JobFailed: _failed,
    JobRetried: lambda _: {"state": State.REQUESTED.value, "error": ""},
}
