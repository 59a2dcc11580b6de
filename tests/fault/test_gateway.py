"""Gateways that are killed, stopped and started; a Redis that hangs."""

import asyncio
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from infra.ports import free_port
from infra.redis_server import RedisServer
from realtime.announcements import Announcements, News
from realtime.client import Client
from realtime.items import Push
from tests.servers import TestStore
from tests.telling import Teller

DEADLINE_S = 60


class GatewayProcess:
    """A gateway in a process of its own, that can be killed and started again."""

    def __init__(self, command: list[str], env: dict[str, str], port: int) -> None:
        self.command, self.env, self.port = command, {**os.environ, **env}, port
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, env=self.env, cwd=Path(__file__).parents[2])

    def end(self, sign: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(sign)
        return self.process.wait(DEADLINE_S)

    async def until_ready(self) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not await asyncio.to_thread(self._is_ready):
                assert self.process is not None
                assert self.process.poll() is None, "the gateway ended"
                await asyncio.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5):
                return True
        except OSError:
            return False


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path / "redis").start()
    yield server
    if server.pid is not None:
        os.kill(server.pid, signal.SIGCONT)
    server.stop()


@pytest.fixture
def teller(store: TestStore, redis_server: RedisServer) -> Teller:
    return Teller(store, redis_server.url)


@pytest.fixture
def process(store: TestStore, redis_server: RedisServer) -> Iterator[GatewayProcess]:
    port = free_port()
    command = [sys.executable, "-m", "tests.fault.gateway_process", str(port), redis_server.url]
    one = GatewayProcess(command, store.env(), port)
    yield one
    if one.process is not None and one.process.poll() is None:
        one.end(signal.SIGKILL)


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(100):
            await test()

    asyncio.run(bounded())


async def follow(client: Client, count: int) -> list[tuple[int, int]]:
    """Return where the next rows stand; anything but a row is an error."""
    rows = []
    while len(rows) < count:
        item = await anext(client)
        assert isinstance(item, Push), item
        rows.append((item.lane, item.seq))
    return rows


def test_clients_of_a_gateway_that_was_killed_resume_without_loss(
    teller: Teller, process: GatewayProcess
) -> None:
    """Rows are told before, while and after it is away; it is killed in the middle, twice."""

    async def test() -> None:
        process.start()
        await process.until_ready()
        clients = [Client(process.url, token="token-eve") for _ in range(20)]
        for client in clients:
            await client.__aenter__()
        await asyncio.gather(*(client.subscribe("all") for client in clients))
        following = [asyncio.create_task(follow(client, 120)) for client in clients]
        for number in range(60):
            if number in (20, 40):
                process.end(signal.SIGKILL)
            await asyncio.to_thread(teller.tell, number % 4, ("x:y",), ("type:a",))
            if number in (25, 45):
                process.start()
                await process.until_ready()
        for rows in await asyncio.gather(*following):
            for lane in range(4):
                assert [seq for at, seq in rows if at == lane] == list(range(1, 31))
        for client in clients:
            await client.__aexit__(None, None, None)

    run(test)


def test_a_stopped_gateway_ends_well_and_in_time(teller: Teller, process: GatewayProcess) -> None:
    async def test() -> None:
        process.start()
        await process.until_ready()
        async with Client(process.url, token="token-eve") as client:
            await client.subscribe("all")
            began = asyncio.get_running_loop().time()
            assert await asyncio.to_thread(process.end, signal.SIGTERM) == 0
            assert asyncio.get_running_loop().time() - began < 10

    run(test)


def test_a_subscription_that_falls_silent_is_given_up_and_made_anew(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped Redis keeps its connections: no error tells that nothing comes any more."""
    monkeypatch.setattr("realtime.announcements._SILENCE_S", 0.5)
    received: list[News | None] = []

    async def test() -> None:
        announcements = Announcements(redis_server.url, "gw", received.append)
        task = asyncio.create_task(announcements.run())
        assert redis_server.pid is not None
        await until(lambda: announcements.alive)
        os.kill(redis_server.pid, signal.SIGSTOP)
        await until(lambda: not announcements.alive)
        received.clear()
        os.kill(redis_server.pid, signal.SIGCONT)
        await until(lambda: announcements.alive and None in received)
        task.cancel()
        await asyncio.wait([task])

    run(test)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110  # of what others do, without an event
            await asyncio.sleep(0.01)


def test_the_module_runs_a_gateway_from_the_settings(
    store: TestStore, teller: Teller, redis_server: RedisServer, tmp_path: Path
) -> None:
    env = store.env()
    port = free_port()
    process = GatewayProcess(
        [sys.executable, "-m", "realtime"],
        {
            "RINGI_HOME": str(tmp_path / "home"),
            "RINGI_DATABASE_URL": env["MARIADB_URL"],
            "RINGI_LOG": env["MARIADB_LOG"],
            "RINGI_VIEWS": env["MARIADB_VIEWS"],
            "RINGI_REDIS_URL": redis_server.url,
            "RINGI_GATEWAY_PORT": str(port),
        },
        port,
    )

    async def test() -> None:
        process.start()
        await process.until_ready()
        assert await asyncio.to_thread(process.end, signal.SIGTERM) == 0

    try:
        run(test)
    finally:
        if process.process is not None and process.process.poll() is None:
            process.end(signal.SIGKILL)
