"""Make the tables and rows that a projection needs before its first event."""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import uuid4

from eventsourcing.persistence import OperationalError
from pymysql.cursors import Cursor

from infra.eventstore.datastore import Datastore
from infra.projecting.checkpoint import Checkpoints, Live
from infra.projecting.tables import create_tables, drop_tables
from projections.base import Projection

#: Seconds to wait for another process that prepares the same projection.
LOCK_WAIT_S = 10

logger = logging.getLogger(__name__)


class BusyError(OperationalError):
    """Another process makes or remakes this projection's tables."""


def prepare(datastore: Datastore, projection: Projection) -> bool:
    """Make generation 1 of the tables, and a checkpoint for each lane, if they are missing.

    Idempotent; rivals wait for each other. Returns whether the live tables are of this code's
    version and this log's history. If they are not, they go on serving, and `rebuild` is needed.

    A projection with effects begins at the settled end of the log, also of another history of it.

    Raises:
        BusyError: they are being made, or rebuilt, for longer than the wait.
    """
    with datastore.cursor() as cursor, alone(cursor, datastore, projection, LOCK_WAIT_S):
        checkpoints = Checkpoints(projection, datastore.settings)
        live = checkpoints.live(cursor)
        if live is None:
            _make(cursor, datastore, projection)
            live = checkpoints.live(cursor)
            assert live is not None  # noqa: S101  # made just now
        if projection.effects and not live.same_history:
            live = _begun_anew(cursor, datastore, projection, live)
        current = live.version == projection.version and live.same_history
        if current:
            add_checkpoints(cursor, datastore, projection, live.generation, live.lanes)
        return current


def _begun_anew(cursor: Cursor, datastore: Datastore, projection: Projection, live: Live) -> Live:
    """Bring a projection with effects to the end of another history of the log.

    Nobody knows which events of it were carried out before, and none shall be twice. Without
    checkpoints, the lanes get new ones; a worker on one of them finds it gone, and commits nothing.
    """
    views = datastore.settings.views
    cursor.execute(f"DELETE FROM {views}.checkpoint WHERE projection = %s", (projection.name,))
    cursor.execute(
        f"UPDATE {views}.projection SET log_epoch = %s WHERE name = %s",
        (live.log_epoch, projection.name),
    )
    logger.warning(
        "%s goes on at the end of the log's new history: what happened before has no effects",
        projection.name,
    )
    return replace(live, projected_epoch=live.log_epoch)


def _make(cursor: Cursor, datastore: Datastore, projection: Projection) -> None:
    """Make the tables, then the row that makes them live: a crash between leaves no half."""
    views, log = datastore.settings.views, datastore.settings.log
    drop_tables(cursor, views, projection.name, keep=None)
    create_tables(cursor, views, projection, 1)
    cursor.execute(f"DELETE FROM {views}.checkpoint WHERE projection = %s", (projection.name,))
    cursor.execute(
        f"INSERT INTO {views}.projection (name, version, generation, feed_epoch, log_epoch)"
        f" SELECT %s, %s, 1, %s, epoch FROM {log}.epoch ORDER BY number DESC LIMIT 1",
        (projection.name, projection.version, uuid4().bytes),
    )


def add_checkpoints(
    cursor: Cursor, datastore: Datastore, projection: Projection, generation: int, lanes: int
) -> None:
    """Insert the missing checkpoints of a generation, at the beginning of the log.

    Those of a projection with effects at its end, as far as it is settled.
    """
    begin = 0
    if projection.effects:
        cursor.execute(f"SELECT mark FROM {datastore.settings.log}.settled")
        begin = (cursor.fetchone() or (0,))[0]
    cursor.execute(
        f"INSERT IGNORE INTO {datastore.settings.views}.checkpoint"
        " (projection, generation, lane, position, seq) VALUES "
        + ", ".join(["(%s, %s, %s, %s, 0)"] * lanes),
        [cell for lane in range(lanes) for cell in (projection.name, generation, lane, begin)],
    )


@contextmanager
def alone(
    cursor: Cursor, datastore: Datastore, projection: Projection, wait_s: int
) -> Iterator[str]:
    """Be the only one who makes this projection's tables, as long as the connection lives.

    Gives the lock's name.

    Raises:
        BusyError: somebody else is, for longer than `wait_s`.
    """
    of = f"{datastore.settings.views}.{projection.name}"
    name = f"ringi.projecting.{hashlib.sha256(of.encode()).hexdigest()[:32]}"  # at most 64
    cursor.execute("SELECT GET_LOCK(%s, %s)", (name, wait_s))
    if cursor.fetchone() != (1,):
        raise BusyError(f"another process makes or rebuilds the tables of {projection.name!r}")
    try:
        yield name
    finally:
        cursor.execute("SELECT RELEASE_LOCK(%s)", (name,))
