"""Put a finished generation in the place of the live one: all of it in one transaction."""

from eventsourcing.persistence import OperationalError
from pymysql.cursors import Cursor

from infra.eventstore.datastore import Datastore
from infra.projecting.checkpoint import Checkpoints, Live
from infra.projecting.preparing import BusyError
from infra.projecting.successor import Successor
from projections.base import Projection


def positions(
    cursor: Cursor, views: str, projection: Projection, live: Live, *, lock: bool = False
) -> dict[int, tuple[int, int]]:
    """Return position and seq of each live lane; with `lock`, let nobody move them."""
    cursor.execute(
        f"SELECT lane, position, seq FROM {views}.checkpoint WHERE projection = %s"
        " AND generation = %s ORDER BY lane" + (" FOR UPDATE" if lock else ""),
        (projection.name, live.generation),
    )
    return {lane: (position, seq) for lane, position, seq in cursor.fetchall()}


def swap(datastore: Datastore, projection: Projection, live: Live, successor: Successor) -> None:
    """Stop every lane, bring the successor exactly to where they stand, make it live. Idempotent.

    Raises:
        BusyError: neither of the two is live any more.
        PersistenceError: nothing was changed; the live tables go on.
    """
    views = datastore.settings.views
    with datastore.transaction() as cursor:
        if _is_done(cursor, datastore, projection, live, successor):
            return
        found = positions(cursor, views, projection, live, lock=True)
        for lane in range(live.lanes):
            position, seq = found.get(lane, (None, None))
            goal = position if live.same_history else None
            if seq is None:  # the log has more lanes than it had
                seq = _last_told(cursor, views, projection.name, lane)
            successor.finish(cursor, lane, goal, seq)
        _make_live(cursor, views, projection, live, successor)


def _is_done(
    cursor: Cursor, datastore: Datastore, projection: Projection, live: Live, successor: Successor
) -> bool:
    """Tell whether an earlier try had come through, though its answer was lost."""
    cursor.execute(
        f"SELECT generation FROM {datastore.settings.views}.projection WHERE name = %s FOR UPDATE",
        (projection.name,),
    )
    generation = (cursor.fetchone() or (None,))[0]
    if generation not in (live.generation, successor.generation):
        raise BusyError(f"generation {live.generation} is no longer live: start again")
    now = Checkpoints(projection, datastore.settings).live(cursor)
    if now is None or now.log_epoch != live.log_epoch:
        raise BusyError("the log has begun another history meanwhile: start again")
    return bool(generation == successor.generation)


def _last_told(cursor: Cursor, views: str, name: str, lane: int) -> int:
    cursor.execute(
        f"SELECT COALESCE(MAX(seq), 0) FROM {views}.feed WHERE projection = %s AND lane = %s",
        (name, lane),
    )
    return int((cursor.fetchone() or (0,))[0])


def _make_live(
    cursor: Cursor, views: str, projection: Projection, live: Live, successor: Successor
) -> None:
    cursor.execute(
        f"UPDATE {views}.projection SET generation = %s, version = %s, log_epoch = %s"
        " WHERE name = %s AND generation = %s",
        (
            successor.generation,
            projection.version,
            live.log_epoch,
            projection.name,
            live.generation,
        ),
    )
    if cursor.rowcount != 1:
        raise OperationalError("the live generation changed under our lock")
    cursor.execute(
        f"DELETE FROM {views}.checkpoint WHERE projection = %s AND generation = %s",
        (projection.name, live.generation),
    )
