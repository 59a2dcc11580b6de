"""The generation that will be live: the log folded into tables that nobody reads yet."""

from collections.abc import Callable, Iterator

from eventsourcing.persistence import Notification
from pymysql.cursors import Cursor

from domain.metadata import Recorded
from infra.eventstore.datastore import Datastore
from infra.eventstore.recorders import MariaDBApplicationRecorder
from infra.projecting.batch import Batches
from infra.projecting.checkpoint import Checkpoints, Live, Where
from infra.projecting.folding import Examined
from infra.projecting.preparing import BusyError
from infra.projecting.writing import Writer
from projections.base import Projection

#: Events in one transaction.
BATCH = 1_000


class Successor:
    """The tables after the live ones, and how they are brought forward. They tell nothing."""

    def __init__(
        self,
        projection: Projection,
        datastore: Datastore,
        recorder: MariaDBApplicationRecorder,
        decode: Callable[[Notification], Recorded],
        live: Live,
    ) -> None:
        self.generation = live.generation + 1
        self.events = 0
        """Projected so far, in all lanes; an event of a swap that was tried again counts twice."""
        self._datastore = datastore
        self._recorder = recorder
        self._live = live
        self._topics = tuple(sorted(projection.topics))
        self._checkpoints = Checkpoints(projection, datastore.settings)
        self._writer = Writer(projection, datastore.settings.views, decode)
        self._batches = Batches(datastore, self._checkpoints, self._writer, tells=False)

    def advance(self, lane: int, goal: int) -> Iterator[int]:
        """Bring a lane to `goal`, batch by batch; yield its position after each.

        Raises:
            BusyError: somebody else moves these tables.
        """
        with self._datastore.cursor() as cursor:
            where = self._locked(cursor, lane)
        while where.position < goal:
            events, reached = self._read(where, goal)
            committed = self._batches.commit(where, events, reached)
            if committed is None:
                raise BusyError(f"somebody else moves generation {self.generation}: start again")
            where = committed.where
            self.events += len(events)
            yield where.position

    def finish(self, cursor: Cursor, lane: int, goal: int | None, seq: int) -> None:
        """Bring a lane to `goal`, in the transaction of `cursor`, and give it the number `seq`.

        None leaves it where it is.
        """
        where = self._locked(cursor, lane)
        while goal is not None and where.position < goal:
            events, reached = self._read(where, goal)
            where = self._batches.within(cursor, where, events, reached).where
            self.events += len(events)
        self._checkpoints.move(cursor, where, where.moved(where.position, seq))

    def _read(self, where: Where, goal: int) -> tuple[list[Examined], int]:
        page = self._recorder.read(where.position, BATCH, goal, self._topics, where.lane)
        # What was read to its end is searched up to the goal; a page may stop before.
        return self._writer.folder.examine(page.notifications), page.reached

    def _locked(self, cursor: Cursor, lane: int) -> Where:
        live = self._live
        where = Where(self.generation, lane, 0, 0, live.log_epoch, live.max_packet)
        locked = self._checkpoints.lock(cursor, where, patient=True)
        if locked is None:
            raise BusyError(f"generation {self.generation} has lost lane {lane}: start again")
        return locked
