"""How far a projection's rows are, as a reader sees it; and waiting until they are far enough."""

from dataclasses import dataclass
from time import monotonic, sleep

from pymysql.cursors import Cursor

from infra.eventstore.datastore import Datastore

#: Seconds between two looks, at first and at most.
FIRST_WAIT_S, LONGEST_WAIT_S = 0.001, 0.02


@dataclass(frozen=True)
class LanePlace:
    """How far one lane is."""

    position: int
    """Everything of the lane up to here is in the rows."""
    seq: int
    """The last feed row that tells of it."""

    def covers(self, other: "LanePlace") -> bool:
        """Tell whether it is as far as `other`."""
        return self.position >= other.position and self.seq >= other.seq


@dataclass(frozen=True)
class Place:
    """How far a projection is; read it in the transaction that reads the rows."""

    generation: int
    lanes: dict[int, LanePlace]


def read_place(cursor: Cursor, projection: str, views: str) -> Place:
    """Return the place of a projection's live tables. One statement.

    Raises:
        KeyError: the projection was never prepared.
    """
    cursor.execute(
        f"SELECT p.generation, c.lane, c.position, c.seq FROM {views}.projection p"
        f" JOIN {views}.checkpoint c ON c.projection = p.name AND c.generation = p.generation"
        " WHERE p.name = %s",
        (projection,),
    )
    rows = cursor.fetchall()
    if not rows:
        raise KeyError(projection)
    lanes = {lane: LanePlace(position, seq) for _, lane, position, seq in rows}
    return Place(rows[0][0], lanes)


def wait_for(
    datastore: Datastore, projection: str, lane: int, position: int, timeout_s: float
) -> bool:
    """Wait until a lane's rows have reached `position`; return whether they have.

    `position` must be of an event of that lane which the projection folds: a checkpoint does not
    move for every event that it passes over. Holds no connection between two looks.
    """
    views = datastore.settings.views
    deadline, wait_s = monotonic() + timeout_s, FIRST_WAIT_S
    while True:
        with datastore.cursor() as cursor:
            cursor.execute(
                f"SELECT c.position >= %s FROM {views}.projection p JOIN {views}.checkpoint c"
                " ON c.projection = p.name AND c.generation = p.generation AND c.lane = %s"
                " WHERE p.name = %s",
                (position, lane, projection),
            )
            row = cursor.fetchone()
        if row is not None and row[0]:
            return True
        left_s = deadline - monotonic()
        if left_s <= 0:
            return False
        sleep(min(wait_s, left_s))
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)
