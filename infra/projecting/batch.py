"""One transaction on a lane: lock, fold, store, move the checkpoint, commit."""

from collections.abc import Sequence
from dataclasses import dataclass

import pymysql
from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    OperationalError,
    PersistenceError,
)
from pymysql.cursors import Cursor

from infra.eventstore.datastore import Datastore
from infra.eventstore.errors import ContentionError, code_of
from infra.eventstore.retrying import retrying
from infra.feed import FeedRow
from infra.projecting.checkpoint import Checkpoints, Where
from infra.projecting.folding import Examined, Folded, ParkedEvent
from infra.projecting.writing import Writer

#: MariaDB's refusals of a value that PyMySQL takes for errors of operation: 1118 row too large,
#: 1366 not text of that character set, 1292 not a date.
_MISFITS = {1118, 1366, 1292}


@dataclass(frozen=True)
class Committed:
    """What one or more transactions did."""

    where: Where
    """The lane's place afterwards."""
    rows: list[FeedRow]
    """What they added to the feed."""
    parked: list[ParkedEvent]
    """What they set aside."""


class Batches:
    """Carries events into a generation's tables, each batch whole or not at all."""

    def __init__(
        self, datastore: Datastore, checkpoints: Checkpoints, writer: Writer, *, tells: bool
    ) -> None:
        self._datastore = datastore
        self._checkpoints = checkpoints
        self._writer = writer
        self._tells = tells

    def commit(self, where: Where, events: Sequence[Examined], reached: int) -> Committed | None:
        """Project `events` and move the lane from `where` to `reached`.

        Returns None, and changes nothing, if somebody else works on the lane or has moved it. An
        event whose rows the server refuses is found by halving, and parked; then it is several
        transactions.

        Raises:
            ContentionError: rivals were in the way again and again.
            OperationalError: the server is away, or has other troubles. What was committed before
                that is told by the checkpoint.
        """
        try:
            return retrying(lambda: self._commit(where, events, reached), (ContentionError,))
        except PersistenceError as error:
            if not is_misfit(error) or not events:
                raise
            if len(events) == 1:
                return self._without(where, events[0], reached, error)
            half = len(events) // 2
        first = self.commit(where, events[:half], events[half - 1].position)
        if first is None:
            return None
        second = self.commit(first.where, events[half:], reached)
        if second is None:
            return first
        return Committed(second.where, first.rows + second.rows, first.parked + second.parked)

    def _without(
        self, where: Where, event: Examined, reached: int, error: PersistenceError
    ) -> Committed | None:
        refused = [event.refused(error)]
        return retrying(lambda: self._commit(where, refused, reached), (ContentionError,))

    def _commit(self, where: Where, events: Sequence[Examined], reached: int) -> Committed | None:
        with self._datastore.transaction() as cursor:
            if self._checkpoints.lock(cursor, where) != where:
                return None
            return self.within(cursor, where, events, reached)

    def within(
        self, cursor: Cursor, where: Where, events: Sequence[Examined], reached: int
    ) -> Committed:
        """Do what `commit` does in the transaction of `cursor`, which has locked the lane."""
        folded = Folded()
        if events:
            folded = self._writer.write(cursor, where, events, tells=self._tells)
        after = where.moved(reached, where.seq + len(folded.rows))
        self._checkpoints.move(cursor, where, after)
        return Committed(after, folded.rows, folded.parked)


def is_misfit(error: PersistenceError) -> bool:
    """Tell whether the server refused a value, which it will refuse again."""
    if isinstance(error, DataError | IntegrityError):
        return True
    cause = error.__cause__
    return (
        isinstance(error, OperationalError)
        and isinstance(cause, pymysql.MySQLError)
        and code_of(cause) in _MISFITS
    )
