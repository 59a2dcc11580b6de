"""A real feed to follow: rows written as a projection's batch writes them, and published."""

from collections.abc import Sequence

from redis import Redis

from infra.feed import Feed, FeedRow, Publisher
from infra.position import EPOCH_DIGITS
from infra.projecting.preparing import prepare
from infra.redis_clients import quick_client
from projections.workspace import WORKSPACE
from tests.gateway import a_message
from tests.servers import TestStore


class Teller:
    """Writes rows into the workspace's feed of a store, in place of the projection."""

    def __init__(self, store: TestStore, redis_url: str) -> None:
        factory = store.factory()
        factory.application_recorder()
        factory.tracking_recorder()
        self._datastore = factory.datastore
        self._views = factory.datastore.settings.views
        self._redis: Redis = quick_client(redis_url)
        prepare(self._datastore, WORKSPACE)
        self.feed = Feed(self._datastore, WORKSPACE.name)

    def tell(
        self, lane: int, *rows: Sequence[str], text: str = "", published: bool = True
    ) -> list[FeedRow]:
        """Commit a batch of rows, each given by its topics, then publish it (or lose it)."""
        epoch = self.feed.epoch()[:EPOCH_DIGITS]
        with self._datastore.transaction() as cursor:
            cursor.execute(
                f"SELECT seq FROM {self._views}.checkpoint"
                " WHERE projection = %s AND lane = %s FOR UPDATE",
                (WORKSPACE.name, lane),
            )
            ((last,),) = cursor.fetchall()
            told = [
                FeedRow(lane, seq, a_message(lane, seq, topics, epoch=epoch, text=text))
                for seq, topics in enumerate(rows, last + 1)
            ]
            cursor.execute(
                f"UPDATE {self._views}.checkpoint SET seq = %s WHERE projection = %s AND lane = %s",
                (last + len(rows), WORKSPACE.name, lane),
            )
            cursor.executemany(
                f"INSERT INTO {self._views}.feed (projection, lane, seq, message)"
                " VALUES (%s, %s, %s, %s)",
                [(WORKSPACE.name, lane, row.seq, row.message) for row in told],
            )
        if published:
            Publisher(self._redis).publish(WORKSPACE.name, lane, told)
        return told
