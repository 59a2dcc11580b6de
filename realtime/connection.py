"""One WebSocket connection: bytes in and out for a session."""

import asyncio
import logging
from collections.abc import Callable, Coroutine

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from realtime import protocol
from realtime.limits import Limits
from realtime.protocol import Close
from realtime.session import Outlet, Session
from realtime.tally import Tally
from realtime.threads import Threads

log = logging.getLogger(__name__)


class Connection:
    """Drives a session. Its output goes out at once; what waits unread is bounded."""

    def __init__(
        self,
        websocket: ServerConnection,
        limits: Limits,
        threads: Threads,
        tally: Tally,
        session: Callable[[Outlet], Session],
    ) -> None:
        self._websocket = websocket
        self._transport = websocket.transport
        self._state = websocket.protocol
        self._limits = limits
        self._threads = threads
        self._tally = tally
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._cut = False
        self._review_waits = False
        self.session = session(self)
        self.place_due = asyncio.get_running_loop().time() + limits.heartbeat_s
        """When the client is next told the place, by the loop's clock."""

    async def serve(self) -> None:
        """Serve the client until the connection ends."""
        try:
            await self._be_told_who()
            while True:
                await self._one_request()
        except ConnectionClosed:
            return
        finally:
            self.session.closed()
            for task in self._tasks:
                task.cancel()

    def abort(self) -> None:
        """End the connection without a word."""
        self._cut = True
        self._transport.abort()

    async def _be_told_who(self) -> None:
        try:
            async with asyncio.timeout(self._limits.connect_s):
                while not self.session.connected:
                    await self._one_request()
        except TimeoutError:
            self.end(protocol.CONNECT_TIMEOUT)

    async def _one_request(self) -> None:
        text = await self._websocket.recv()
        async with self._turn:
            now = asyncio.get_running_loop().time()
            await self._threads.drive(self.session.handle(text, now))

    # What the session calls

    def write(self, frame: bytes) -> None:
        """Send a ready frame; cut the connection if its client reads too slowly.

        Written past the library, whose `send` would build the frame again for each client. That is
        sound while no message is sent in fragments: frames of the library are whole, too.
        """
        if self._cut or self._state.state is not State.OPEN:
            return
        if self._transport.get_write_buffer_size() > self._limits.unsent_bytes:
            log.warning("%s reads too slowly: cut", self.session.name)
            self._tally.closes[protocol.SLOW.name] += 1
            self.abort()
            return
        self._transport.write(frame)

    def end(self, close: Close) -> None:
        """Begin to close the connection; bounded by the library's close_timeout."""
        log.info("%s ends: %s", self.session.name, close.name)
        self._tally.closes[close.name] += 1
        self._spawn(self._websocket.close(close.code, close.reason))

    def review(self) -> None:
        """Look at the session's rights soon; once, however often this is called before."""
        if not self._review_waits:
            self._review_waits = True
            self._spawn(self._review())

    async def _review(self) -> None:
        async with self._turn:
            self._review_waits = False
            await self._threads.drive(self.session.review())

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s failed", self.session.name, exc_info=error)
            self.abort()
