"""One look at a server: which log it has, how far it is, and whether it may answer.

Only what the application's account may see is asked for. SHOW SLAVE STATUS is not among it, and is
not needed: what a replica lacks is what the primary's checkpoints show and its own do not.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from pymysql.cursors import Cursor

from infra.eventstore.datastore import Datastore
from infra.eventstore.settling import NIL
from infra.position import EPOCH_DIGITS
from infra.projecting.place import LanePlace
from infra.replicas.needed import Moment

#: Events that are counted, at most: who lacks more reads "at least".
MOST_COUNTED = 100_000

_NOWHERE = LanePlace(-1, -1)


@dataclass(frozen=True)
class Seen:
    """What one look found."""

    server_id: int
    read_only: bool
    epoch: UUID | None
    """The log's; None if there is none."""
    mark: int
    """The log is settled up to here."""
    feed_epoch: str = ""
    """The epoch of the views' feed; empty if there are no views."""
    generation: int = 0
    """Of the views' tables: a rebuild puts the next one in place."""
    lanes: Mapping[int, LanePlace] = field(default_factory=dict)
    """The checkpoint of each lane of the views; empty if there are none."""

    @property
    def positions(self) -> dict[int, int]:
        """The position that each lane of the views has reached."""
        return {lane: place.position for lane, place in self.lanes.items()}

    @property
    def moment(self) -> Moment | None:
        """What answers from these views are compared with; None if there are no views."""
        if self.epoch is None or not self.lanes:
            return None
        total = sum(place.position + place.seq for place in self.lanes.values())
        epoch = self.epoch.hex[:EPOCH_DIGITS] + self.feed_epoch[:EPOCH_DIGITS]
        return Moment(epoch, self.generation, total)

    def covers(self, other: "Seen") -> bool:
        """Tell whether everything that `other` has is here, too.

        A rebuild moves no position, and a parked event that is retried moves none, either: the
        generation and the numbers of the feed tell of them.
        """
        return (
            self.epoch == other.epoch
            and self.mark >= other.mark
            and self.generation >= other.generation
            and all(self._place(lane).covers(place) for lane, place in other.lanes.items())
        )

    def is_older_by_events_only(self, other: "Seen") -> bool:
        """Tell whether all that `other` has and this has not may be new events of the log."""
        return self.generation >= other.generation and all(
            self._place(lane).position < place.position or self._place(lane).seq >= place.seq
            for lane, place in other.lanes.items()
        )

    def _place(self, lane: int) -> LanePlace:
        return self.lanes.get(lane, _NOWHERE)


def look(datastore: Datastore, projection: str) -> Seen:
    """Look at one server. One statement."""
    log, views = datastore.settings.log, datastore.settings.views
    with datastore.cursor() as cursor:
        cursor.execute(  # some versions say 0 or 1, others OFF or a kind of ON
            "SELECT @@server_id, CAST(@@read_only AS CHAR) NOT IN ('0', 'OFF'),"
            f" (SELECT epoch FROM {log}.epoch ORDER BY number DESC LIMIT 1),"
            f" (SELECT mark FROM {log}.settled),"
            " p.feed_epoch, p.generation, (SELECT JSON_ARRAYAGG(JSON_ARRAY(lane, position, seq))"
            f" FROM {views}.checkpoint WHERE projection = p.name AND generation = p.generation)"
            f" FROM (SELECT 1) one LEFT JOIN {views}.projection p ON p.name = %s",
            (projection,),
        )
        row = cursor.fetchone() or (0, 0, None, 0, None, None, None)
    server_id, read_only, epoch, mark, feed_epoch, generation, lanes = row
    return Seen(
        server_id=server_id,
        read_only=bool(read_only),
        epoch=UUID(bytes=epoch) if epoch else None,
        mark=mark or 0,
        feed_epoch=feed_epoch.hex() if feed_epoch else "",
        generation=generation or 0,
        lanes={lane: LanePlace(*place) for lane, *place in json.loads(lanes or "[]")},
    )


def refusal(replica: Seen, primary: Seen) -> str:
    """Return why a server is no replica of this log; empty if it is one."""
    if replica.epoch != primary.epoch:
        return (
            f"it has another history of the log (epoch {replica.epoch}, the primary has "
            f"{primary.epoch}): it is no replica of this log, or is not as far as its last epoch"
        )
    if replica.server_id == primary.server_id:
        return f"it is the primary itself (both have server_id {primary.server_id})"
    if not replica.read_only:
        return "it takes writes (read_only is OFF): a primary, or a replica that needs read_only=1"
    if not replica.lanes:
        return "its views are not there yet"
    return ""


def age_of_lacking(primary: Datastore, replica: Seen, there: Seen) -> float:
    """Return the seconds since the primary got the oldest event that the replica lacks; 0 if none.

    Of what the look `there` has found on the primary. At most one short statement a lane, and one.
    """
    log = primary.settings.log
    with primary.cursor() as cursor:
        ages = [_age(cursor, log, replica.mark, there.mark)]
        ages += [
            _age(cursor, log, replica.positions.get(lane, 0), upto, lane)
            for lane, upto in there.positions.items()
        ]
    return max(ages)


def count_lacking(primary: Datastore, replica: Seen, there: Seen) -> int:
    """Return how many events the replica's views lack of the primary's; counted up to a bound."""
    total = 0
    with primary.cursor() as cursor:
        for lane, upto in there.positions.items():
            cursor.execute(
                f"SELECT COUNT(*) FROM (SELECT 1 FROM {primary.settings.log}.event"
                " WHERE position > %s AND position <= %s AND lane = %s AND stream <> %s"
                " LIMIT %s) lacking",
                (replica.positions.get(lane, 0), upto, lane, NIL, MOST_COUNTED),
            )
            total += (cursor.fetchone() or (0,))[0]
    return total


def _age(cursor: Cursor, log: str, after: int, upto: int, lane: int | None = None) -> float:
    """Return the age of the first event above `after` and up to `upto`, 0 if there is none."""
    if upto <= after:
        return 0.0
    cursor.execute(
        "SELECT TIMESTAMPDIFF(MICROSECOND, recorded_at, UTC_TIMESTAMP(6)) / 1e6"
        f" FROM {log}.event WHERE position > %s AND position <= %s AND stream <> %s"
        " AND (%s IS NULL OR lane = %s) ORDER BY position LIMIT 1",
        (after, upto, NIL, lane, lane),
    )
    row = cursor.fetchone()
    return max(0.0, float(row[0])) if row else 0.0
