"""What Redis says of the feed.

Its pub/sub may fall silent without an error (redis-py issues 2417, 1427), so it is probed: by a
message of our own when nothing came for a while.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from typing import Any, NoReturn

import msgspec
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

#: One channel for each lane follows.
CHANNEL = "ringi:feed:workspace:"

#: Silence after which the subscription is probed, and then given up, in seconds.
_SILENCE_S = 3.0

#: The longest wait between two tries to reach Redis, in seconds.
_RETRY_S = 1.0


class _Published(msgspec.Struct):
    lane: int
    first: int = msgspec.field(name="from")
    to: int
    messages: list[msgspec.Raw] | None = None


_published = msgspec.json.Decoder(_Published)


class News:
    """Rows that were published, or only that there are some."""

    def __init__(self, payload: bytes) -> None:
        """Read what the publisher said.

        Raises:
            msgspec.DecodeError: It is something else.
        """
        published = _published.decode(payload)
        self.lane = published.lane
        self.first = published.first
        self.messages = published.messages or []
        self.complete = len(self.messages) == published.to - published.first + 1


class SilenceError(Exception):
    """The subscription did not bring even our own message."""


class Announcements:
    """A subscription that is made anew whenever it breaks or falls silent."""

    def __init__(self, url: str, node: str, received: Callable[[News | None], None]) -> None:
        self._url = url
        self._probe = f"ringi:probe:{node}"
        self._received = received
        self.alive = False
        """Whether something came lately."""

    async def run(self) -> NoReturn:
        """Hand over what is published until cancelled, and None after each new subscription."""
        while True:
            try:
                await self._follow()
            except (RedisError, OSError, TimeoutError, SilenceError) as error:
                if self.alive:
                    log.warning("Redis is away: %s: %s", type(error).__name__, error)
                self.alive = False
            await asyncio.sleep(_RETRY_S * random.uniform(0.1, 1))  # noqa: S311  # not a secret

    async def _follow(self) -> NoReturn:
        redis = Redis.from_url(
            self._url,
            socket_timeout=_SILENCE_S,
            socket_connect_timeout=_SILENCE_S,
            retry=Retry(NoBackoff(), 0),
        )
        async with redis, redis.pubsub() as pubsub:
            await pubsub.psubscribe(f"{CHANNEL}*")
            await pubsub.subscribe(self._probe)
            while True:
                await self._next(redis, pubsub)

    async def _next(self, redis: Redis, pubsub: PubSub) -> None:
        message = await _message(pubsub)
        if message is None:
            await redis.publish(self._probe, "?")
            message = await _message(pubsub)
        if message is None:
            raise SilenceError(f"nothing came for {2 * _SILENCE_S} s, not even our own message")
        if not self.alive:
            log.info("Redis is there")
            self.alive = True
        if message["type"] == "pmessage":
            self._hear(message["data"])
        elif message["type"] in ("psubscribe", "subscribe"):
            self._received(None)

    def _hear(self, payload: bytes) -> None:
        try:
            news = News(payload)
        except msgspec.DecodeError as error:
            log.error("what was published cannot be read: %s", error)  # noqa: TRY400
            self._received(None)
        else:
            self._received(news)


async def _message(pubsub: PubSub) -> dict[str, Any] | None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SILENCE_S):
            message: dict[str, Any] | None = await pubsub.get_message(timeout=_SILENCE_S)
            return message
    return None
