"""The gateway on real sockets, with the real feed in MariaDB and a real Redis."""

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from infra.redis_server import RedisServer
from infra.tickets import LIFETIME_S, Tickets
from realtime import protocol
from realtime.client import Client
from realtime.items import ClosedError, Ended, Push, RequestError, SnapshotNeeded
from realtime.limits import Limits
from tests.gateway import FakeFeed
from tests.running_gateway import (
    Parts,
    in_order,
    rows_of,
    run,
    running,
    some_access,
    until,
)
from tests.servers import TestStore
from tests.telling import Teller


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
        ticket = tickets.issue("token:0a1b")
        (key,) = redis.keys("ringi:ticket:*")
        assert ticket not in key.decode()
        assert 0 < redis.ttl(key) <= LIFETIME_S
        assert tickets.redeem("other") is None
        assert tickets.redeem(ticket) == "token:0a1b"
        assert tickets.redeem(ticket) is None
