"""Brings the feed's news to the hub: by Redis at once, by the feed's heads in any case."""

import asyncio
import logging
from collections.abc import Iterator
from typing import NoReturn

from infra.position import EPOCH_DIGITS
from realtime.announcements import Announcements, News
from realtime.hub import Hub
from realtime.limits import Limits
from realtime.row import MalformedRowError, Row
from realtime.steps import UnavailableError
from realtime.threads import Threads

log = logging.getLogger(__name__)


class FeedReader:
    """Keeps one hub up to date. All it does is repeatable; what fails is tried again."""

    def __init__(self, hub: Hub, redis_url: str, limits: Limits, node: str) -> None:
        self._hub = hub
        self._limits = limits
        self._threads = Threads(2, limits.answer_s)
        self._announcements = Announcements(redis_url, node, self._received)
        self._look = asyncio.Event()
        self._looked_at: float | None = None

    @property
    def hears_redis(self) -> bool:
        """Whether Redis brings news; without it they come by the heads, somewhat later."""
        return self._announcements.alive

    @property
    def lag_s(self) -> float:
        """Seconds since the feed was last compared with the hub; infinite before the first."""
        if self._looked_at is None:
            return float("inf")
        return asyncio.get_running_loop().time() - self._looked_at

    async def run(self) -> NoReturn:
        """Follow the feed until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._announcements.run())
                await self._poll()
        finally:
            self._threads.close()

    async def _poll(self) -> NoReturn:
        while True:
            self._look.clear()
            await self._compare()
            wait_s = self._limits.poll_s if self.hears_redis else self._limits.poll_alone_s
            try:
                async with asyncio.timeout(wait_s):
                    await self._look.wait()
            except TimeoutError:
                continue

    async def _compare(self) -> None:
        try:
            await self._threads.drive(self._hub.refresh())
        except UnavailableError as error:
            log.warning("the feed does not answer: %s", error)
            await asyncio.sleep(self._limits.poll_alone_s)
        else:
            self._looked_at = asyncio.get_running_loop().time()

    def _received(self, news: News | None) -> None:
        """Take what Redis brought; None: it was away, anything may be missing."""
        if news is None:
            self._look.set()
            return
        rows = list(ours(news, self._hub.epoch))
        received = self._hub.receive(news.lane, rows)
        if not (received and news.complete and len(rows) == len(news.messages)):
            self._look.set()


def ours(news: News, epoch: str) -> Iterator[Row]:
    """Give the rows that were published, up to one that is not of the feed of this epoch.

    Redis' channels are one for all its databases: another installation may speak there, and a row
    of its feed must neither be shown nor taken for the one of the same number here.
    """
    for seq, message in enumerate(news.messages, news.first):
        try:
            row = Row.parse(bytes(message))
        except MalformedRowError as error:
            log.error("lane %d: a published row cannot be read: %s", news.lane, error)  # noqa: TRY400
            return
        if (row.lane, row.seq) != (news.lane, seq) or row.log_epoch != epoch[:EPOCH_DIGITS]:
            return
        yield row
