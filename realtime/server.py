"""The gateway process: it accepts connections, keeps the hub up to date, and ends in order."""

import asyncio
import json
import logging
import secrets
import socket
from collections.abc import Iterable
from http import HTTPStatus
from typing import Protocol
from urllib.parse import urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from realtime import protocol
from realtime.connection import Connection
from realtime.feed_reader import FeedReader
from realtime.frames import text_frame
from realtime.hub import Hub
from realtime.limits import Limits
from realtime.ports import Access, Feed
from realtime.session import Session
from realtime.tally import Tally
from realtime.threads import Threads

log = logging.getLogger(__name__)

#: Where WebSocket connections are made.
PATH = "/ws"

#: The gateway is not ready while the feed did not answer for so many seconds.
_STALE_S = 5.0

#: The library's own time-outs. The closing handshake fits into `Limits.drain_s`.
_PING_S = 20
_CLOSE_S = 2


class Parts(Protocol):
    """What the composition root gives the gateway."""

    @property
    def feed(self) -> Feed:
        """The workspace's feed."""

    @property
    def access(self) -> Access:
        """Who may read what."""

    @property
    def redis_url(self) -> str:
        """The Redis that the feed is published on."""


class Gateway:
    """Serves clients on one listening socket."""

    def __init__(self, parts: Parts, limits: Limits) -> None:
        self.node = f"gw-{secrets.token_hex(4)}"
        self._limits = limits
        self._access = parts.access
        self._hub = Hub(parts.feed, limits)
        self._reader = FeedReader(self._hub, parts.redis_url, limits, self.node)
        self._threads = Threads(limits.questions, limits.answer_s)
        self._connections: set[Connection] = set()
        self._to_review: list[Connection] = []
        self._number = 0
        self._draining = False

    async def run(self, listener: socket.socket, stop: asyncio.Event) -> None:
        """Serve until `stop` is set; then let the clients go, within `Limits.drain_s`."""
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(self._reader.run()), tasks.create_task(self._tick())]
            server = await self._serve(listener)
            await stop.wait()
            await self._drain(server)
            for task in running:
                task.cancel()
        self._threads.close()

    async def _serve(self, listener: socket.socket) -> Server:
        return await serve(
            self._handle,
            sock=listener,
            process_request=self._answer,
            compression=None,  # measured: 3 to 6 times the CPU, 3 times the memory
            server_header=None,
            max_size=self._limits.message_bytes,
            # Above the bound of unread bytes. Once a buffer is above write_limit, the library's
            # keepalive waits for it for ever and closes nobody (websockets 17.4, seen 2026-11).
            write_limit=4 * self._limits.unsent_bytes,
            ping_interval=_PING_S,
            ping_timeout=_PING_S,
            open_timeout=self._limits.connect_s,
            close_timeout=_CLOSE_S,
        )

    async def _handle(self, websocket: ServerConnection) -> None:
        self._number += 1
        name = f"{self.node}-{self._number}"
        connection = Connection(
            websocket,
            self._limits,
            self._threads,
            self._hub.tally,
            lambda outlet: Session(name, self.node, self._hub, self._access, outlet),
        )
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)

    @property
    def tally(self) -> Tally:
        """What was done so far."""
        return self._hub.tally

    @property
    def connections(self) -> int:
        """How many clients are connected. Any thread may ask."""
        return len(self._connections)

    @property
    def hears_redis(self) -> bool:
        """Whether Redis brings news. Any thread may ask."""
        return self._reader.hears_redis

    # Before the upgrade

    def _answer(self, websocket: ServerConnection, request: Request) -> Response | None:
        """Answer a plain request; return None to let a WebSocket connection be made."""
        path = urlsplit(request.path).path
        if path == "/healthz":
            return websocket.respond(HTTPStatus.OK, "ok\n")
        if path == "/readyz":
            status = HTTPStatus.OK if self._ready else HTTPStatus.SERVICE_UNAVAILABLE
            return websocket.respond(status, json.dumps(self._condition()) + "\n")
        if path != PATH:
            return websocket.respond(HTTPStatus.NOT_FOUND, f"{PATH} is the only one\n")
        if not same_host(request.headers.get_all("Origin"), request.headers.get_all("Host")):
            return websocket.respond(HTTPStatus.FORBIDDEN, "a page of another host\n")
        if len(self._connections) >= self._limits.connections or not self._hub.epoch:
            return websocket.respond(HTTPStatus.SERVICE_UNAVAILABLE, "try again later\n")
        return None

    @property
    def _ready(self) -> bool:
        return bool(self._hub.epoch) and self._reader.lag_s < _STALE_S and not self._draining

    def _condition(self) -> dict[str, object]:
        return {
            "ready": self._ready,
            "node": self.node,
            "connections": len(self._connections),
            "place": protocol.names_of(self._hub.heads()),
            "hears_redis": self._reader.hears_redis,
        }

    # Every second

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(min(1.0, self._limits.heartbeat_s))
            self._tell_places()
            self._review_some()

    def _tell_places(self) -> None:
        now = asyncio.get_running_loop().time()
        frame = text_frame(protocol.place(self._hub.heads()))
        for connection in self._connections:
            if connection.place_due <= now and connection.session.follows:
                connection.place_due = now + self._limits.heartbeat_s
                connection.write(frame)

    def _review_some(self) -> None:
        """Look at a few connections' rights again: a token may expire without an event."""
        if not self._to_review:
            self._to_review = list(self._connections)
        for connection in _popped(self._to_review, self._limits.reviews_per_s):
            if connection in self._connections and connection.session.connected:
                connection.review()

    # The end

    async def _drain(self, server: Server) -> None:
        self._draining = True
        log.info("%s ends; %d connections", self.node, len(self._connections))
        frame = text_frame(protocol.bye(int(self._limits.drain_s * 1000)))
        for connection in self._connections:
            connection.write(frame)
        self._hub.tally.closes[protocol.RESTARTING.name] += len(self._connections)
        server.close(code=protocol.RESTARTING.code, reason=protocol.RESTARTING.reason)
        try:
            async with asyncio.timeout(self._limits.drain_s):
                await server.wait_closed()
        except TimeoutError:
            for connection in self._connections:
                connection.abort()


def listening(host: str, port: int, limits: Limits) -> socket.socket:
    """Return a socket that listens; what it accepts has a small send buffer.

    Raises:
        OSError: The address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=1024)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, limits.socket_bytes)
    return listener


def same_host(origins: list[str], hosts: list[str]) -> bool:
    """Say whether a request comes from no page, or from a page of the host it is sent to.

    Ports are not compared: the dashboard's page is served by the API beside the gateway. Not what
    rights rest on: no cookie counts here, so a foreign page has nothing to connect with.
    """
    if not origins:
        return True
    if len(origins) != 1 or len(hosts) != 1:
        return False
    try:
        origin = urlsplit(origins[0]).hostname
        return origin is not None and origin == urlsplit(f"//{hosts[0]}").hostname
    except ValueError:
        return False


def _popped(connections: list[Connection], count: int) -> Iterable[Connection]:
    """Take at most `count` from the end."""
    taken = connections[-count:]
    del connections[-count:]
    return taken
