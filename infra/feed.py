"""The feed: what a projection told the world, kept in order, and published as it grows.

The rows are the truth. Publishing is a courtesy to whoever listens just now: it may be lost, and a
listener that sees a hole in `seq`, or a head that it has not heard of, reads the rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from redis import Redis

from infra.eventstore.datastore import Datastore
from infra.redis_clients import Outage

#: Bytes of the largest payload that carries its messages; beyond, listeners read the feed. Redis
#: keeps a copy for each of them, and cuts one off that has 32 MiB waiting.
LARGEST_PAYLOAD = 256 * 1024


@dataclass(frozen=True)
class FeedRow:
    """One change, as clients get it."""

    lane: int
    seq: int
    """Its number within the lane, from 1, without holes."""
    message: bytes
    """JSON, compact, in UTF-8."""


class Feed:
    """The kept rows of one projection's feed. Each method is one statement."""

    def __init__(self, datastore: Datastore, projection_name: str) -> None:
        views, log = datastore.settings.views, datastore.settings.log
        self._datastore = datastore
        self._name = projection_name
        self._epoch = (
            f"SELECT (SELECT epoch FROM {log}.epoch ORDER BY number DESC LIMIT 1), feed_epoch"
            f" FROM {views}.projection WHERE name = %s"
        )
        live = (
            f" FROM {views}.projection p JOIN {views}.checkpoint c"
            " ON c.projection = p.name AND c.generation = p.generation WHERE p.name = %s"
        )
        self._heads = "SELECT c.lane, c.seq" + live
        self._oldest = (
            "SELECT c.lane, COALESCE((SELECT MIN(f.seq)"
            f" FROM {views}.feed f WHERE f.projection = p.name AND f.lane = c.lane), c.seq + 1)"
        ) + live
        self._since = (
            f"SELECT seq, message FROM {views}.feed"
            " WHERE projection = %s AND lane = %s AND seq > %s ORDER BY seq LIMIT %s"
        )

    def epoch(self) -> str:
        """Return what a `seq` belongs to; with another epoch it means nothing. 16 characters.

        Raises:
            KeyError: the projection was never prepared.
        """
        with self._datastore.cursor() as cursor:
            cursor.execute(self._epoch, (self._name,))
            row = cursor.fetchone()
        if row is None:
            raise KeyError(self._name)
        return str(row[0].hex()[:8] + row[1].hex()[:8])

    def heads(self) -> dict[int, int]:
        """Return the last `seq` of each lane, 0 before the first."""
        return self._by_lane(self._heads)

    def oldest(self) -> dict[int, int]:
        """Return the lowest `seq` that is kept in each lane; head + 1 if none is."""
        return self._by_lane(self._oldest)

    def since(self, lane: int, after: int, limit: int) -> list[FeedRow]:
        """Return at most `limit` rows above `after`, in order."""
        with self._datastore.cursor() as cursor:
            cursor.execute(self._since, (self._name, lane, after, limit))
            return [FeedRow(lane, seq, message) for seq, message in cursor.fetchall()]

    def _by_lane(self, sql: str) -> dict[int, int]:
        with self._datastore.cursor() as cursor:
            cursor.execute(sql, (self._name,))
            return {int(lane): int(seq) for lane, seq in cursor.fetchall()}


def channel(projection: str, lane: int) -> str:
    """Return the name of the channel that a lane's rows are published on."""
    return f"ringi:feed:{projection}:{lane}"


def payload(lane: int, rows: Sequence[FeedRow]) -> bytes:
    """Return what is published of consecutive rows; without their messages if that is too large."""
    head = b'{"lane":%d,"from":%d,"to":%d' % (lane, rows[0].seq, rows[-1].seq)
    size = sum(len(row.message) + 1 for row in rows) + len(head)
    if size > LARGEST_PAYLOAD:
        return head + b"}"
    return head + b',"messages":[' + b",".join(row.message for row in rows) + b"]}"


class Publisher:
    """Tells listeners of committed rows. At most once; one PUBLISH a batch.

    Safe to use from many threads. A Redis that is away is logged once, and asked again after a
    second; `redis` must be a client that gives up quickly (`infra.redis_clients.quick_client`).
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._outage = Outage("the feed is not published, listeners read it instead")

    def publish(self, projection: str, lane: int, rows: Sequence[FeedRow]) -> None:
        """Publish consecutive rows of a lane. Never raises for what Redis does."""
        if rows:
            with self._outage.attempt() as may:
                if may:
                    self._redis.publish(channel(projection, lane), payload(lane, rows))
