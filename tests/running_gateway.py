"""A gateway in this process, on a real socket, for tests; and what they ask of its clients."""

import asyncio
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from realtime.client import Client
from realtime.items import Push
from realtime.limits import Limits
from realtime.ports import Feed
from realtime.server import Gateway, listening
from tests.gateway import FakeAccess

DEADLINE_S = 30


@dataclass
class Parts:
    feed: Feed
    redis_url: str
    access: FakeAccess


@dataclass
class Running:
    gateway: Gateway
    parts: Parts
    port: int
    stop: asyncio.Event

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    async def get(self, path: str) -> tuple[int, str]:
        def fetch() -> tuple[int, str]:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}") as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.read().decode()

        return await asyncio.to_thread(fetch)

    def client(self, login: str) -> Client:
        return Client(self.url, token=f"token-{login}")


@asynccontextmanager
async def running(
    parts: Parts, limits: Limits | None = None, port: int = 0
) -> AsyncIterator[Running]:
    limits = limits or Limits()
    with listening("127.0.0.1", port, limits) as listener:
        gateway, stop = Gateway(parts, limits), asyncio.Event()
        task = asyncio.create_task(gateway.run(listener, stop))
        one = Running(gateway, parts, listener.getsockname()[1], stop)
        try:
            await until(lambda: bool(gateway._hub.epoch))
            yield one
        finally:
            stop.set()
            await asyncio.wait_for(task, DEADLINE_S)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110  # of what others do, without an event
            await asyncio.sleep(0.01)


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(90):
            await test()

    asyncio.run(bounded())


async def rows_of(client: Client, count: int) -> list[tuple[int, int]]:
    """Return where the next rows stand; anything but a row is an error."""
    rows = []
    async with asyncio.timeout(DEADLINE_S):
        while len(rows) < count:
            item = await anext(client)
            assert isinstance(item, Push), item
            rows.append((item.lane, item.seq))
    return rows


def in_order(rows: list[tuple[int, int]]) -> bool:
    """Say whether each lane's rows are there from the first, once and in order."""
    lanes = {lane for lane, _ in rows}
    by_lane = {lane: [seq for at, seq in rows if at == lane] for lane in lanes}
    return all(seqs == list(range(1, len(seqs) + 1)) for seqs in by_lane.values())


def some_access() -> FakeAccess:
    return FakeAccess({"ann": frozenset({"clerk"}), "eve": frozenset({"admin"})})
