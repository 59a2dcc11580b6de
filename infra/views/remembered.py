"""What a process remembers of the views, for as long as the feed tells of no change there."""

import logging
from collections.abc import Callable, Hashable, Mapping
from threading import Event, Lock, Thread
from time import monotonic
from typing import TypeVar, cast

import msgspec
from eventsourcing.persistence import PersistenceError
from redis import Redis, RedisError
from redis.client import PubSub

from infra.feed import Feed, channel
from infra.position import EPOCH_DIGITS

Answer = TypeVar("Answer")

#: Seconds between two comparisons of the feed's heads: a message that was lost, because a worker
#: died between its commit and its PUBLISH, is noticed by then.
COMPARE_S = 1.0

#: Seconds for which a comparison counts; then nothing is remembered until the next one.
STANDS_S = 2.5

#: Answers that are kept, at most: tokens in use and definitions.
KEPT = 10_000

#: What a message of the feed says where people, tokens, definitions or calendars have changed.
_CHANGED = (b'"directory:', b'"definition:', b'"calendar:')

logger = logging.getLogger(__name__)


class _Heard(msgspec.Struct, rename={"first": "from", "last": "to"}):
    """What is published of a lane's new rows."""

    lane: int
    first: int
    last: int
    messages: msgspec.Raw = msgspec.Raw()


class Remembered:
    """Keeps answers about people, definitions and calendars until one of these has changed.

    A change is heard over Redis as soon as it is published, some milliseconds after the views show
    it; at most COMPARE_S later where the message was lost. While Redis or the database is away
    nothing is remembered, and every question is asked. Safe to use from many threads, and after a
    fork. Connects when first used, in a thread of its own.
    """

    def __init__(self, feed: Feed, projection: str, client: Callable[[], Redis]) -> None:
        """`client` returns a new client of the pub/sub Redis, for one thread that waits."""
        self._feed = feed
        self._projection = projection
        self._client = client
        self._kept: dict[Hashable, tuple[object, float]] = {}
        self._stands_until = 0.0
        self._changes = 0
        self._ours = b""
        self._heads: Mapping[int, int] = {}
        """The lanes' heads in the database, at the last comparison."""
        self._known: dict[int, int] = {}
        """Up to where each lane's rows are accounted for: by a comparison, or heard one by one."""
        self._alone = Lock()
        self._stop = Event()
        self._follower: Thread | None = None

    def recall(
        self, key: Hashable, ask: Callable[[], tuple[Answer | None, float]]
    ) -> Answer | None:
        """Return the answer that is kept, else ask for it; None is never kept.

        `ask` returns the answer, and for how many seconds it holds by itself.
        """
        now = monotonic()
        if now > self._stands_until:
            self._follow()
            return ask()[0]
        kept = self._kept.get(key)
        if kept is not None and now < kept[1]:
            return cast("Answer", kept[0])
        changes = self._changes
        answer, seconds = ask()
        with self._alone:
            if answer is not None and changes == self._changes:
                if len(self._kept) >= KEPT:
                    self._kept.clear()
                self._kept[key] = (answer, now + seconds)
        return answer

    def forget(self) -> None:
        """Ask again, whatever is kept: somebody has seen what came after it."""
        with self._alone:
            self._changes += 1
            self._kept.clear()

    def close(self) -> None:
        """End the thread; it notices within COMPARE_S. Idempotent."""
        self._stop.set()

    # In the thread that follows

    def _follow(self) -> None:
        with self._alone:
            if self._stop.is_set() or (self._follower and self._follower.is_alive()):
                return
            self._follower = Thread(target=self._run, name="remembered", daemon=True)
            self._follower.start()

    def _run(self) -> None:
        complaint = ""
        while not self._stop.is_set():
            try:
                with self._client() as redis, redis.pubsub(ignore_subscribe_messages=True) as heard:
                    self._listen(heard)
            except (RedisError, PersistenceError, msgspec.MsgspecError) as error:
                if str(error) != complaint:
                    logger.warning("nothing is remembered: %s", error)
                complaint = str(error)
            self._stands_until = 0.0
            self._stop.wait(COMPARE_S)

    def _listen(self, heard: PubSub) -> None:
        """Listen until something is away. Raises what that raises."""
        self._ours = b'"position":"%s.' % self._feed.epoch()[:EPOCH_DIGITS].encode()
        lanes = self._feed.heads()
        heard.subscribe(*(channel(self._projection, lane) for lane in lanes))
        self.forget()
        self._heads, self._known = {}, {}
        while not self._stop.is_set():
            asked_at = monotonic()
            self._compare(self._feed.heads(), asked_at)
            while (left := asked_at + COMPARE_S - monotonic()) > 0 and not self._stop.is_set():
                message = heard.get_message(timeout=left)
                if message is not None:
                    self._hear(message["data"])

    def _compare(self, heads: Mapping[int, int], asked_at: float) -> None:
        """Forget what may be old where a lane has rows that were not heard of, or begins anew."""
        for lane, head in heads.items():
            if head > self._known.get(lane, -1) or head < self._heads[lane]:
                self.forget()
                self._known[lane] = head
        self._heads = heads
        self._stands_until = asked_at + STANDS_S

    def _hear(self, data: bytes) -> None:
        """Forget what a message says has changed, or may have: where it does not follow the last.

        Other installations may publish over the same Redis: what is not of our log is passed over.
        """
        heard = _heard.decode(data)
        if heard.messages and self._ours not in data:
            return
        known = self._known.get(heard.lane, -1)
        if not heard.messages or heard.first > known + 1:
            self.forget()  # the comparison says how far that was
            return
        if any(each in data for each in _CHANGED):
            self.forget()
        self._known[heard.lane] = max(heard.last, known)


_heard = msgspec.json.Decoder(_Heard)
