"""The gateway on real sockets, with the real feed in MariaDB and a real Redis."""

import asyncio
import json
import socket
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from infra.redis_server import RedisServer
from infra.tickets import LIFETIME_S, Tickets
from realtime import protocol
from realtime.client import Client
from realtime.items import ClosedError, Ended, Push, RequestError, SnapshotNeeded
from realtime.limits import Limits
from realtime.ports import Feed
from realtime.server import Gateway, listening, same_host
from tests.gateway import FakeAccess, FakeFeed
from tests.servers import TestStore
from tests.telling import Teller

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


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(Path(tmp_path_factory.mktemp("redis"))).start()
    yield server
    server.stop()


@pytest.fixture
def teller(store: TestStore, redis_server: RedisServer) -> Teller:
    redis_server.start()
    return Teller(store, redis_server.url)


@pytest.fixture
def parts(teller: Teller, redis_server: RedisServer) -> Parts:
    return Parts(teller.feed, redis_server.url, some_access())


@pytest.fixture
def alone(tmp_path: Path) -> Parts:
    """Give parts in memory, without a Redis."""
    return Parts(FakeFeed(), f"unix://{tmp_path}/none.sock", some_access())


def some_access() -> FakeAccess:
    return FakeAccess({"ann": frozenset({"clerk"}), "eve": frozenset({"admin"})})


# Delivery


def test_two_hundred_clients_get_every_row_once_and_in_order(teller: Teller, parts: Parts) -> None:
    async def test() -> None:
        async with running(parts) as gateway:
            clients = [gateway.client("ann" if n % 2 else "eve") for n in range(200)]
            tasks = [asyncio.create_task(follow(client)) for client in clients]
            await until(lambda: started == len(clients))
            for batch in range(10):
                rows = [("role:clerk", "type:invoice"), ("person:ann",)]
                await asyncio.to_thread(teller.tell, batch % 4, *rows)
            assert all(in_order(rows) for rows in await asyncio.gather(*tasks))

    started = 0

    async def follow(client: Client) -> list[tuple[int, int]]:
        nonlocal started
        async with client:
            await client.subscribe("inbox:ann")
            started += 1
            return await rows_of(client, 20)

    run(test)


def test_a_row_whose_publication_was_lost_is_delivered(teller: Teller, parts: Parts) -> None:
    async def test() -> None:
        async with running(parts) as gateway, gateway.client("eve") as client:
            await client.subscribe("all")
            await until(lambda: gateway.gateway._reader.hears_redis)
            await asyncio.to_thread(teller.tell, 0, ("x:y",), published=False)
            assert await rows_of(client, 1) == [(0, 1)]
            await asyncio.to_thread(teller.tell, 0, ("x:y",), published=False)
            await asyncio.to_thread(teller.tell, 0, ("x:y",))
            assert await rows_of(client, 2) == [(0, 2), (0, 3)]

    run(test)


def test_a_batch_too_large_to_publish_is_read_from_the_feed(teller: Teller, parts: Parts) -> None:
    async def test() -> None:
        async with running(parts) as gateway, gateway.client("eve") as client:
            await client.subscribe("all")
            await asyncio.to_thread(teller.tell, 1, *[("x:y",)] * 4, text="é" * 100_000)
            assert await rows_of(client, 4) == [(1, 1), (1, 2), (1, 3), (1, 4)]

    run(test)


def test_delivery_goes_on_while_redis_is_away_and_by_redis_again_afterwards(
    teller: Teller, parts: Parts, redis_server: RedisServer
) -> None:
    async def test() -> None:
        async with running(parts) as gateway, gateway.client("eve") as client:
            reader = gateway.gateway._reader
            await client.subscribe("all")
            await until(lambda: reader.hears_redis)
            await asyncio.to_thread(redis_server.kill)
            await until(lambda: not reader.hears_redis)
            await asyncio.to_thread(teller.tell, 0, ("x:y",))
            assert await rows_of(client, 1) == [(0, 1)]
            await asyncio.to_thread(redis_server.start)
            await until(lambda: reader.hears_redis)
            await asyncio.to_thread(teller.tell, 0, ("x:y",))
            assert await rows_of(client, 1) == [(0, 2)]

    run(test)


def test_a_subscription_that_redis_ended_is_made_anew(
    teller: Teller, parts: Parts, redis_server: RedisServer
) -> None:
    async def test() -> None:
        with Redis.from_url(redis_server.url) as redis:
            async with running(parts) as gateway, gateway.client("eve") as client:
                await client.subscribe("all")
                await until(lambda: redis.pubsub_numpat() == 1)
                before = {one["id"] for one in redis.client_list(_type="pubsub")}
                redis.client_kill_filter(_type="pubsub")
                await until(
                    lambda: bool({one["id"] for one in redis.client_list(_type="pubsub")} - before)
                )
                await asyncio.to_thread(teller.tell, 0, ("x:y",))
                assert await rows_of(client, 1) == [(0, 1)]

    run(test)


def test_a_client_resumes_where_it_was_when_the_gateway_ends_in_order(
    teller: Teller, parts: Parts
) -> None:
    async def test() -> None:
        async with running(parts) as first, first.client("eve") as client:
            await client.subscribe("all")
            await asyncio.to_thread(teller.tell, 0, ("x:y",))
            assert await rows_of(client, 1) == [(0, 1)]
            first.stop.set()
            await until(lambda: client._socket is None)
            await asyncio.to_thread(teller.tell, 0, ("x:y",), ("x:y",))
            async with running(parts, port=first.port):
                assert await rows_of(client, 2) == [(0, 2), (0, 3)]
                await asyncio.to_thread(teller.tell, 0, ("x:y",))
                assert await rows_of(client, 1) == [(0, 4)]

    run(test)


def test_a_slow_reader_is_cut_at_the_bound_and_the_others_are_not(alone: Parts) -> None:
    limits = Limits(unsent_bytes=200_000, socket_bytes=20_000, poll_alone_s=0.01)
    feed = alone.feed
    assert isinstance(feed, FakeFeed)

    async def test() -> None:
        async with running(alone, limits) as gateway, gateway.client("eve") as client:
            await client.subscribe("all")
            _reader, writer = await stalled(gateway.port)
            await until(lambda: len(gateway.gateway._connections) == 2)
            slow = next(
                one for one in gateway.gateway._connections if one.session.name.endswith("-2")
            )
            await until(lambda: "all" in slow.session._grants)
            most, told = 0, 0
            while slow in gateway.gateway._connections:
                feed.add(0, "x:y", text="x" * 10_000)
                told += 1
                assert await rows_of(client, 1) == [(0, told)]
                most = max(most, slow._transport.get_write_buffer_size())
                assert told < 1000, "never cut"
            assert most <= limits.unsent_bytes + 11_000
            writer.close()

    run(test)


async def stalled(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a connection of eve that follows everything and reads nothing."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 10_000)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=raw, limit=1000)
    writer.write(
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    for request in (
        {"id": 1, "connect": {"token": "token-eve"}},
        {"id": 2, "subscribe": {"topics": ["all"]}},
    ):
        payload = json.dumps(request).encode()
        writer.write(bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload)
    return reader, writer


# Rights


def test_rights_that_change_reach_open_connections(alone: Parts) -> None:
    feed = alone.feed
    assert isinstance(feed, FakeFeed)

    async def test() -> None:
        async with running(alone) as gateway, gateway.client("ann") as client:
            await client.subscribe("inbox:ann")
            alone.access.people["ann"] = frozenset()
            feed.add(0, "directory:ann")
            feed.add(0, "role:clerk")
            feed.add(0, "person:ann")
            notice, push = await anext(client), await anext(client)
            assert isinstance(notice, SnapshotNeeded)
            assert notice.reason == "rights_changed"
            assert isinstance(push, Push)
            assert (push.lane, push.seq) == (0, 3)
            del alone.access.people["ann"]
            feed.add(0, "directory:ann")
            with pytest.raises(ClosedError) as end:
                await anext(client)
            assert end.value.code == protocol.DEACTIVATED.code

    run(test)


def test_a_right_that_was_lost_while_away_ends_only_its_own_subscription(alone: Parts) -> None:
    document = "00000000-0000-4000-8000-000000000001"
    alone.access.readable.add(("ann", document))
    feed = alone.feed
    assert isinstance(feed, FakeFeed)

    async def test() -> None:
        async with running(alone) as first, first.client("ann") as client:
            await client.subscribe(f"document:{document}", "inbox:ann")
            first.stop.set()
            await until(lambda: client._socket is None)
            alone.access.readable.clear()
            feed.add(0, "person:ann")
            async with running(alone, port=first.port):
                assert await anext(client) == Ended(f"document:{document}")
                assert await rows_of(client, 1) == [(0, 1)]

    run(test)


def test_a_token_that_is_void_ends_the_client_for_good(alone: Parts) -> None:
    async def test() -> None:
        async with running(alone) as gateway, Client(gateway.url, token="wrong") as client:
            with pytest.raises(ClosedError) as end:
                await client.subscribe("all")
            assert end.value.code == protocol.UNAUTHORIZED.code
            with pytest.raises(ClosedError):
                await anext(client)

    run(test)


def test_what_is_forbidden_is_said_to_whoever_asks(alone: Parts) -> None:
    async def test() -> None:
        async with running(alone) as gateway, gateway.client("ann") as client:
            with pytest.raises(RequestError) as error:
                await client.subscribe("inbox:ann", "inbox:eve")
            assert (error.value.code, error.value.topics) == ("forbidden", ("inbox:eve",))
            assert (await client.subscribe("inbox:ann")).epoch == "e1"

    run(test)


def test_a_client_fetches_a_new_ticket_for_each_connection(alone: Parts) -> None:
    tickets = []

    async def ticket() -> str:
        tickets.append(f"ticket-ann{'' if not tickets else 2}")
        return tickets[-1]

    alone.access.people["ann2"] = frozenset()

    async def test() -> None:
        async with running(alone) as first, Client(first.url, ticket=ticket) as client:
            await client.subscribe("inbox:ann")
            first.stop.set()
            await until(lambda: client._socket is None)
            async with running(alone, port=first.port):
                assert await anext(client) == Ended("inbox:ann")  # ann2 may not read it

    run(test)
    assert tickets == ["ticket-ann", "ticket-ann2"]


def test_a_ticket_is_kept_by_its_hash_for_a_while_and_redeemed_once(
    redis_server: RedisServer,
) -> None:
    with Redis.from_url(redis_server.start().url) as redis:
        tickets = Tickets(redis)
        ticket = tickets.issue("ann")
        (key,) = redis.keys("ringi:ticket:*")
        assert ticket not in key.decode()
        assert 0 < redis.ttl(key) <= LIFETIME_S
        assert tickets.redeem("other") is None
        assert tickets.redeem(ticket) == "ann"
        assert tickets.redeem(ticket) is None


# The connection


async def closed(url: str, *messages: str) -> int:
    """Return the code that a raw client is closed with after it sent these messages."""
    async with connect(url, compression=None, proxy=None) as websocket:
        for message in messages:
            await websocket.send(message)
        async with asyncio.timeout(DEADLINE_S):
            await websocket.wait_closed()
        assert websocket.close_code is not None
        return websocket.close_code


@pytest.mark.parametrize(
    ("messages", "close"),
    [
        ([], protocol.CONNECT_TIMEOUT),
        (["{"], protocol.BAD_MESSAGE),
        (["x" * 5000], protocol.TOO_BIG),
        (['{"id":1,"connect":{"token":"wrong"}}'], protocol.UNAUTHORIZED),
        (
            ['{"id":1,"connect":{"token":"token-ann"}}']
            + ['{"id":2,"unsubscribe":{"topics":[]}}'] * 9,
            protocol.TOO_FAST,
        ),
    ],
    ids=lambda value: value.name if isinstance(value, protocol.Close) else "",
)
def test_who_breaks_the_protocol_is_closed_by_name(
    alone: Parts, messages: list[str], close: protocol.Close
) -> None:
    limits = Limits(connect_s=1.0, message_bytes=4096, request_burst=5)

    async def test() -> None:
        async with running(alone, limits) as gateway:
            assert await closed(gateway.url, *messages) == close.code

    run(test)


def test_an_ending_gateway_says_goodbye_and_closes_for_a_restart(alone: Parts) -> None:
    async def test() -> None:
        async with (
            running(alone) as gateway,
            connect(gateway.url, compression=None, proxy=None) as websocket,
        ):
            await websocket.send('{"id":1,"connect":{"token":"token-ann"}}')
            await websocket.recv()
            gateway.stop.set()
            assert json.loads(await websocket.recv()) == {"bye": {"reconnect_after_ms": [0, 5000]}}
            with pytest.raises(ConnectionClosed) as end:
                await websocket.recv()
            assert end.value.rcvd is not None
            assert end.value.rcvd.code == protocol.RESTARTING.code

    run(test)


def test_a_client_that_hears_nothing_is_told_the_place(alone: Parts) -> None:
    feed = alone.feed
    assert isinstance(feed, FakeFeed)

    async def test() -> None:
        async with running(alone, Limits(heartbeat_s=0.2)) as gateway, gateway.client("ann") as one:
            await one.subscribe("inbox:ann")
            feed.add(1, "type:a")
            await until(lambda: place_of(one) == {"0": 0, "1": 1})

    def place_of(client: Client) -> Any:
        place = client.place("inbox:ann")
        return place and place.lanes

    run(test)


def test_an_error_in_a_session_ends_its_connection(
    alone: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with running(alone) as gateway:
            monkeypatch.setattr("realtime.protocol.parse", lambda _: 1 / 0)
            assert await closed(gateway.url, "{}") == protocol.INTERNAL.code
            await until(lambda: not gateway.gateway._connections)

    run(test)


# Before the upgrade


def test_health_and_readiness_are_told(alone: Parts) -> None:
    async def test() -> None:
        async with running(alone) as gateway:
            assert await gateway.get("/healthz") == (200, "ok\n")
            status, text = await gateway.get("/readyz")
            condition = json.loads(text)
            assert status == 200
            assert condition["place"] == {"0": 0, "1": 0}
            assert condition["hears_redis"] is False
            assert (await gateway.get("/other"))[0] == 404

    run(test)


def test_a_feed_that_does_not_answer_makes_the_gateway_not_ready(
    alone: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.server._STALE_S", 0.2)

    async def test() -> None:
        async with running(alone) as gateway:
            await until(lambda: gateway.gateway._ready)
            alone.feed.away = True  # type: ignore[attr-defined]
            await until(lambda: not gateway.gateway._ready)
            assert (await gateway.get("/readyz"))[0] == 503
            alone.feed.away = False  # type: ignore[attr-defined]
            await until(lambda: gateway.gateway._ready)

    run(test)


def test_more_connections_than_the_bound_are_refused_before_the_upgrade(alone: Parts) -> None:
    async def test() -> None:
        async with running(alone, Limits(connections=1)) as gateway, gateway.client("ann") as one:
            await one.subscribe("inbox:ann")
            with pytest.raises(InvalidStatus) as refusal:
                await closed(gateway.url)
            assert refusal.value.response.status_code == 503

    run(test)


@pytest.mark.parametrize(
    ("origins", "hosts", "allowed"),
    [
        ([], ["gw.example:8401"], True),
        (["https://gw.example"], ["gw.example:8401"], True),
        (["http://127.0.0.1:8400"], ["127.0.0.1:8401"], True),
        (["http://[::1]:8400"], ["[::1]:8401"], True),
        (["https://evil.example"], ["gw.example"], False),
        (["https://gw.example.evil.example"], ["gw.example"], False),
        (["null"], ["gw.example"], False),
        (["https://gw.example", "https://evil.example"], ["gw.example"], False),
        (["https://gw.example"], [], False),
        (["http://[::1"], ["[::1"], False),
    ],
)
def test_pages_of_other_hosts_are_kept_out(
    origins: list[str], hosts: list[str], allowed: bool
) -> None:
    assert same_host(origins, hosts) is allowed


def test_a_page_of_another_host_is_refused_before_the_upgrade(alone: Parts) -> None:
    async def test() -> None:
        async with running(alone) as gateway:
            with pytest.raises(InvalidStatus) as refusal:
                async with connect(gateway.url, origin="https://evil.example", proxy=None):  # type: ignore[arg-type]
                    pass
            assert refusal.value.response.status_code == 403

    run(test)
