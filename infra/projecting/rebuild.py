"""Build a projection's tables anew beside the live ones, and put them in their place."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from eventsourcing.persistence import DatabaseError, Notification, ProgrammingError
from pymysql.cursors import Cursor

from domain.metadata import Recorded
from infra.eventstore.datastore import Datastore
from infra.eventstore.errors import ConnectionLostError, ContentionError
from infra.eventstore.recorders import MariaDBApplicationRecorder
from infra.eventstore.retrying import retrying
from infra.projecting.batch import is_misfit
from infra.projecting.checkpoint import Checkpoints, Live, NotPreparedError
from infra.projecting.preparing import BusyError, add_checkpoints, alone
from infra.projecting.successor import Successor
from infra.projecting.swap import positions, swap
from infra.projecting.tables import create_tables, drop_tables
from projections.base import Projection

#: Events that the swap may still have to project while it holds every lane: some milliseconds.
NEAR = 200

#: Rounds of coming near before the swap is tried all the same: where the log grows as fast as it
#: is projected, the tables would never be near.
ROUNDS = 20

logger = logging.getLogger(__name__)


class EffectsError(ProgrammingError):
    """The projection is never rebuilt, for its rows are orders that were carried out."""


@dataclass(frozen=True)
class Progress:
    """How far a rebuild is."""

    lane: int
    position: int
    goal: int
    """Where the live tables were a moment ago."""
    events: int
    """Projected so far, in all lanes."""


@dataclass(frozen=True)
class Report:
    """What a rebuild did."""

    generation: int
    """The one that is live now."""
    events: int
    seconds: float
    dropped: int
    """Tables of other generations that were dropped, before and after."""


def rebuild(
    projection: Projection,
    datastore: Datastore,
    recorder: MariaDBApplicationRecorder,
    decode: Callable[[Notification], Recorded],
    progress: Callable[[Progress], None] = lambda _: None,
) -> Report:
    """Fold the whole log into new tables, swap them in, drop the old ones.

    The live tables serve all the while, and workers of their version go on; at the swap each lane
    stands still for one short transaction. The new tables are then exactly as far as the old ones
    were, so the feed goes on without a seam; a rebuild tells it nothing. Where the log has begun
    another history since, they are brought to its end instead.

    Raises:
        EffectsError: what it orders would be carried out a second time.
        BusyError: another rebuild is on its way.
        NotPreparedError: there are no tables yet.
        PersistenceError: it broke off; the live tables are untouched, the next one cleans up.
    """
    if projection.effects:
        raise EffectsError(
            f"projection {projection.name!r} has effects outside, such as mail, which a rebuild "
            "would have a second time: it is never rebuilt"
        )
    with datastore.cursor() as guard, alone(guard, datastore, projection, 0) as lock:
        live = Checkpoints(projection, datastore.settings).live(guard)
        if live is None:
            raise NotPreparedError(f"projection {projection.name!r} has no tables yet")
        successor = Successor(projection, datastore, recorder, decode, live)
        work = _Rebuild(projection, datastore, recorder, live, successor, guard, lock)
        return work.run(progress)


class _Rebuild:
    def __init__(  # noqa: PLR0917  # made in one place
        self,
        projection: Projection,
        datastore: Datastore,
        recorder: MariaDBApplicationRecorder,
        live: Live,
        successor: Successor,
        guard: Cursor,
        lock: str,
    ) -> None:
        self._projection = projection
        self._datastore = datastore
        self._recorder = recorder
        self._live = live
        self._successor = successor
        self._guard = guard
        self._lock = lock

    def run(self, progress: Callable[[Progress], None]) -> Report:
        began = monotonic()
        dropped = self._clean(self._live.generation)
        new = self._successor.generation
        create_tables(self._guard, self._datastore.settings.views, self._projection, new)
        add_checkpoints(self._guard, self._datastore, self._projection, new, self._live.lanes)
        self._come_near(progress)
        retrying(lambda: self._try_swap(progress), (ContentionError, ConnectionLostError))
        dropped += self._clean_up(new)
        return Report(new, self._successor.events, monotonic() - began, dropped)

    def _come_near(self, progress: Callable[[Progress], None]) -> None:
        for _ in range(ROUNDS):
            before = self._successor.events
            for lane, goal in self._goals().items():
                for position in self._successor.advance(lane, goal):
                    self._require_alone()  # also keeps the connection that holds the lock alive
                    progress(Progress(lane, position, goal, self._successor.events))
            if self._successor.events - before <= NEAR:
                return

    def _goals(self) -> dict[int, int]:
        """Return how far each lane is to come."""
        if not self._live.same_history:
            return dict.fromkeys(range(self._live.lanes), self._recorder.settle())
        with self._datastore.cursor() as cursor:
            found = positions(cursor, self._datastore.settings.views, self._projection, self._live)
        return {lane: position for lane, (position, _) in found.items()}

    def _try_swap(self, progress: Callable[[Progress], None]) -> None:
        self._require_alone()
        try:
            swap(self._datastore, self._projection, self._live, self._successor)
        except DatabaseError as error:
            if not is_misfit(error):
                raise
            self._come_near(progress)  # finds the event that was refused, and parks it
            raise ContentionError(f"refused at the last moment: {error}") from error

    def _require_alone(self) -> None:
        self._guard.execute("SELECT IS_USED_LOCK(%s) = CONNECTION_ID()", (self._lock,))
        if self._guard.fetchone() != (1,):
            raise BusyError("the rebuild's lock was lost with its connection: start again")

    def _clean(self, keep: int) -> int:
        """Remove what belongs to any other generation; return how many tables that were."""
        views = self._datastore.settings.views
        for table in ("checkpoint", "parked"):
            self._guard.execute(
                f"DELETE FROM {views}.{table} WHERE projection = %s AND generation <> %s",
                (self._projection.name, keep),
            )
        return drop_tables(self._guard, views, self._projection.name, keep=keep)

    def _clean_up(self, keep: int) -> int:
        """Clean after the swap, which stands whatever happens here."""
        try:
            return self._clean(keep)
        except DatabaseError as error:
            logger.warning("old tables are left for the next rebuild to drop: %s", error)
            return 0
