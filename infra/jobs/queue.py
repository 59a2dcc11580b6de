"""Hints on Dramatiq's queue that a job is due. They may be lost or doubled without harm."""

from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

import dramatiq
import msgspec
from redis import Redis

from infra.feed import FeedRow
from infra.redis_clients import Outage

#: Dramatiq's queue of jobs, the name of its actor, and where its Redis broker keeps it.
QUEUE = "jobs"
QUEUE_KEY = f"dramatiq:{QUEUE}"

#: Jobs that one message tells of, at most.
GROUP = 32

#: Messages in the queue from which on no further ones are sent: where no worker runs, it must not
#: grow for ever. What is not told now is told when it is still due later.
MOST_QUEUED = 1_000

#: Seconds for which a hint that was sent stands for later ones for the same reason.
PENDING_S = 5

#: Mark each job for which no hint stands yet, as long as there is room; return their places.
_HINT = """
local room = (tonumber(ARGV[2]) - redis.call('LLEN', KEYS[1])) * tonumber(ARGV[3])
local needing = {}
for at = 2, #KEYS do
    if #needing < room and redis.call('SET', KEYS[at], '1', 'NX', 'PX', ARGV[1]) then
        needing[#needing + 1] = at - 2
    end
end
return needing
"""


Due = tuple[UUID, int]
"""A job, and the version of the event that made it due."""


class _Told(msgspec.Struct):
    topics: list[str]
    version: int


_told = msgspec.json.Decoder(_Told)


class JobQueue:
    """The side of those who know that jobs are due. Safe to use from many threads.

    `redis` must give up quickly (`infra.redis_clients.quick_client`), and so must `send`. While
    Redis is away nothing is tried for a second at a time.
    """

    def __init__(self, redis: Redis, send: Callable[["dramatiq.Message[None]"], object]) -> None:
        self._send = send
        self._hint = redis.register_script(_HINT)
        self._outage = Outage("jobs begin when it is back")

    def hint(self, jobs: Sequence[Due]) -> int:
        """Tell of each job of which no message does; return how many. Never raises for Redis."""
        told = 0
        if jobs:
            with self._outage.attempt() as may:
                if may:
                    marks = (f"ringi:hinted:{job}:{version}" for job, version in jobs)
                    keys = [QUEUE_KEY, *marks]
                    needing = self._hint(keys=keys, args=[PENDING_S * 1000, MOST_QUEUED, GROUP])
                    for group in _groups([jobs[int(place)][0] for place in needing]):
                        self._send(job_message(group))
                        told += len(group)
        return told

    def hand_back(self, jobs: Sequence[UUID]) -> None:
        """Tell others of jobs that a message told of; never raises for Redis.

        Two messages, so that many threads soon have one each.
        """
        half = len(jobs) // 2
        with self._outage.attempt() as may:
            if may:
                for part in (jobs[:half], jobs[half:]):
                    if part:
                        self._send(job_message(part))

    def told(self, _lane: int, rows: Sequence[FeedRow]) -> None:
        """Send hints for what `projections.jobs` has just told; never raises for Redis."""
        told = [_told.decode(row.message) for row in rows]
        self.hint([(UUID(each.topics[0].removeprefix("job:")), each.version) for each in told])


def job_message(jobs: Sequence[UUID]) -> "dramatiq.Message[None]":
    """Return the message for `workers.run_job`."""
    return dramatiq.Message(
        queue_name=QUEUE, actor_name=QUEUE, args=tuple(map(str, jobs)), kwargs={}, options={}
    )


def _groups(jobs: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    return (jobs[first : first + GROUP] for first in range(0, len(jobs), GROUP))
