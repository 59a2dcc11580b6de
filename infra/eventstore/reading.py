"""Read streams and the log: committed events only, and of the log only what is settled."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from eventsourcing.persistence import DataError, Notification, StoredEvent

from infra.eventstore.datastore import Datastore
from infra.eventstore.errors import (
    ConnectionLostError,
    LogStalledError,
    ReadOnlyStoreError,
    UnreachableError,
)
from infra.eventstore.retrying import retrying
from infra.eventstore.settling import NIL, Settler

#: Reading is repeated when the connection was lost: it changes nothing.
READ_AGAIN = (UnreachableError, ConnectionLostError)


class StreamReader:
    """Reads the streams of one table of stored events."""

    def __init__(self, datastore: Datastore, table: str) -> None:
        self._datastore = datastore
        self._select = f"SELECT version, topic, state FROM {table} WHERE stream = %s"

    def select(
        self, stream: UUID, gt: int | None, lte: int | None, limit: int | None, *, desc: bool
    ) -> list[StoredEvent]:
        """Return a stream's committed events by version. One statement."""
        if stream.bytes == NIL:
            return []
        sql = self._select
        values: list[bytes | int] = [stream.bytes]
        for condition, value in (("version > %s", gt), ("version <= %s", lte)):
            if value is not None:
                sql += f" AND {condition}"
                values.append(value)
        sql += " ORDER BY version DESC" if desc else " ORDER BY version"
        if limit is not None:
            sql += " LIMIT %s"
            values.append(limit)

        def attempt() -> list[StoredEvent]:
            with self._datastore.cursor() as cursor:
                cursor.execute(sql, values)
                return [StoredEvent(stream, *row) for row in cursor.fetchall()]

        return retrying(attempt, READ_AGAIN)


@dataclass(frozen=True)
class Page:
    """A stretch of the log."""

    notifications: list[Notification]
    """What matched, by position."""
    reached: int
    """The log has been searched up to here: the next page begins after it."""


class LogReader:
    """Reads one log in the order of positions, which is the same for every reader, for ever."""

    def __init__(self, datastore: Datastore, settler: Settler, *, settles: bool) -> None:
        log = datastore.settings.log
        self._datastore = datastore
        self._settler = settler
        self._settles = settles
        self._select = (
            f"SELECT stream, version, topic, state, position FROM {log}.event"
            " WHERE position > %s AND position <= %s AND stream <> %s"
        )
        self._last = (
            f"SELECT position FROM {log}.event WHERE position <= %s AND stream <> %s"
            " ORDER BY position DESC LIMIT 1"
        )

    def page(
        self,
        after: int,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        lane: int | None = None,
    ) -> Page:
        """Return the first `limit` matching events above `after` and up to `stop`.

        Includes what was committed before the call, unless the page is full before, or the log
        stalls above what was found. Settles only if the page is not full with what is known to
        be settled, and waits for transactions in flight only if it is not full with what lies
        below them.

        Raises:
            LogStalledError: a stall, and nothing was found below it.
        """
        found: list[Notification] = []
        reached = after
        try:
            for mark in self._marks():
                upto = mark if stop is None else min(mark, stop)
                if upto > reached and len(found) < limit:
                    found += self._between(reached, upto, limit - len(found), topics, lane)
                    reached = found[-1].id if len(found) == limit else upto
                if len(found) == limit or (stop is not None and mark >= stop):
                    break
        except LogStalledError:
            if not found:
                raise
        return Page(found, reached)

    def last(self) -> int | None:
        """Return the position of the last event committed before the call, None without one."""
        mark = self.mark()
        with self._datastore.cursor() as cursor:
            cursor.execute(self._last, (mark, NIL))
            row = cursor.fetchone()
        return row[0] if row else None

    def mark(self) -> int:
        """Return the settled mark, settled just now if this server takes writes."""
        return max(self._marks())

    def _marks(self) -> Iterator[int]:
        """Yield how far may be read: what is known, what needs no waiting, what was committed.

        Each is asked for only if the one before was not enough.
        """
        if self._settles:  # a replica may be replaced by one that is not as far
            yield self._settler.known_mark
        else:
            mark, self._settles = retrying(self._settler.found_mark, READ_AGAIN)
            yield mark
        try:
            if self._settles:
                mark, complete = retrying(self._settler.advance, READ_AGAIN)
                yield mark
                if not complete:
                    yield retrying(self._settler.settle, READ_AGAIN)
        except ReadOnlyStoreError:  # since a moment ago
            mark, self._settles = retrying(self._settler.found_mark, READ_AGAIN)
            yield mark

    def _between(
        self, after: int, upto: int, limit: int, topics: Sequence[str], lane: int | None
    ) -> list[Notification]:
        sql = self._select
        values: list[object] = [after, upto, NIL]
        if topics:
            sql += " AND topic IN %s"
            values.append(tuple(topics))
        if lane is not None:
            sql += " AND lane = %s"
            values.append(lane)
        sql += " ORDER BY position LIMIT %s"
        values.append(limit)

        def attempt() -> list[Notification]:
            with self._datastore.cursor() as cursor:
                cursor.execute(sql, values)
                return [
                    Notification(UUID(bytes=stream), version, topic, state, position)
                    for stream, version, topic, state, position in cursor.fetchall()
                ]

        return retrying(attempt, READ_AGAIN)


def stream_of(originator_id: UUID | str) -> UUID:
    """Return the stream that eventsourcing calls an originator.

    Raises:
        DataError: it is not a UUID.
    """
    if not isinstance(originator_id, UUID):
        raise DataError(f"streams are UUIDs, not {originator_id!r}")
    return originator_id
