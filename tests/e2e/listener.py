"""A subscriber in a thread: what it was pushed, and when."""

import asyncio
from threading import Condition, Event, Thread
from time import monotonic
from typing import Any, Self

from realtime.client import Client
from realtime.items import Item, Push, SnapshotNeeded


class Listener:
    """Follows topics over as many connections as it takes; use within `with`."""

    def __init__(self, url: str, token: str, *topics: str) -> None:
        self._url, self._token, self._topics = url, token, topics
        self.messages: list[dict[str, Any]] = []
        self.arrived_at: list[float] = []
        self.resyncs: list[SnapshotNeeded] = []
        self.failure: BaseException | None = None
        self._client: Client | None = None
        self._news = Condition()
        self._ready, self._stop = Event(), Event()
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(20), f"no subscription: {self.failure!r}"
        assert self.failure is None, repr(self.failure)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(20)

    @property
    def is_connected(self) -> bool:
        return self._client is not None and self._client._socket is not None

    def wait_for(self, document: str, version: int, timeout_s: float) -> float:
        """Return when (monotonic) the document's version was pushed."""

        def found() -> float | None:
            for message, at in zip(self.messages, self.arrived_at, strict=True):
                if message["document"] == document and message["version"] == version:
                    return at
            return None

        with self._news:
            self._news.wait_for(lambda: found() is not None or self.failure, timeout_s)
            at = found()
        assert at is not None, (
            f"version {version} of {document} was not pushed within {timeout_s:.1f} s; "
            f"{len(self.messages)} were, {self.failure!r}"
        )
        return at

    def _run(self) -> None:
        try:
            asyncio.run(self._follow())
        except BaseException as error:  # noqa: BLE001  # shown where the test waits
            self.failure = error
            self._ready.set()

    async def _follow(self) -> None:
        async with Client(self._url, token=self._token, name="test") as client:
            self._client = client
            await client.subscribe(*self._topics)
            self._ready.set()
            while not self._stop.is_set():
                try:
                    self._take(await asyncio.wait_for(anext(client), 0.1))
                except TimeoutError:
                    continue

    def _take(self, item: Item) -> None:
        with self._news:
            if isinstance(item, Push):
                self.messages.append(item.message)
                self.arrived_at.append(monotonic())
            elif isinstance(item, SnapshotNeeded):
                self.resyncs.append(item)
            self._news.notify_all()
