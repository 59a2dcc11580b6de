"""The gateway's connections: who breaks the protocol, who comes too many, how it ends."""

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from realtime import protocol
from realtime.client import Client
from realtime.limits import Limits
from realtime.server import same_host
from tests.gateway import FakeFeed
from tests.running_gateway import (
    DEADLINE_S,
    Parts,
    run,
    running,
    until,
)

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
