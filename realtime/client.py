"""The gateway's client for Python: subscriptions that outlive connections.

    async with Client(url, token=token) as client:
        await client.subscribe("inbox:ann", since=snapshot_place)
        async for item in client:
            ...  # Push, SnapshotNeeded or Ended

A broken connection is made anew, after a random wait, and every subscription goes on from where it
was; nothing is lost without a `SnapshotNeeded`.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, NoReturn, Self

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from realtime.items import ClientError, ClosedError, Ended, Item, Push, RequestError, SnapshotNeeded
from realtime.ledger import Ledger
from realtime.protocol import RETRY_MS, TERMINAL, Place

log = logging.getLogger(__name__)

#: Items that wait to be taken; further ones are left to the connection, and at last to the feed.
_QUEUE: Final = 1000

#: Seconds until an answer is given up.
_ANSWER_S: Final = 30.0

#: The longest message that is taken: the feed's own bound (MEDIUMBLOB) with room for its frame.
_MESSAGE_BYTES: Final = 17 * 1024 * 1024

#: HTTP answers after which trying again may help.
_TRY_AGAIN: Final = frozenset({429, 500, 502, 503, 504})


@dataclass
class _Asked:
    """A request to subscribe that waits for its answer; `future` is None when resuming."""

    topics: tuple[str, ...]
    since: Place | None
    future: asyncio.Future[Place] | None = field(default=None, repr=False)


class Client:
    """One client of a gateway. Subscribe and iterate within `async with`, from one event loop."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        ticket: Callable[[], Awaitable[str]] | None = None,
        name: str = "ringi-python",
    ) -> None:
        """Take the gateway's URL, and either a token or what fetches a new one-use ticket."""
        if (token is None) == (ticket is None):
            raise ValueError("give a token or a source of tickets")
        self._url, self._token, self._ticket, self._name = url, token, ticket, name
        self._ledger = Ledger()
        self._items: asyncio.Queue[Item | None] = asyncio.Queue(_QUEUE)
        self._failure: ClientError | None = None
        self._task: asyncio.Task[None] | None = None
        self._socket: ClientConnection | None = None
        self._asked: dict[int, _Asked] = {}
        self._unsent: list[_Asked] = []
        self._number = 0
        self._failures = 0
        self._wait_ms: tuple[float, float] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.get_running_loop().create_task(self._run())
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        """Return the next item.

        Raises:
            ClosedError: The gateway refuses this client for good.
        """
        item = None if self._failure and self._items.empty() else await self._items.get()
        if item is None:
            raise self._failure or ClosedError(0, "closed")
        return item

    async def subscribe(self, *topics: str, since: Place | None = None) -> Place:
        """Subscribe, and return the place from which live begins. Survives broken connections.

        Take items meanwhile or soon after: a queue that is full holds up the answer, too.

        Raises:
            RequestError: The gateway does not allow it, or cannot ask whether to.
            ClosedError: The gateway refuses this client for good.
            TimeoutError: No answer within 30 s.
        """
        if self._failure is not None:
            raise self._failure
        future: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        asked = _Asked(topics, since, future)
        for topic in topics:
            self._ledger.want(topic, since)
        if self._socket is None:
            self._unsent.append(asked)
        else:
            with suppress(ConnectionClosed):  # then it is asked on the next connection
                await self._ask(self._socket, asked)
        async with asyncio.timeout(_ANSWER_S):
            return await future

    async def unsubscribe(self, *topics: str) -> None:
        """Hear no more of these topics. What is on its way may still come."""
        for topic in topics:
            self._ledger.forget(topic)
        if self._socket is not None:
            with suppress(ConnectionClosed):
                await self._send(self._socket, unsubscribe={"topics": topics})

    def place(self, topic: str) -> Place | None:
        """Return up to where everything of the topic was received; None: it is not accepted yet."""
        return self._ledger.since(topic)

    # The connection

    async def _run(self) -> None:
        """Keep a connection until cancelled, or until the gateway wants none."""
        while self._failure is None:
            self._wait_ms = None
            try:
                await self._one_connection()
            except InvalidStatus as error:
                self._refused(error.response.status_code)
            except ConnectionClosed as error:
                self._closed(error)
            except (OSError, TimeoutError, InvalidHandshake) as error:
                log.info("no connection: %s: %s", type(error).__name__, error)
            except (msgspec.MsgspecError, LookupError, TypeError, ValueError) as error:
                self._failure = ClosedError(0, f"the gateway is not understood: {error!r}")
            finally:
                self._disconnected()
            if self._failure is None:
                await asyncio.sleep(self._wait_s())
        for asked in self._unsent:
            _fail(asked, self._failure)
        await self._items.put(None)

    async def _one_connection(self) -> NoReturn:
        identity = (
            {"token": self._token} if self._ticket is None else {"ticket": await self._ticket()}
        )
        async with connect(
            self._url, compression=None, max_size=_MESSAGE_BYTES, proxy=None
        ) as socket:
            await self._send(socket, connect={**identity, "client": self._name})
            welcome = await _welcome(socket)
            self._failures, self._socket = 0, socket
            await self._ask_all(socket)
            while True:
                # Two heartbeats may be missed, not more: the gateway, or the way to it, is dead.
                text = await _heard(socket, 3 * welcome["heartbeat_s"])
                await self._take(socket, msgspec.json.decode(text))

    def _refused(self, status: int) -> None:
        if status not in _TRY_AGAIN:
            self._failure = ClosedError(status, "refused before the upgrade")

    def _closed(self, error: ConnectionClosed) -> None:
        code, reason = (error.rcvd.code, error.rcvd.reason) if error.rcvd else (1006, "cut")
        log.info("closed: %d %s", code, reason)
        if code >= TERMINAL:
            self._failure = ClosedError(code, reason)

    def _disconnected(self) -> None:
        self._socket = None
        self._failures += 1
        self._ledger.disconnected()
        waiting = [asked for asked in self._asked.values() if asked.future is not None]
        self._unsent = waiting + self._unsent
        self._asked.clear()

    def _wait_s(self) -> float:
        """Return a random wait: what the gateway said, or longer at each failure."""
        first, longest = RETRY_MS
        low, high = self._wait_ms or (0, min(longest, first * 2 ** min(self._failures - 1, 10)))
        return random.uniform(low, high) / 1000  # noqa: S311  # not a secret

    # Requests

    async def _ask_all(self, socket: ClientConnection) -> None:
        """Ask for what was not answered, and for what was live, since where it was."""
        unsent, self._unsent = self._unsent, []
        known = {topic for asked in unsent for topic in asked.topics}
        by_place: list[_Asked] = []
        for topic in self._ledger.topics:
            if topic in known:
                continue
            since = self._ledger.since(topic)
            alike = next((asked for asked in by_place if asked.since == since), None)
            if alike is None:
                by_place.append(_Asked((topic,), since))
            else:
                alike.topics += (topic,)
        for asked in by_place + unsent:
            await self._ask(socket, asked)

    async def _ask(self, socket: ClientConnection, asked: _Asked) -> None:
        self._asked[self._number + 1] = asked
        wanted: dict[str, object] = {"topics": asked.topics}
        if asked.since is not None:
            wanted["since"] = asked.since
        await self._send(socket, subscribe=wanted)

    async def _send(self, socket: ClientConnection, **request: object) -> None:
        self._number += 1
        await socket.send(msgspec.json.encode({"id": self._number, **request}).decode())

    # Messages

    async def _take(self, socket: ClientConnection, message: dict[str, Any]) -> None:
        if "at" in message:
            lane, seq = message["at"]
            self._ledger.pushed(lane, seq)
            await self._items.put(Push(tuple(message["topics"]), lane, seq, message))
        elif "place" in message:
            self._ledger.heartbeat(message["place"])
        elif "id" in message:
            await self._answered(socket, message)
        elif "bye" in message:
            low, high = message["bye"]["reconnect_after_ms"]
            self._wait_ms = (low, high)
        else:
            await self._noticed(message)

    async def _noticed(self, message: dict[str, Any]) -> None:
        topic = message["topic"]
        if "resync" in message:
            place = msgspec.convert(message["resync"]["since"], Place)
            self._ledger.resynced(topic, place)
            await self._items.put(SnapshotNeeded(topic, message["resync"]["reason"], place))
        else:
            self._ledger.forget(topic)
            await self._items.put(Ended(topic))

    async def _answered(self, socket: ClientConnection, message: dict[str, Any]) -> None:
        asked = self._asked.pop(message["id"], None)
        if asked is None:  # of an unsubscription
            return
        if "error" in message:
            await self._not_accepted(socket, asked, message["error"])
            return
        answer = message["ok"]
        place = Place(answer["epoch"], answer["place"])
        self._ledger.accepted(asked.topics, answer.get("replay", 0), place)
        if answer.get("recovered") is False:
            for topic in asked.topics:
                await self._items.put(SnapshotNeeded(topic, answer["reason"], place))
        if asked.future is not None and not asked.future.done():
            asked.future.set_result(place)

    async def _not_accepted(
        self, socket: ClientConnection, asked: _Asked, fault: dict[str, Any]
    ) -> None:
        if asked.future is not None:
            for topic in asked.topics:
                self._ledger.forget(topic)
            _fail(asked, RequestError(fault["code"], fault["topics"]))
        elif fault["temporary"]:
            raise TimeoutError("the gateway cannot ask who may read what")
        else:
            for topic in fault["topics"]:
                self._ledger.forget(topic)
                await self._items.put(Ended(topic))
            rest = tuple(topic for topic in asked.topics if topic not in fault["topics"])
            if rest:
                await self._ask(socket, _Asked(rest, asked.since))


async def _welcome(socket: ClientConnection) -> dict[str, Any]:
    """Return the answer to `connect`; a gateway that ends may say so first."""
    while True:
        message = msgspec.json.decode(await _heard(socket, _ANSWER_S))
        if "ok" in message:
            answer: dict[str, Any] = message["ok"]
            return answer


async def _heard(socket: ClientConnection, within_s: float) -> bytes:
    async with asyncio.timeout(within_s):
        return await socket.recv(decode=False)


def _fail(asked: _Asked, error: ClientError) -> None:
    if asked.future is not None and not asked.future.done():
        asked.future.set_exception(error)
