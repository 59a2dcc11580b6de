"""How far a projection's lanes have come: the rows that decide who works, and from where."""

from dataclasses import dataclass, replace

from eventsourcing.persistence import OperationalError, ProgrammingError
from pymysql.cursors import Cursor

from infra.eventstore.settings import StoreSettings
from projections.base import Projection


class NotPreparedError(ProgrammingError):
    """The projection, or a lane of it, was never prepared."""


class RebuildNeededError(ProgrammingError):
    """The live tables are of another version of the projection, or of another log."""


class LostLaneError(OperationalError):
    """The checkpoint moved under our lock: somebody writes it without locking."""


@dataclass(frozen=True)
class Where:
    """A lane's place, as it was before a batch."""

    generation: int
    lane: int
    position: int
    """The last position whose effect is in the rows, 0 before the first."""
    seq: int
    """The last number of the feed, 0 before the first."""
    log_epoch: bytes
    max_packet: int
    """Bytes of the largest statement that the server takes."""

    def moved(self, position: int, seq: int) -> "Where":
        """Return the lane's place after a batch."""
        return replace(self, position=position, seq=seq)


@dataclass(frozen=True)
class Live:
    """What the table `projection` says, beside what the log says."""

    version: int
    generation: int
    feed_epoch: bytes
    projected_epoch: bytes
    """The epoch of the log that the rows were made from."""
    log_epoch: bytes
    """The log's epoch now."""
    lanes: int
    max_packet: int

    @property
    def same_history(self) -> bool:
        """Whether the rows were made from the log as it is numbered now."""
        return self.projected_epoch == self.log_epoch


class Checkpoints:
    """The statements on `projection` and `checkpoint` for one projection."""

    def __init__(self, projection: Projection, settings: StoreSettings) -> None:
        views, log = settings.views, settings.log
        self._projection = projection
        self._row = f"{views}.checkpoint"
        self._live = (
            "SELECT p.version, p.generation, p.feed_epoch, p.log_epoch, e.epoch, e.lanes,"
            f" @@max_allowed_packet FROM {views}.projection p, {log}.epoch e"
            f" WHERE p.name = %s AND e.number = (SELECT MAX(number) FROM {log}.epoch)"
        )
        self._where = (
            "SELECT p.version, p.generation, p.log_epoch, e.epoch, c.position, c.seq,"
            f" @@max_allowed_packet FROM {views}.projection p JOIN {log}.epoch e"
            f" ON e.number = (SELECT MAX(number) FROM {log}.epoch) LEFT JOIN {self._row} c"
            " ON c.projection = p.name AND c.generation = p.generation AND c.lane = %s"
            " WHERE p.name = %s"
        )
        one = "WHERE projection = %s AND generation = %s AND lane = %s"
        self._read = f"SELECT position, seq FROM {self._row} {one}"
        self._move = (
            f"UPDATE {self._row} SET position = %s, seq = %s {one} AND position = %s AND seq = %s"
        )

    def live(self, cursor: Cursor) -> Live | None:
        """Return what is known of the projection, None if it was never prepared."""
        cursor.execute(self._live, (self._projection.name,))
        row = cursor.fetchone()
        return Live(*row) if row else None

    def where(self, cursor: Cursor, lane: int) -> Where:
        """Return a lane's place in the live tables. One statement.

        Raises:
            NotPreparedError: there is no such row.
            RebuildNeededError: these tables are not of this code, or not of this log.
        """
        name = self._projection.name
        cursor.execute(self._where, (lane, name))
        row = cursor.fetchone()
        if row is None:
            raise NotPreparedError(f"projection {name!r} has no tables yet: prepare it first")
        version, generation, projected, log_epoch, position, seq, max_packet = row
        if version != self._projection.version:
            raise RebuildNeededError(
                f"projection {name!r} has tables of version {version}, this code is of version "
                f"{self._projection.version}: rebuild it; until then its tables stand still"
            )
        if projected != log_epoch:
            raise RebuildNeededError(
                f"projection {name!r} was made from another history of the log (epoch "
                f"{projected.hex()}, now {log_epoch.hex()}): "
                + ("run `ringi migrate`" if self._projection.effects else "rebuild it")
            )
        if position is None:
            raise NotPreparedError(f"projection {name!r} has no lane {lane}")
        return Where(generation, lane, position, seq, log_epoch, max_packet)

    def lock(self, cursor: Cursor, where: Where, *, patient: bool = False) -> Where | None:
        """Lock a lane's row and return its place now, None if somebody else works on it.

        None also if the row is gone: another generation is live. With `patient`, wait for the
        other one, for as long as the session's lock time-out.
        """
        how = "FOR UPDATE" if patient else "FOR UPDATE SKIP LOCKED"
        cursor.execute(f"{self._read} {how}", self._one(where))
        row = cursor.fetchone()
        return where.moved(*row) if row else None

    def move(self, cursor: Cursor, where: Where, after: Where) -> None:
        """Move a row that the transaction has locked, by compare-and-set.

        Raises:
            LostLaneError: it is not at `where`; nothing of this transaction may be committed.
        """
        if where == after:
            return
        old, new = (where.position, where.seq), (after.position, after.seq)
        cursor.execute(self._move, (*new, *self._one(where), *old))
        if cursor.rowcount != 1:
            raise LostLaneError(f"{self._projection.name!r}, lane {where.lane}: no longer at {old}")

    def _one(self, where: Where) -> tuple[str, int, int]:
        return self._projection.name, where.generation, where.lane
