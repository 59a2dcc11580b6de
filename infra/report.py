"""How far the work is, for `ringi status`: lag of each lane, what is parked, what is queued."""

from collections.abc import Mapping, Sequence

from pymysql.cursors import Cursor
from redis import Redis, RedisError

from infra.eventstore.datastore import Datastore
from infra.eventstore.settling import NIL
from infra.jobs.queue import QUEUE as JOBS
from infra.mail.due import QUEUE as MAIL
from infra.mail.overview import counts
from infra.projecting.parking import parked_counts
from infra.schedule import Schedule
from infra.wakeup import QUEUE as CATCH_UP
from projections.registry import PROJECTIONS

#: Unread events that are counted, at most: whoever is further behind reads "at least".
MOST_COUNTED = 100_000

#: Every queue of the broker; Dramatiq keeps each under `dramatiq:<name>`.
QUEUES = (CATCH_UP, JOBS, MAIL)

Rows = Sequence[Mapping[str, object]]


def report(datastore: Datastore, redis: Redis) -> Mapping[str, Rows]:
    """Return the tables of a status, by title. Lag is in events, and in seconds of the oldest."""
    return {
        "lanes": lanes(datastore),
        "parked": parked(datastore),
        "queues": queues(redis),
        "mail": [counts(datastore)],
        "schedule": Schedule(datastore).rows(),
    }


def lanes(datastore: Datastore) -> Rows:
    """Return a row for each projection and lane."""
    views = datastore.settings.views
    with datastore.cursor() as cursor:
        cursor.execute(
            "SELECT p.name, p.generation, c.lane, c.position, c.seq"
            f" FROM {views}.projection p JOIN {views}.checkpoint c"
            " ON c.projection = p.name AND c.generation = p.generation ORDER BY p.name, c.lane"
        )
        return [
            {
                "projection": name,
                "generation": generation,
                "lane": lane,
                "position": position,
                "seq": seq,
                **_lag(cursor, datastore.settings.log, name, lane, position),
            }
            for name, generation, lane, position, seq in cursor.fetchall()
        ]


def _lag(
    cursor: Cursor, log: str, projection: str, lane: int, position: int
) -> Mapping[str, object]:
    """Count what the projection has still to fold; what it passes over is no lag."""
    topics = next((list(each.topics) for each in PROJECTIONS if each.name == projection), [""])
    cursor.execute(
        "SELECT COUNT(*), COALESCE(TIMESTAMPDIFF(MICROSECOND, MIN(recorded_at),"
        f" UTC_TIMESTAMP(6)) / 1e6, 0) FROM (SELECT recorded_at FROM {log}.event"
        " WHERE position > %s AND lane = %s AND stream <> %s AND topic IN %s"
        " ORDER BY position LIMIT %s) unread",
        (position, lane, NIL, topics, MOST_COUNTED),
    )
    row = cursor.fetchone()
    assert row is not None  # noqa: S101  # an aggregate without GROUP BY has one row
    return {"lag_events": row[0], "lag_s": round(max(0.0, float(row[1])), 3)}


def parked(datastore: Datastore) -> Rows:
    """Return a row for each projection: how many events it could not fold."""
    return [
        {"projection": name, "parked": count} for name, count in parked_counts(datastore).items()
    ]


def queues(redis: Redis) -> Rows:
    """Return a row for each queue of the broker; an error where Redis is away."""
    try:
        return [{"queue": queue, "messages": redis.llen(f"dramatiq:{queue}")} for queue in QUEUES]
    except RedisError as error:
        return [{"queue": queue, "messages": f"unknown: {error}"} for queue in QUEUES]
