"""Projecting while the queues' Redis is away: a look at every lane, about once a second.

No message reaches a worker then, and no tick either. Views are up to a second or two behind, which
is seen; they do not stand still.
"""

import logging
from collections.abc import Callable
from threading import Event

from eventsourcing.persistence import PersistenceError
from redis import Redis, RedisError

#: Seconds between two looks at Redis, and at every lane while it is away.
LOOK_S = 1.0

logger = logging.getLogger(__name__)


def attend(
    redis: Redis, lanes: Callable[[], int], look: Callable[[int], object], stop: Event
) -> None:
    """Let `look` bring every lane up to date whenever `redis` does not answer, until `stop` is set.

    `redis` must give up quickly (`infra.redis_clients.quick_client`). Beside other workers that do
    the same nothing is done twice; `look` must not raise for a server that is away.
    """
    away = False
    while not stop.wait(LOOK_S):
        was_away, away = away, not _answers(redis)
        if away and not was_away:
            logger.warning("Redis is away: every lane is looked at once a second")
        if away:
            try:
                for lane in range(lanes()):
                    look(lane)
            except PersistenceError as error:  # how many lanes there are is asked once
                logger.error("the log does not answer, either: %s", error)  # noqa: TRY400


def _answers(redis: Redis) -> bool:
    try:
        return bool(redis.ping())
    except RedisError:
        return False
