"""Append events: one statement, or one block that the server runs as one transaction.

Nothing here leaves a transaction open while the client thinks: a save without a key is one
INSERT in autocommit, and a save with a key or a tracking position is one compound statement,
which begins, inserts and commits on the server and rolls back by itself on any error. A writer
that hangs between two statements of a transaction does not exist.

One multi-row INSERT for each save, so that its positions are consecutive; it is the last
statement before COMMIT, so that a position is in flight for as short as possible.
"""

import re
from collections.abc import Sequence

import pymysql
from eventsourcing.persistence import (
    DataError,
    OperationalError,
    PersistenceError,
    StoredEvent,
    Tracking,
)
from pymysql.constants import ER
from pymysql.cursors import Cursor

from infra.eventstore.datastore import Datastore
from infra.eventstore.errors import (
    INTERRUPTED,
    ConnectionLostError,
    ContentionError,
    OutcomeUnknownError,
    UnreachableError,
    VersionConflictError,
    VictimError,
    code_of,
    duplicate_of,
)
from infra.eventstore.idempotency import FirstOutcome, Idempotency, IdempotencyTable
from infra.eventstore.reading import READ_AGAIN, stream_of
from infra.eventstore.retrying import retrying
from infra.eventstore.settling import NIL
from infra.eventstore.tracking import TrackingTable, conflict, is_stale

#: Bytes of SQL text round the values of one event, at most.
_OVERHEAD = 2_048

#: Bytes of the largest state that the column takes (MEDIUMBLOB).
LARGEST_STATE = 2**24 - 1

_BEGIN = (
    "BEGIN NOT ATOMIC"
    " DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;"
    " START TRANSACTION; "
)
_END = "; COMMIT; SELECT LAST_INSERT_ID(); END"


class _TooLateError(ContentionError):
    """Somebody else was first, and will not be in the way of a repetition."""


class Appender:
    """Writes to one table of stored events."""

    def __init__(self, datastore: Datastore, table: str, *, max_packet: int) -> None:
        self._datastore = datastore
        self._keys = IdempotencyTable(datastore.settings.log)
        self._tracking = TrackingTable(datastore.settings.views)
        self._insert = f"INSERT INTO {table} (stream, version, topic, state) VALUES "
        self._max_packet = max_packet

    def append(
        self,
        events: Sequence[StoredEvent],
        idempotency: Idempotency | None = None,
        tracking: Tracking | None = None,
    ) -> Sequence[int]:
        """Write everything or nothing, in one round trip; return the positions.

        A position that a reader settled first is given up, and the transaction repeated, as
        after a deadlock. What the recorders say of errors is raised here.
        """
        if not events and tracking is None:
            return []
        self._datastore.require_safe_to_write()
        sql, values = self._statement(events, idempotency, tracking)
        self._require_room(sql, values, events)

        lost: list[ConnectionLostError] = []

        def attempt() -> Sequence[int]:
            try:
                with self._datastore.cursor() as cursor:
                    try:
                        first = _executed(cursor, sql, values)
                    except pymysql.MySQLError as error:
                        return self._first_outcome_or_refusal(
                            cursor, error, events, idempotency, tracking
                        )
                    return list(range(first, first + len(events)))
            except ConnectionLostError as error:
                lost.append(error)
                raise

        again: tuple[type[Exception], ...] = (UnreachableError, VictimError, _TooLateError)
        if idempotency is not None:
            again += (ConnectionLostError,)  # the key makes the repetition safe
        try:
            return retrying(attempt, again)
        except OperationalError as error:
            if not lost:
                raise
            raise OutcomeUnknownError(
                f"{lost[0]}; since then: {error}; the append is whole or absent: repeat it with "
                "its idempotency key, or read the stream to see"
            ) from error

    def first_outcome(self, idempotency: Idempotency) -> FirstOutcome | None:
        """Return what the first append with this key did; None if there was none."""

        def attempt() -> FirstOutcome | None:
            with self._datastore.cursor() as cursor:
                return self._keys.first_outcome(cursor, idempotency)

        return retrying(attempt, READ_AGAIN)

    def _statement(
        self,
        events: Sequence[StoredEvent],
        idempotency: Idempotency | None,
        tracking: Tracking | None,
    ) -> tuple[str, list[object]]:
        rows = [value for event in events for value in _row(event)]
        statements: list[str] = []
        values: list[object] = []
        if idempotency is not None and events:
            statements.append(self._keys.insert)
            values += self._keys.row(idempotency, events)
        if tracking is not None:
            statements.append(self._tracking.upsert)
            values += self._tracking.row(tracking)
        if events:
            statements.append(self._insert + ", ".join(["(%s, %s, %s, %s)"] * len(events)))
            values += rows
        if len(statements) == 1:
            return statements[0], values
        return _BEGIN + "; ".join(statements) + _END, values

    def _require_room(
        self, sql: str, values: Sequence[object], events: Sequence[StoredEvent]
    ) -> None:
        """Refuse what does not fit into one packet: the server would drop the connection."""
        size = sum(len(event.state) + 4 * len(event.topic) for event in events)
        if 2 * size + _OVERHEAD * len(events) < self._max_packet:
            return  # even if every byte had to be escaped
        with self._datastore.cursor() as cursor:
            packet = len(cursor.mogrify(sql, values).encode("utf-8", "surrogateescape"))
        packet += _OVERHEAD
        if packet > self._max_packet:
            raise DataError(
                f"this save needs a packet of {packet} bytes, the server takes "
                f"{self._max_packet} (max_allowed_packet): split it, or keep large content "
                "outside the log and its hash inside; nothing was written"
            )

    def _first_outcome_or_refusal(
        self,
        cursor: Cursor,
        error: pymysql.MySQLError,
        events: Sequence[StoredEvent],
        idempotency: Idempotency | None,
        tracking: Tracking | None,
    ) -> FirstOutcome:
        key = duplicate_of(error)
        if key == "command_id" and idempotency is not None:
            outcome = self._keys.first_outcome(cursor, idempotency)
            if outcome is not None:
                return outcome
            raise _TooLateError("the first outcome of this key was cleaned just now") from error
        if key == "stream_version":
            raise VersionConflictError(
                f"{_streams(events)}: a version of this save is taken; load the stream again "
                "and decide anew; nothing was written"
            ) from error
        if key == "PRIMARY":
            raise _TooLateError("a reader settled a position of this append first") from error
        if code_of(error) in INTERRUPTED:
            raise ConnectionLostError(f"the append was interrupted: {error.args[1]}") from error
        if tracking is not None and is_stale(error):
            raise conflict(tracking) from error
        raise _misfit(error, events) or error


def _executed(cursor: Cursor, sql: str, values: Sequence[object]) -> int:
    """Execute an append to its end; return the first position.

    A block answers twice, with a row and then with how it ended: it may be interrupted between.
    """
    cursor.execute(sql, values)
    row = cursor.fetchone()  # of a block; a lone INSERT has no rows
    first: int = row[0] if row else cursor.lastrowid
    while cursor.nextset():
        pass
    return first


def _row(event: StoredEvent) -> tuple[bytes, int, str, bytes]:
    stream = stream_of(event.originator_id)
    if stream.bytes == NIL:
        raise DataError("the nil UUID is the stream of tombstones; nothing was written")
    if not isinstance(event.originator_version, int):  # MariaDB would round it
        raise DataError(f"not a version: {event.originator_version!r}; nothing was written")
    if not isinstance(event.state, bytes | bytearray) or not isinstance(event.topic, str):
        raise DataError(  # PyMySQL would store what str() makes of anything else
            f"a state is bytes and a topic text, not {type(event.state).__name__} and "
            f"{type(event.topic).__name__}; nothing was written"
        )
    return stream.bytes, event.originator_version, event.topic, event.state


def _streams(events: Sequence[StoredEvent]) -> str:
    streams = sorted({str(event.originator_id) for event in events})
    return f"stream {streams[0]}" + (f" and {len(streams) - 1} more" if len(streams) > 1 else "")


def _misfit(error: pymysql.MySQLError, events: Sequence[StoredEvent]) -> PersistenceError | None:
    """Return the error that says which event does not fit, if that is what happened."""
    at = re.search(r"column '(?:version|topic|state)' at row (\d+)$", str(error.args[-1]))
    if code_of(error) not in (ER.DATA_TOO_LONG, ER.WARN_DATA_OUT_OF_RANGE) or at is None:
        return None
    number = min(int(at[1]), len(events))
    event = events[number - 1]
    return DataError(
        f"event {number} of {len(events)} (stream {event.originator_id}, version "
        f"{event.originator_version}, topic {event.topic[:80]!r}, state of {len(event.state)} "
        f"bytes) does not fit: {error.args[-1]}; a topic has at most 255 characters, a state at "
        f"most {LARGEST_STATE} bytes; nothing was written"
    )
