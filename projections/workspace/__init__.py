"""What people work with, from documents and inbox to calendars and jobs: one projection.

`infra` may import this package. Invariant: when one of its views shows an event, all do.
Read `documents` first; `fold` below says which event changes which views, and what the feed tells.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from domain.calendar.events import EVENTS as CALENDAR_EVENTS
from domain.definition.events import EVENTS as DEFINITION_EVENTS
from domain.directory.events import EVENTS as PERSON_EVENTS
from domain.document.events import EVENTS as DOCUMENT_EVENTS
from domain.job.events import EVENTS as JOB_EVENTS
from domain.metadata import Recorded
from projections.base import Change, Key, Projection, Rows, Table
from projections.workspace import (
    calendars,
    definitions,
    directory,
    documents,
    inbox,
    jobs,
    timeline,
)
from projections.workspace.plain import plain_row

_DOCUMENT_TOPICS = frozenset(event.TOPIC for event in DOCUMENT_EVENTS)
_CALENDAR_TOPICS = frozenset(event.TOPIC for event in CALENDAR_EVENTS)
_DEFINITION_TOPICS = frozenset(event.TOPIC for event in DEFINITION_EVENTS)
_JOB_TOPICS = frozenset(event.TOPIC for event in JOB_EVENTS)


def reads(recorded: Recorded) -> Iterable[tuple[Table, Key]]:
    """Name the rows that `fold` may get."""
    event: Any = recorded.event
    if event.TOPIC in _DOCUMENT_TOPICS:
        yield documents.DOCUMENT, (recorded.stream,)
        for slot in inbox.closed_by(event):
            yield inbox.TASK, (recorded.stream, slot)
    elif event.TOPIC in _JOB_TOPICS:
        yield jobs.JOB, (recorded.stream,)
    elif event.TOPIC in _DEFINITION_TOPICS:
        yield from definitions.reads(recorded)
    elif event.TOPIC not in _CALENDAR_TOPICS:
        yield from directory.reads(event)


def fold(rows: Rows, recorded: Recorded) -> Sequence[Change]:
    """Change every view that the event concerns; tell one change."""
    event: Any = recorded.event
    if event.TOPIC in _DOCUMENT_TOPICS:
        return [_document_change(rows, recorded)]
    if event.TOPIC in _JOB_TOPICS:
        return [_job_change(rows, recorded)]
    if event.TOPIC in _DEFINITION_TOPICS:
        data = definitions.fold(rows, recorded)
        return [_change(recorded, (f"definition:{event.definition}",), data)]
    if event.TOPIC in _CALENDAR_TOPICS:
        row = calendars.fold(rows, recorded)
        topics = (f"calendar:{event.calendar}",)
        return [_change(recorded, topics, {"calendar": calendars.as_sent(row)})]
    changes = directory.fold(rows, recorded)
    return [_change(recorded, (f"directory:{event.login}",), {"person": plain_row(changes)})]


def _document_change(rows: Rows, recorded: Recorded) -> Change:
    document, changes = documents.fold(rows, recorded)
    opened, closed = inbox.fold(rows, recorded, document)
    entry = timeline.fold(rows, recorded)
    topics = {
        f"document:{recorded.stream}": None,
        f"type:{document['definition']}": None,
        **{f"{task['kind']}:{task['assignee']}": None for task in (*opened, *closed)},
    }
    data: dict[str, object] = {
        "document": plain_row(changes),
        "entry": plain_row({name: entry[name] for name in entry if name != "document"}),
    }
    if opened or closed:
        data["opened"] = [plain_row(task) for task in opened]
        data["closed"] = [task["slot"] for task in closed]
        data["excluded"] = sorted(inbox.excluded_from_all((*opened, *closed)))
    return Change(
        type=recorded.event.TOPIC,
        topics=tuple(topics),
        version=recorded.version,
        time=recorded.meta.effective_at,
        document=recorded.stream,
        data=data,
    )


def _job_change(rows: Rows, recorded: Recorded) -> Change:
    job, changes = jobs.fold(rows, recorded)
    topics = (f"job:{recorded.stream}", f"person:{job['requester']}")
    return _change(recorded, topics, {"job": plain_row({"job": recorded.stream, **changes})})


def _change(recorded: Recorded, topics: tuple[str, ...], data: Mapping[str, object]) -> Change:
    return Change(
        type=recorded.event.TOPIC,
        topics=topics,
        version=recorded.version,
        time=recorded.meta.effective_at,
        data=data,
    )


_EVENTS = (
    *DOCUMENT_EVENTS,
    *PERSON_EVENTS,
    *DEFINITION_EVENTS,
    *CALENDAR_EVENTS,
    *JOB_EVENTS,
)

WORKSPACE = Projection(
    name="workspace",
    version=3,
    tables=(
        documents.DOCUMENT,
        documents.PARTY,
        inbox.TASK,
        timeline.ENTRY,
        directory.PERSON,
        directory.ROLE_HOLDER,
        directory.TOKEN,
        directory.MAILING,
        directory.AUTHORITY,
        directory.ABSENCE,
        definitions.DEFINITION,
        definitions.WORK,
        calendars.CALENDAR,
        jobs.JOB,
    ),
    topics=frozenset(event.TOPIC for event in _EVENTS),
    reads=reads,
    fold=fold,
)
