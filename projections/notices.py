"""The notices that events give rise to: what people are to be told by mail, not yet told.

A row is an order to whoever sends mail, who takes it away. Who holds a role, who the requester is
and where their mail goes is asked then; the rows hold nothing about people but logins.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from domain.document.events import (
    AssigneeKind,
    DocumentApproved,
    DocumentRejected,
    DocumentReturned,
    Slot,
    SlotDelegated,
    SlotHandedBack,
    SlotReassigned,
    SlotsOpened,
    StepStarted,
)
from domain.job.events import JobFailed, JobSucceeded
from domain.metadata import Channel, Recorded
from domain.notices import NoticeKind, notice_id
from projections.base import Change, Column, Key, Kind, Projection, Row, Rows, Table


class Addressee(StrEnum):
    """Whom a notice is for."""

    PERSON = AssigneeKind.PERSON.value
    ROLE = AssigneeKind.ROLE.value
    REQUESTER = "requester"
    """Whoever asked for the document or the job: the log says who that is."""


NOTICE = Table(
    "notice",
    (
        Column("notice", Kind.UUID),
        Column("kind", Kind.KEY),
        Column("stream", Kind.UUID),  # the document's or the job's
        Column("version", Kind.INTEGER),  # of the event that it tells
        Column("addressee", Kind.KEY),
        Column("name", Kind.KEY),  # the login or the role; empty for the requester
        Column("excluded", Kind.JSON),  # logins of who holds the role and may not decide
        Column("number", Kind.INTEGER),  # the event's position: they are handled in its order
    ),
    key=("notice",),
    indexes=(("number",),),
)


def reads(recorded: Recorded) -> Iterable[tuple[Table, Key]]:  # noqa: ARG001  # as projections have it
    """Name nothing: no notice depends on another."""
    return ()


def fold(rows: Rows, recorded: Recorded) -> Sequence[Change]:
    """Put a notice for each who is to be told; the feed tells nothing.

    What was imported happened long ago, elsewhere: nobody is told of it.
    """
    if recorded.meta.channel is not Channel.IMPORT:
        for number, told in enumerate(_told(recorded), 1):
            rows.put(NOTICE, {**_placed(recorded, number), **told})
    return ()


def _placed(recorded: Recorded, number: int) -> Row:
    return {
        "notice": notice_id(recorded.stream, recorded.version, number),
        "stream": recorded.stream,
        "version": recorded.version,
        "number": recorded.position,
    }


def _told(recorded: Recorded) -> Iterator[Row]:
    """Yield for each notice of the event what it is and whom it is for."""
    match recorded.event:
        case StepStarted(slots=slots):
            yield from (_waits(slot) for slot in slots if slot.turn == 1)
        case SlotsOpened(slots=slots):
            yield from map(_waits, slots)
        case SlotDelegated(slot=slot) | SlotHandedBack(slot=slot) | SlotReassigned(slot=slot):
            yield _waits(slot)
        case DocumentApproved() | DocumentReturned() | DocumentRejected():
            yield _notice(NoticeKind.DOCUMENT_DECIDED, Addressee.REQUESTER)
        case JobSucceeded() | JobFailed(retry_at=None):
            yield _notice(NoticeKind.JOB_FINISHED, Addressee.REQUESTER)
        case _:
            pass


def _waits(slot: Slot) -> Row:
    return _notice(NoticeKind.TASK_ASSIGNED, slot.kind.value, slot.assignee, slot.excluded)


def _notice(kind: NoticeKind, addressee: str, name: str = "", excluded: Sequence[str] = ()) -> Row:
    return {
        "kind": kind.value,
        "addressee": str(addressee),
        "name": name,
        "excluded": list(excluded),
    }


NOTICES = Projection(
    name="notices",
    version=1,
    tables=(NOTICE,),
    topics=frozenset(
        event.TOPIC
        for event in (
            StepStarted,
            SlotsOpened,
            SlotDelegated,
            SlotHandedBack,
            SlotReassigned,
            DocumentApproved,
            DocumentReturned,
            DocumentRejected,
            JobSucceeded,
            JobFailed,
        )
    ),
    reads=reads,
    fold=fold,
    effects=True,
)
