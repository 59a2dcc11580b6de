"""Project parked events after all, once what stood in their way is mended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID  # noqa: TC003  # small modules need no second import block

from eventsourcing.persistence import Notification, PersistenceError
from pymysql.cursors import Cursor

from domain.metadata import Recorded
from infra.eventstore.datastore import Datastore
from infra.eventstore.errors import ContentionError
from infra.eventstore.recorders import MariaDBApplicationRecorder
from infra.eventstore.retrying import retrying
from infra.feed import FeedRow
from infra.projecting.batch import is_misfit
from infra.projecting.checkpoint import Checkpoints, LostLaneError, NotPreparedError, Where
from infra.projecting.folding import Examined, Folded
from infra.projecting.writing import Writer
from projections.base import Projection


@dataclass(frozen=True)
class Retried:
    """What a retry came to, in events."""

    projected: int
    still_parked: int


def retry_parked(
    projection: Projection,
    datastore: Datastore,
    recorder: MariaDBApplicationRecorder,
    decode: Callable[[Notification], Recorded],
    publish: Callable[[int, Sequence[FeedRow]], None],
) -> Retried:
    """Retry every parked event of a projection once, in order; the feed tells what changes.

    A stream whose event fails again keeps it, and all later ones, parked. Each event is a
    transaction of its own, under its lane's lock, so workers wait for none but that.

    Raises:
        NotPreparedError, RebuildNeededError: see `Checkpoints.where`.
        ContentionError: a worker held a lane again and again.
        PersistenceError: the server is away or has other troubles. What was projected stays.
    """
    checkpoints = Checkpoints(projection, datastore.settings)
    writer = Writer(projection, datastore.settings.views, decode)
    with datastore.cursor() as cursor:
        live = checkpoints.live(cursor)
    if live is None:
        raise NotPreparedError(f"projection {projection.name!r} has no tables yet")
    lanes = [
        _LaneRetry(lane, datastore, recorder, checkpoints, writer, publish).run()
        for lane in range(live.lanes)
    ]
    return Retried(sum(lane.projected for lane in lanes), sum(lane.still_parked for lane in lanes))


class _LaneRetry:
    """One walk along a lane's parked events."""

    def __init__(  # noqa: PLR0917  # made in one place
        self,
        lane: int,
        datastore: Datastore,
        recorder: MariaDBApplicationRecorder,
        checkpoints: Checkpoints,
        writer: Writer,
        publish: Callable[[int, Sequence[FeedRow]], None],
    ) -> None:
        self._lane = lane
        self._datastore = datastore
        self._recorder = recorder
        self._checkpoints = checkpoints
        self._writer = writer
        self._publish = publish
        self._still: set[UUID] = set()

    def run(self) -> Retried:
        projected = still_parked = after = 0
        while (event := self._next(after)) is not None:
            folded = self._refold(event)
            if folded is not None:
                projected += not folded.parked
                still_parked += len(folded.parked)
                self._publish(self._lane, folded.rows)
            after = event.position
        return Retried(projected, still_parked)

    def _next(self, after: int) -> Examined | None:
        with self._datastore.cursor() as cursor:
            where = self._checkpoints.where(cursor, self._lane)
            position = self._writer.parking.next(cursor, where, after)
        if position is None:
            return None
        page = self._recorder.read(position - 1, 1, position)
        return self._writer.folder.examine(page.notifications)[0]

    def _refold(self, event: Examined) -> Folded | None:
        """Project an event, or park it again; None if somebody else has done so meanwhile."""
        try:
            return retrying(lambda: self._attempt(event), (ContentionError,))
        except PersistenceError as error:
            if not is_misfit(error):
                raise
            refused = event.refused(error)
        return retrying(lambda: self._attempt(refused), (ContentionError,))

    def _attempt(self, event: Examined) -> Folded | None:
        with self._datastore.transaction() as cursor:
            where = self._checkpoints.lock(
                cursor, self._checkpoints.where(cursor, self._lane), patient=True
            )
            if where is None:
                raise LostLaneError(f"lane {self._lane} is of another generation by now")
            if not self._writer.parking.release(cursor, where, event.position):
                return None
            folded = self._write(cursor, where, event)
        self._still |= folded.streams
        return folded

    def _write(self, cursor: Cursor, where: Where, event: Examined) -> Folded:
        folded = self._writer.fold(cursor, where, [event], self._still, tells=True)
        self._writer.parking.park(cursor, where, folded.parked)
        after = where.moved(where.position, where.seq + len(folded.rows))
        self._checkpoints.move(cursor, where, after)
        return folded
