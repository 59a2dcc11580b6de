"""Wake-ups: hints that a lane has news, from whoever appended to whoever projects.

A wake-up may be lost or doubled without harm: the scheduler's tick sends one anyway. Where a
worker lingers on the lane it gets the hint at once; else one message is sent for all writers.
All of this lives in the Redis of Dramatiq's broker.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import cast
from uuid import uuid4

from redis import Redis

from infra.redis_clients import Outage

#: Seconds for which a message that was sent stands for later ones, unless an actor starts before.
PENDING_S = 5

#: Seconds until the flag of a worker that died no longer says that somebody lingers.
FLAG_S = 2.0

#: Seconds that a lingerer blocks for news, at most.
BLOCK_S = 1.0

#: Messages in Dramatiq's queue from which on writers send no further ones, and for each lane those
#: from which on the tick sends none: where no worker runs, the queue must not grow for ever.
MOST_QUEUED = 1_000
MOST_TICKS_QUEUED = 2

#: Dramatiq's queue of wake-ups, and where its Redis broker keeps it.
QUEUE = "catch_up"
QUEUE_KEY = f"dramatiq:{QUEUE}"

#: For each lane whether somebody lingers there (then he has the news now), or a message must be
#: sent. Returns the places, from 1, of the lanes that need one.
_GROWN = """
local needing = {}
local full = redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[2])
for at = 2, #KEYS, 3 do
    if redis.call('PTTL', KEYS[at]) > 0 then
        if redis.call('LLEN', KEYS[at + 1]) == 0 then
            redis.call('RPUSH', KEYS[at + 1], '1')
            redis.call('PEXPIRE', KEYS[at + 1], ARGV[1])
        end
    elseif not full and redis.call('SET', KEYS[at + 2], '1', 'NX', 'PX', ARGV[1]) then
        needing[#needing + 1] = (at + 1) / 3
    end
end
return needing
"""

#: Take the flag if nobody has it, or if the one has it who asked to be relieved.
_TAKE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1
"""

_KEEP = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""

_GIVE_UP = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 0
"""


def _flag(lane: int) -> str:
    return f"ringi:lingers:{lane}"


def _news(lane: int) -> str:
    return f"ringi:news:{lane}"


def _pending(lane: int) -> str:
    return f"ringi:woken:{lane}"


class Wakeup:
    """The side of those who know of news. Safe to use from many threads.

    `redis` must give up quickly (`infra.redis_clients.quick_client`), and so must `send`, which
    sends one message for a lane. While Redis is away nothing is tried for a second at a time.
    """

    def __init__(self, redis: Redis, send: Callable[[int], None]) -> None:
        self._redis = redis
        self._send = send
        self._grown = redis.register_script(_GROWN)
        self._outage = Outage("projections look once a second until it is back")

    def grown(self, lanes: set[int]) -> None:
        """Tell that these lanes have news: call it after the commit. Never raises for Redis."""
        if not lanes:
            return
        ordered = sorted(lanes)
        keys = [key for lane in ordered for key in (_flag(lane), _news(lane), _pending(lane))]
        with self._outage.attempt() as may:
            if may:
                needing = cast(
                    "list[int]",
                    self._grown(keys=[QUEUE_KEY, *keys], args=[PENDING_S * 1000, MOST_QUEUED]),
                )
                for place in needing:
                    self._send(ordered[int(place) - 1])

    def tick(self, lanes: int) -> None:
        """Send a message for every lane where nobody lingers, whatever was sent before.

        Raises:
            RedisError: Redis is away, or takes no writes.
        """
        if self._redis.llen(QUEUE_KEY) < MOST_TICKS_QUEUED * lanes:
            for lane in self.unattended(lanes):
                self._send(lane)

    def unattended(self, lanes: int) -> Sequence[int]:
        """Return the lanes where nobody lingers. Only reads.

        A flag that never ends is nobody's: a claim that is not renewed is void.

        Raises:
            RedisError: Redis is away.
        """
        pipeline = self._redis.pipeline(transaction=False)
        for lane in range(lanes):
            pipeline.pttl(_flag(lane))
        return [lane for lane, left_ms in enumerate(pipeline.execute()) if left_ms <= 0]

    def begun(self, lane: int) -> None:
        """Tell that a message has arrived: what comes to the lane from now on needs another."""
        with self._outage.attempt() as may:
            if may:
                self._redis.delete(_pending(lane))


class Lingerer:
    """A worker's claim to be the one who waits for a lane's news. For one thread.

    A claim that is not renewed for two seconds is void. Every method raises RedisError if Redis
    is away.
    """

    def __init__(self, redis: Redis, lane: int) -> None:
        self.token = uuid4().hex
        """Names this claim, for the one who is to take over."""
        self._redis = redis
        self._lane = lane

    def take(self, predecessor: str | None) -> bool:
        """Claim the lane; return False if somebody else has it who is not `predecessor`."""
        milliseconds = int(FLAG_S * 1000)
        flag = _flag(self._lane)
        return bool(self._redis.eval(_TAKE, 1, flag, self.token, predecessor or "", milliseconds))

    def wait(self) -> None:
        """Block until there is news, at most for a second."""
        self._redis.blpop([_news(self._lane)], timeout=BLOCK_S)

    def keep(self) -> bool:
        """Renew the claim; return False if it is void, or somebody else's by now."""
        milliseconds = int(FLAG_S * 1000)
        return bool(self._redis.eval(_KEEP, 1, _flag(self._lane), self.token, milliseconds))

    def give_up(self) -> None:
        """Withdraw the claim, if it still stands. Idempotent."""
        self._redis.eval(_GIVE_UP, 1, _flag(self._lane), self.token)


@contextmanager
def lingering(redis: Redis, lane: int, predecessor: str | None) -> Iterator[Lingerer | None]:
    """Give the claim on a lane, None if somebody else has it; withdrawn at the end.

    `redis` is this lingerer's own (`infra.redis_clients.blocking_client`), and is closed.

    Raises:
        RedisError: Redis is away.
    """
    lingerer = Lingerer(redis, lane)
    try:
        if not lingerer.take(predecessor):
            yield None
            return
        try:
            yield lingerer
        finally:
            lingerer.give_up()
    finally:
        redis.close()
