"""The table of parked events: what could not be projected, why, and what waits behind it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from pymysql.cursors import Cursor

from infra.eventstore.datastore import Datastore
from infra.projecting.checkpoint import Where
from infra.projecting.folding import ParkedEvent
from infra.projecting.tables import ROWS


class Parking:
    """The statements on `parked` for one projection."""

    def __init__(self, projection_name: str, views: str) -> None:
        self._name = projection_name
        self._table = f"{views}.parked"

    def streams(self, cursor: Cursor, generation: int, among: Collection[UUID]) -> set[UUID]:
        """Return which streams stand still. One statement."""
        if not among:
            return set()
        cursor.execute(
            f"SELECT DISTINCT stream FROM {self._table}"
            " WHERE projection = %s AND generation = %s AND stream IN %s",
            (self._name, generation, [stream.bytes for stream in among]),
        )
        return {UUID(bytes=stream) for (stream,) in cursor.fetchall()}

    def park(self, cursor: Cursor, where: Where, events: Sequence[ParkedEvent]) -> None:
        """Set events aside; for one that is, renew the error."""
        for start in range(0, len(events), ROWS):
            chunk = events[start : start + ROWS]
            cursor.execute(
                f"INSERT INTO {self._table}"
                " (projection, generation, stream, version, position, lane, error) VALUES "
                + ", ".join(["(%s, %s, %s, %s, %s, %s, %s)"] * len(chunk))
                + " ON DUPLICATE KEY UPDATE error = VALUES(error)",
                [cell for event in chunk for cell in self._row(where, event)],
            )

    def next(self, cursor: Cursor, where: Where, after: int) -> int | None:
        """Return the position of a lane's first parked event above `after`, None without one."""
        cursor.execute(
            f"SELECT MIN(position) FROM {self._table} WHERE projection = %s AND generation = %s"
            " AND lane = %s AND position > %s",
            (self._name, where.generation, where.lane, after),
        )
        position: int | None = (cursor.fetchone() or (None,))[0]
        return position

    def release(self, cursor: Cursor, where: Where, position: int) -> bool:
        """Forget a parked event; return whether there was one."""
        cursor.execute(
            f"DELETE FROM {self._table} WHERE projection = %s AND generation = %s"
            " AND lane = %s AND position = %s",
            (self._name, where.generation, where.lane, position),
        )
        return bool(cursor.rowcount)

    def _row(self, where: Where, event: ParkedEvent) -> tuple[object, ...]:
        place = (event.stream.bytes, event.version, event.position, where.lane)
        return self._name, where.generation, *place, event.error


@dataclass(frozen=True)
class Parked:
    """A parked event, for those who look after it."""

    stream: UUID
    version: int
    position: int
    lane: int
    error: str
    """Type and message, then where it was raised."""
    parked_at: datetime


def parked_counts(datastore: Datastore) -> dict[str, int]:
    """Return how many events of each projection's live tables are parked; 0 is said too."""
    views = datastore.settings.views
    with datastore.cursor() as cursor:
        cursor.execute(
            f"SELECT p.name, COUNT(k.stream) FROM {views}.projection p LEFT JOIN {views}.parked k"
            " ON k.projection = p.name AND k.generation = p.generation GROUP BY p.name"
        )
        return {name: int(count) for name, count in cursor.fetchall()}


def parked_events(datastore: Datastore, projection_name: str, limit: int) -> list[Parked]:
    """Return the first parked events of a projection's live tables, by position."""
    views = datastore.settings.views
    with datastore.cursor() as cursor:
        cursor.execute(
            "SELECT k.stream, k.version, k.position, k.lane, k.error, k.parked_at"
            f" FROM {views}.projection p JOIN {views}.parked k"
            " ON k.projection = p.name AND k.generation = p.generation"
            " WHERE p.name = %s ORDER BY k.position LIMIT %s",
            (projection_name, limit),
        )
        return [
            Parked(UUID(bytes=stream), version, position, lane, error, at.replace(tzinfo=UTC))
            for stream, version, position, lane, error, at in cursor.fetchall()
        ]
