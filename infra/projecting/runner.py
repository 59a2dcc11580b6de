"""Drive a projection along the log, lane by lane."""

from collections.abc import Callable, Sequence

from eventsourcing.persistence import Notification

from domain.metadata import Recorded
from infra.eventstore.datastore import Datastore
from infra.eventstore.errors import ConnectionLostError
from infra.eventstore.recorders import MariaDBApplicationRecorder
from infra.feed import FeedRow
from infra.projecting.batch import Batches
from infra.projecting.checkpoint import Checkpoints
from infra.projecting.writing import Writer
from projections.base import Projection

#: Events in one transaction, at most.
BATCH = 1_000

#: Positions without an event of ours that are passed again at each look, rather than written
#: down: a look that finds nothing commits nothing, and reading so many costs a few milliseconds.
FAR = 5_000


class LaneRunner:
    """Brings one projection's lanes to the end of the log.

    Safe to use from many threads, and beside any number of others in any processes: of those on
    one lane, one works and the others leave it to him.
    """

    def __init__(
        self,
        projection: Projection,
        datastore: Datastore,
        recorder: MariaDBApplicationRecorder,
        decode: Callable[[Notification], Recorded],
        publish: Callable[[int, Sequence[FeedRow]], None],
    ) -> None:
        """`publish` is given a lane's new feed rows after they were committed."""
        self.projection = projection
        self._datastore = datastore
        self._recorder = recorder
        self._publish = publish
        self._checkpoints = Checkpoints(projection, datastore.settings)
        self._writer = Writer(projection, datastore.settings.views, decode)
        self._batches = Batches(datastore, self._checkpoints, self._writer, tells=True)
        self._topics = tuple(sorted(projection.topics))
        self._limits: dict[int, int] = {}

    def catch_up(self, lane: int, enough: Callable[[], bool] = lambda: False) -> int:
        """Project what the lane has up to its end; return how many events that were.

        Ends early, without an error, if somebody else works on the lane; and between two batches
        as soon as `enough` says so. Each batch takes effect once, whoever dies where.

        Raises:
            NotPreparedError, RebuildNeededError: see `Checkpoints.where`.
            PersistenceError: the server is away or has other troubles; try again later.
        """
        passed = 0
        while not enough():
            events = self._batch(lane)
            if not events:
                break
            passed += events
        return passed

    def _batch(self, lane: int) -> int:
        """Project one batch; return how many events it had, 0 also if somebody else is at work."""
        with self._datastore.cursor() as cursor:
            where = self._checkpoints.where(cursor, lane)
        limit = self._limits.get(lane, BATCH)
        page = self._recorder.read(where.position, limit, None, self._topics, lane)
        if not page.notifications and page.reached - where.position < FAR:
            return 0
        events = self._writer.folder.examine(page.notifications)
        try:
            committed = self._batches.commit(where, events, page.reached)
        except ConnectionLostError:  # perhaps the server found the transaction too slow
            self._limits[lane] = max(1, min(limit, len(events)) // 2)
            raise
        self._limits[lane] = min(BATCH, limit * 2)
        if committed is None:
            return 0
        self._publish(lane, committed.rows)
        return len(events)
