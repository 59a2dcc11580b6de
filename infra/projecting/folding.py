"""Fold events on an overlay; set aside what cannot be folded, and what follows it in its stream.

Pure: what is fetched and what is stored is the caller's.
"""

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import NamedTuple
from uuid import UUID

from eventsourcing.persistence import Notification

from domain.metadata import Recorded
from infra.feed import FeedRow
from infra.position import EPOCH_DIGITS, Position
from infra.projecting.cells import RowForm
from infra.projecting.message import message_of
from infra.projecting.overlay import Named, Overlay
from projections.base import Projection

#: Characters of an error that are kept.
LONGEST_ERROR = 2000


class Examined(NamedTuple):
    """An event as it was read, decoded before any lock is taken."""

    stream: UUID
    version: int
    position: int
    recorded: Recorded | None = None
    """None if it could not be decoded: then `error` says why."""
    named: Named = frozenset()
    """The rows that its folding may get."""
    error: str = ""
    """Why it is to be parked, if it is."""

    def refused(self, error: Exception) -> "Examined":
        """Return this event, to be parked for `error`."""
        return self._replace(error=described(error))


@dataclass(frozen=True)
class ParkedEvent:
    """An event that is set aside."""

    stream: UUID
    version: int
    position: int
    error: str


@dataclass(frozen=True)
class Numbering:
    """What the feed's rows of one transaction have in common."""

    log_epoch: bytes
    lane: int
    seq: int
    """The last number that is taken."""
    tells: bool = True
    """False where nobody listens: while tables are built anew."""

    @cached_property
    def epoch(self) -> str:
        """The log's epoch, as positions show it."""
        return self.log_epoch.hex()[:EPOCH_DIGITS]


@dataclass
class Folded:
    """What came of some events."""

    rows: list[FeedRow] = field(default_factory=list)
    parked: list[ParkedEvent] = field(default_factory=list)
    streams: set[UUID] = field(default_factory=set)
    """The streams that stand still."""


class Folder:
    """Folds the events of one projection."""

    def __init__(self, projection: Projection, decode: Callable[[Notification], Recorded]) -> None:
        self.forms: Mapping[str, RowForm] = {
            table.name: RowForm(table) for table in projection.tables
        }
        self._projection = projection
        self._decode = decode

    def examine(self, notifications: Iterable[Notification]) -> list[Examined]:
        """Return the events, decoded, with the rows that they name."""
        return [self._examined(notification) for notification in notifications]

    def _examined(self, notification: Notification) -> Examined:
        stream, version = notification.originator_id, notification.originator_version
        if not isinstance(stream, UUID):
            raise TypeError(f"not a stream: {stream!r}")
        try:
            recorded = self._decode(notification)
            named = frozenset(
                [
                    (table.name, self.forms[table.name].stored_key(key))
                    for table, key in self._projection.reads(recorded)
                ]
            )
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, it is this event's
            return Examined(stream, version, notification.id).refused(error)
        return Examined(stream, version, notification.id, recorded, named)

    def fold(
        self,
        overlay: Overlay,
        events: Sequence[Examined],
        numbering: Numbering,
        still: Iterable[UUID],
    ) -> Folded:
        """Fold `events` in order; those of the streams in `still` are parked unseen."""
        folded = Folded(streams=set(still))
        for event in events:
            error = event.error
            if event.stream in folded.streams:
                error = "an earlier event of this stream is parked"
            elif not error:
                error = self._fold_one(overlay, event, numbering, folded.rows)
            if error:
                folded.streams.add(event.stream)
                folded.parked.append(
                    ParkedEvent(event.stream, event.version, event.position, error)
                )
        return folded

    def _fold_one(
        self, overlay: Overlay, event: Examined, numbering: Numbering, rows: list[FeedRow]
    ) -> str:
        """Fold an event and return "", or change nothing and return why not."""
        overlay.begin(event.named)
        try:
            told = self._told(overlay, event, numbering, numbering.seq + len(rows))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, it is this event's
            return described(error)
        overlay.accept()
        rows += told
        return ""

    def _told(
        self, overlay: Overlay, event: Examined, numbering: Numbering, seq: int
    ) -> list[FeedRow]:
        assert event.recorded is not None  # noqa: S101  # else it has an error
        changes = self._projection.fold(overlay, event.recorded)
        lane = numbering.lane
        message = partial(
            message_of,
            lane=lane,
            position=str(Position(numbering.epoch, lane, event.position)),
            correlation=event.recorded.meta.correlation_id,
        )
        told = [
            FeedRow(lane, number, message(change, seq=number))
            for number, change in enumerate(changes, seq + 1)
        ]
        return told if numbering.tells else []  # what cannot be told is parked either way


def described(error: Exception) -> str:
    """Return an error's type, message and place, as text that any column takes."""
    text = f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    if frames:
        last = frames[-1]
        text = f"{text[:LONGEST_ERROR]}\n{last.filename}:{last.lineno} in {last.name}"
    return text[: 2 * LONGEST_ERROR].encode("utf-8", "backslashreplace").decode()
