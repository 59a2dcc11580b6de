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

#: Bytes of the states of one page, at most: room for the largest event (2^24 - 1 bytes).
ROOM = 2**24

#: Events asked for at once, unless they are large.
_ALL = 2**31


class StreamReader:
    """Reads the streams of one table of stored events."""

    def __init__(self, datastore: Datastore, table: str) -> None:
        self._datastore = datastore
        self._select = f"SELECT version, topic, state FROM {table} WHERE stream = %s"
        self._select_several = (
            f"SELECT stream, version, topic, state FROM {table}"
            " WHERE stream IN %s ORDER BY stream, version"
        )

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

    def select_several(self, streams: Sequence[UUID]) -> list[StoredEvent]:
        """Return all committed events of these streams, each stream's by version. One statement."""
        wanted = tuple({stream.bytes for stream in streams} - {NIL})
        if not wanted:
            return []

        def attempt() -> list[StoredEvent]:
            with self._datastore.cursor() as cursor:
                cursor.execute(self._select_several, (wanted,))
                return [StoredEvent(UUID(bytes=row[0]), *row[1:]) for row in cursor.fetchall()]

        return retrying(attempt, READ_AGAIN)


class _BehindError(Exception):
    """A replica is not as far as the one that was asked for its mark: nothing may be passed.

    Connections to one address may lead to several.
    """


@dataclass(frozen=True)
class Wanted:
    """Which events, and how many, make a page."""

    limit: int
    topics: Sequence[str]
    lane: int | None


@dataclass(frozen=True)
class Page:
    """A stretch of the log."""

    notifications: list[Notification]
    """What matched, by position; their states have at most `ROOM` bytes together."""
    reached: int
    """The log has been searched up to here: the next page begins after it."""


class LogReader:
    """Reads one log in the order of positions, which is the same for every reader, for ever."""

    def __init__(self, datastore: Datastore, settler: Settler, *, settles: bool) -> None:
        log = datastore.settings.log
        self._datastore = datastore
        self._settler = settler
        self._settles = settles
        self._at_once = _ALL
        # The server adds up what it sends, and sends NULL for a state that has no room. The
        # derived table is one row that is read first: the events still come by PRIMARY, unsorted.
        self._select = (
            f"SELECT stream, version, topic, IF((@sent := @sent + LENGTH(state)) <= {ROOM}, state,"
            f" NULL), position FROM (SELECT @sent := %s) AS begun STRAIGHT_JOIN {log}.event"
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

        Fewer if their states would have more than `ROOM` bytes together: then `reached` is the
        last one's position. Includes what was committed before the call, unless the page is full
        before, or the log stalls above what was found. Settles only if the page is not full with
        what is known to be settled, and waits for transactions in flight only if it is not full
        with what lies below them.

        Raises:
            LogStalledError: a stall, and nothing was found below it.
        """
        wanted = Wanted(limit, topics, lane)
        found: list[Notification] = []
        reached = after
        full = limit == 0
        try:
            for mark in self._marks():
                upto = mark if stop is None else min(mark, stop)
                if upto > reached and not full:
                    full = self._extend(found, reached, upto, wanted)
                    reached = found[-1].id if full else upto
                if full or (stop is not None and mark >= stop):
                    break
        except LogStalledError:
            if not found:
                raise
        except _BehindError:
            pass
        return Page(found, reached)

    def last(self) -> int | None:
        """Return the position of the last event committed before the call, None without one."""
        mark = self.mark()

        def attempt() -> int | None:
            with self._datastore.cursor() as cursor:
                cursor.execute(self._last, (mark, NIL))
                row = cursor.fetchone()
            return row[0] if row else None

        return retrying(attempt, READ_AGAIN)

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
                    yield from self._waited_for()
        except ReadOnlyStoreError:  # since a moment ago
            mark, self._settles = retrying(self._settler.found_mark, READ_AGAIN)
            yield mark

    def _waited_for(self) -> Iterator[int]:
        """Yield how far may be read once transactions in flight were waited for, or a part of it.

        Raises:
            LogStalledError: after the part below the stall.
        """
        try:
            mark = retrying(self._settler.settle, READ_AGAIN)
        except LogStalledError:
            yield self._settler.known_mark
            raise
        yield mark

    def _extend(self, found: list[Notification], after: int, upto: int, wanted: Wanted) -> bool:
        """Add what matches to `found`; return whether that has made the page full.

        One statement, unless events were large of late: the server reads from its disk what has
        no room, too, so it is asked for about as many as have room.
        """
        while True:
            asked = min(wanted.limit - len(found), self._at_once)
            more, all_fit = self._fetch(found, after, upto, asked, wanted)
            found += more
            if not all_fit:
                self._at_once = 2 * len(more) or 1
                return True
            if len(more) < asked:
                return False
            if len(found) == wanted.limit:
                return True
            after = found[-1].id
            self._at_once = min(4 * self._at_once, _ALL)

    def _fetch(
        self,
        found: Sequence[Notification],
        after: int,
        upto: int,
        asked: int,
        wanted: Wanted,
    ) -> tuple[list[Notification], bool]:
        """Return what has room beside `found`, and whether that is all that was asked for."""
        sql = self._select
        values: list[object] = [sum(len(seen.state) for seen in found), after, upto, NIL]
        if wanted.topics:
            sql += " AND topic IN %s"
            values.append(tuple(wanted.topics))
        if wanted.lane is not None:
            sql += " AND lane = %s"
            values.append(wanted.lane)
        sql += " ORDER BY position LIMIT %s"
        values.append(asked)

        def attempt() -> tuple[list[Notification], bool]:
            with self._datastore.cursor() as cursor:
                if not self._settles and self._settler.found_mark_by(cursor)[0] < upto:
                    raise _BehindError
                cursor.execute(sql, values)
                rows = cursor.fetchall()
            all_fit = not rows or rows[-1][3] is not None
            if not all_fit:
                rows = tuple(row for row in rows if row[3] is not None)
            return [
                Notification(UUID(bytes=stream), version, topic, state, position)
                for stream, version, topic, state, position in rows
            ], all_fit

        return retrying(attempt, READ_AGAIN)


def stream_of(originator_id: UUID | str) -> UUID:
    """Return the stream that eventsourcing calls an originator.

    Raises:
        DataError: it is not a UUID.
    """
    if not isinstance(originator_id, UUID):
        raise DataError(f"streams are UUIDs, not {originator_id!r}")
    return originator_id
