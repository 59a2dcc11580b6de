"""Drive a projection along the log, lane by lane."""

import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from time import monotonic

from eventsourcing.persistence import Notification

from domain.metadata import Recorded
from infra.eventstore.datastore import Datastore
from infra.eventstore.errors import ConnectionLostError
from infra.eventstore.recorders import MariaDBApplicationRecorder
from infra.feed import FeedRow
from infra.projecting.batch import Batches, Committed
from infra.projecting.checkpoint import Checkpoints
from infra.projecting.folding import Examined
from infra.projecting.writing import Writer
from projections.base import Projection

#: Events in one transaction, at most.
BATCH = 1_000

#: Positions without an event of ours that are passed again at each look, rather than written
#: down: a look that finds nothing commits nothing, and reading so many costs a few milliseconds.
FAR = 5_000

#: Seconds from which on a batch is slow enough to be told.
SLOW_S = 1.0

#: Conversations that a line of the log names, at most.
_NAMED = 20

logger = logging.getLogger(__name__)


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
        *,
        observe: Callable[[str, int, int, int, float], None] = lambda *_: None,
    ) -> None:
        """`publish` is given a lane's new feed rows after they were committed.

        `observe` is told of each batch: the projection's name, the lane, how many events, how many
        of them were parked, and the seconds that it took.
        """
        self.projection = projection
        self._datastore = datastore
        self._recorder = recorder
        self._publish = publish
        self._observe = observe
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
        began = monotonic()
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
        if events:
            self._tell(lane, events, committed, monotonic() - began)
        return len(events)

    def _tell(
        self, lane: int, events: Sequence[Examined], committed: Committed, seconds: float
    ) -> None:
        """Count a batch and log it, with the conversations that it belongs to."""
        name = self.projection.name
        self._observe(name, lane, len(events), len(committed.parked), seconds)
        place = {"projection": name, "lane": lane}
        level = logging.WARNING if seconds > SLOW_S else logging.DEBUG
        if logger.isEnabledFor(level):
            shown = {"events": len(events), "seconds": round(seconds, 3)}
            talks = list(islice(dict.fromkeys(_correlations(events)), _NAMED))
            logger.log(level, "projected", extra={**place, **shown, "correlation_ids": talks})
        if committed.parked:
            recorded = {event.position: event.recorded for event in events}
            for parked in committed.parked:
                found = recorded[parked.position]
                talk = {"correlation_id": found.meta.correlation_id} if found else {}
                logger.error(
                    "position %d is parked: %s",
                    parked.position,
                    parked.error.partition("\n")[0],
                    extra={**place, "stream": str(parked.stream), **talk},
                )


def _correlations(events: Sequence[Examined]) -> Iterator[str]:
    return (event.recorded.meta.correlation_id for event in events if event.recorded)
