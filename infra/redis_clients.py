"""Redis clients that give up in time, and what to do while Redis is away.

redis-py's defaults (five seconds' time-out, ten retries) turn a short wait into a minute, so no
client here has them.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

#: Seconds until a hint is given up: what waits behind it is somebody's command or a batch.
QUICK_S = 0.1

#: Seconds until a worker's own dealings with its queue are given up.
PATIENT_S = 2.0

#: Seconds for which a Redis that was away is not asked again.
PAUSE_S = 1.0

logger = logging.getLogger(__name__)


def quick_client(url: str) -> Redis:
    """Return a client whose every command ends within about 100 ms. Connects when first used.

    A connection that broke while it was idle is replaced at once, without a wait.
    """
    return Redis.from_url(
        url,
        socket_timeout=QUICK_S,
        socket_connect_timeout=QUICK_S,
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    )


def patient_client(url: str) -> Redis:
    """Return a client for work that may wait for a busy server; still no retries."""
    return Redis.from_url(
        url,
        socket_timeout=PATIENT_S,
        socket_connect_timeout=PATIENT_S,
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    )


def blocking_client(url: str, longest_block_s: float) -> Redis:
    """Return a client for one thread that blocks for up to `longest_block_s`. No retries."""
    return Redis.from_url(
        url,
        socket_timeout=longest_block_s + 1.0,
        socket_connect_timeout=1.0,
        retry=Retry(NoBackoff(), 0),
        max_connections=1,
    )


class Outage:
    """Whether Redis is away: logged once when it goes and once when it is back.

    Safe to use from many threads.
    """

    def __init__(self, consequence: str) -> None:
        self._consequence = consequence
        self._alone = Lock()
        self._until: float | None = None

    @contextmanager
    def attempt(self) -> Iterator[bool]:
        """Give whether to try now, and swallow what Redis raises in the block.

        False for a second after a failure.
        """
        if self._until is not None and monotonic() < self._until:
            yield False
            return
        try:
            yield True
        except RedisError as error:
            self._went(error)
        else:
            self._is_back()

    def _went(self, error: RedisError) -> None:
        with self._alone:
            known, self._until = self._until is not None, monotonic() + PAUSE_S
        if not known:
            logger.warning("Redis is away (%s): %s", type(error).__name__, self._consequence)

    def _is_back(self) -> None:
        if self._until is None:
            return
        with self._alone:
            known, self._until = self._until is not None, None
        if known:
            logger.info("Redis is back; it was away, so that %s", self._consequence)
