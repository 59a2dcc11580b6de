"""The recorders of `eventsourcing`, on MariaDB.

Each method is one of the interface's; what it promises beyond is said here, and how it is kept
in `append`, `settling` and `reading`.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    Notification,
    ProcessRecorder,
    ProgrammingError,
    StoredEvent,
    Subscription,
    Tracking,
    TrackingRecorder,
)
from pymysql.cursors import Cursor

from infra.eventstore.append import Appender
from infra.eventstore.datastore import Datastore
from infra.eventstore.errors import UnreachableError, VictimError
from infra.eventstore.idempotency import FirstOutcome, Idempotency
from infra.eventstore.reading import READ_AGAIN, LogReader, Page, StreamReader, stream_of
from infra.eventstore.retrying import retrying
from infra.eventstore.subscription import MariaDBSubscription, Wakeups
from infra.eventstore.tracking import TrackingTable


class MariaDBAggregateRecorder(AggregateRecorder):
    """Events or snapshots by stream and version, without a place in the log."""

    def __init__(self, appender: Appender, streams: StreamReader) -> None:
        self._appender = appender
        self._streams = streams

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Write all of `stored_events` or none; return None.

        Raises:
            VersionConflictError: one of the versions is taken.
            DataError: a value does not fit; the message says which event.
            OutcomeUnknownError: the connection broke after the events were sent.
            StoreUnavailableError, ContentionError: after several tries; nothing was written.
        """
        _refuse(kwargs)
        self._appender.append(stored_events)
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return the stream's committed events by version; empty if there is no such stream."""
        return self._streams.select(stream_of(originator_id), gt, lte, limit, desc=desc)

    def select_streams(self, streams: Sequence[UUID]) -> Sequence[StoredEvent]:
        """Return the committed events of several streams, each stream's by version."""
        return self._streams.select_several(streams)


class MariaDBApplicationRecorder(MariaDBAggregateRecorder, ApplicationRecorder):
    """The log: events by stream and version, and in one order that every reader agrees on."""

    def __init__(self, appender: Appender, streams: StreamReader, log: LogReader) -> None:
        super().__init__(appender, streams)
        self._log = log
        self._wakeups = Wakeups()

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        idempotency: Idempotency | None = None,
        **kwargs: Any,
    ) -> Sequence[int] | None:
        """Append all of `stored_events` or none; return their positions, which are consecutive.

        When it returns, they are durable and can be found. With `idempotency`, the key is
        committed with them, and a repeat, also a racing one, returns the `FirstOutcome` and
        writes nothing; an append whose connection broke is repeated by itself. A save without
        events leaves no key.

        Raises:
            VersionConflictError: one of the versions is taken.
            KeyReusedError: the key was used for another request.
            DataError: a value does not fit; the message says which event.
            OutcomeUnknownError: the connection broke after an append without a key was sent.
            StoreUnavailableError, ContentionError: after several tries; nothing was written.
        """
        _refuse(kwargs)
        positions = self._appender.append(stored_events, idempotency)
        self.wake()
        return positions

    def select_first_outcome(self, idempotency: Idempotency) -> FirstOutcome | None:
        """Return what the first append with this key did; None if there was none.

        Raises:
            KeyReusedError: the key was used for another request.
        """
        return self._appender.first_outcome(idempotency)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
        lane: int | None = None,
    ) -> Sequence[Notification]:
        """Return at most `limit` events by position, of one lane if `lane` is given.

        Misses nothing, repeats nothing: an event below one that was returned will never appear.
        Includes every event that was committed before the call (on a read-only server: every
        one that was settled when it was replicated), unless the page is full before, or a
        transaction in flight has held a position above what is returned for too long. A page is
        also full when the states in it have 16 MiB: it may be shorter than `limit`, and is empty
        only at the end.

        Raises:
            LogStalledError: one has held the next position for too long.
        """
        after = 0 if start is None else start - 1 if inclusive_of_start else start
        return self.read(after, limit, stop, topics, lane).notifications

    def read(
        self,
        after: int,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        lane: int | None = None,
    ) -> Page:
        """Do what `select_notifications` does, and say how far the log was searched."""
        return self._log.page(after, limit, stop, topics, lane)

    def max_notification_id(self) -> int | None:
        """Return the position of the last event committed before the call; None if none was."""
        return self._log.last()

    def settle(self) -> int:
        """Advance the settled mark as far as possible and return it: what moves replicas."""
        return self._log.mark()

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Return an iterator over the events above `gt` that waits for more at the end."""
        return MariaDBSubscription(self, self._log, self._wakeups, gt, topics)

    def wake(self) -> None:
        """Let waiting subscriptions of this process look at once: the log may have grown."""
        self._wakeups.wake()


class MariaDBTrackingRecorder(TrackingRecorder):
    """How far consumers of other logs have come; the base of views with rows of their own.

    A view changes its rows and its tracking in one transaction:

        with self.datastore.transaction() as cursor:
            self.track(cursor, tracking)
            cursor.execute(…)
    """

    def __init__(self, datastore: Datastore) -> None:
        self.datastore = datastore
        self._tracking = TrackingTable(datastore.settings.views)

    def insert_tracking(self, tracking: Tracking) -> None:
        """Record that a position was processed; of rivals for one position, one succeeds.

        Raises:
            TrackingConflictError: this position or a later one was recorded before.
        """

        def attempt() -> None:
            with self.datastore.cursor() as cursor:
                self.track(cursor, tracking)

        retrying(attempt, (UnreachableError, VictimError))

    def track(self, cursor: Cursor, tracking: Tracking) -> None:
        """Do what `insert_tracking` does within the transaction of `cursor`."""
        self._tracking.insert(cursor, tracking)

    def max_tracking_id(self, application_name: str) -> int | None:
        """Return the last position recorded for that log; None if none was."""

        def attempt() -> int | None:
            with self.datastore.cursor() as cursor:
                return self._tracking.position(cursor, application_name)

        return retrying(attempt, READ_AGAIN)


class MariaDBProcessRecorder(MariaDBTrackingRecorder, MariaDBApplicationRecorder, ProcessRecorder):
    """A log of events that are consequences of another log's events, each processed once."""

    def __init__(
        self, datastore: Datastore, appender: Appender, streams: StreamReader, log: LogReader
    ) -> None:
        MariaDBTrackingRecorder.__init__(self, datastore)
        MariaDBApplicationRecorder.__init__(self, appender, streams, log)

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        idempotency: Idempotency | None = None,
        tracking: Tracking | None = None,
        **kwargs: Any,
    ) -> Sequence[int] | None:
        """Append events and record the position they follow from, both or neither.

        A repeated key records nothing: neither events nor the position that comes with it.

        Raises what `MariaDBApplicationRecorder.insert_events` does, and
            TrackingConflictError: this position or a later one was recorded before.
        """
        _refuse(kwargs)
        positions = self._appender.append(stored_events, idempotency, tracking)
        self.wake()
        return positions


def _refuse(kwargs: dict[str, Any]) -> None:
    """Refuse what would be forgotten in silence: a key, a tracking, or a misspelt name of one.

    Raises:
        ProgrammingError: there is anything but None, which eventsourcing passes for no tracking.
    """
    useless = sorted(name for name, value in kwargs.items() if value is not None)
    if useless:
        raise ProgrammingError(
            f"this recorder has no use for {', '.join(useless)}; nothing was written"
        )
