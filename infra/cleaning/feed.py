"""Clean the feed: old rows go, oldest first, so that what is kept has no hole.

A reader whose place lies before the oldest row that is kept is told so, and fetches a snapshot.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from pymysql.cursors import Cursor

from infra.eventstore.datastore import Datastore

#: The newest rows of a lane, which stay however old they are: in a quiet installation whoever
#: comes back resumes, too. What the gateway keeps in memory for the same purpose.
KEPT_ROWS = 10_000

#: Rows deleted in one transaction. Of the largest documents they have 25 MB, which the binlog
#: carries once more.
BATCH = 200


#: Days by which a row lies ahead of the server's clock when that was surely set back since.
AHEAD_DAYS = 1


@dataclass(frozen=True)
class _Lane:
    """A lane of one projection's feed."""

    projection: str
    lane: int
    head: int
    """The last number that was given out."""


def clean_feed(
    datastore: Datastore, days: int, enough: Callable[[], bool], kept_rows: int = KEPT_ROWS
) -> int:
    """Delete rows older than `days`, but for the newest of each lane; return how many.

    In small transactions, each on the oldest rows of one lane: nobody who writes or reads the feed
    waits for it, and what was done when `enough` says so stays done. Safe to run twice at once.

    Raises:
        PersistenceError: the server is away or has other troubles; go on later.
    """
    deleted = 0
    with datastore.cursor() as cursor:
        for lane in _lanes(cursor, datastore.settings.views):
            while not enough():
                batch = _clean(cursor, datastore.settings.views, lane, days, kept_rows)
                deleted += batch
                if batch < BATCH:
                    break
    return deleted


def _lanes(cursor: Cursor, views: str) -> Sequence[_Lane]:
    cursor.execute(
        f"SELECT p.name, c.lane, c.seq FROM {views}.projection p JOIN {views}.checkpoint c"
        " ON c.projection = p.name AND c.generation = p.generation ORDER BY p.name, c.lane"
    )
    return [_Lane(*row) for row in cursor.fetchall()]


def _clean(cursor: Cursor, views: str, lane: _Lane, days: int, kept_rows: int) -> int:
    """Delete the oldest rows of a lane while they are old; by their numbers, which have no hole.

    Not by their age alone: a server's clock may have been set back, and a row in the middle of
    younger ones must stay. One that lies ahead of the clock counts as old: nobody knows its age,
    and all that come after it would stay until the clock is there.
    """
    place = (lane.projection, lane.lane)
    cursor.execute(
        "SELECT seq, recorded_at < UTC_TIMESTAMP(6) - INTERVAL %s DAY"
        f" OR recorded_at > UTC_TIMESTAMP(6) + INTERVAL {AHEAD_DAYS} DAY FROM {views}.feed"
        " WHERE projection = %s AND lane = %s AND seq <= %s ORDER BY seq LIMIT %s",
        (days, *place, lane.head - kept_rows, BATCH),
    )
    old = [seq for seq, is_old in takewhile(lambda row: row[1], cursor.fetchall())]
    if not old:
        return 0
    cursor.execute(
        f"DELETE FROM {views}.feed WHERE projection = %s AND lane = %s AND seq BETWEEN %s AND %s",
        (*place, old[0], old[-1]),
    )
    return len(old)
