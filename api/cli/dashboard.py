"""A dashboard on a terminal: prints what the gateway pushes, with the time that it took."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Event, Thread
from time import perf_counter
from typing import Any, Self

from realtime.client import Client
from realtime.items import Push

#: Seconds that a change may take to arrive before the dashboard gives up.
PATIENCE_S = 10.0


class Dashboard:
    """Follows one topic in a thread of its own. Use within `with`; for one commanding thread."""

    def __init__(self, url: str, token: str, topic: str, show: Callable[[str], None]) -> None:
        self._url, self._token, self._topic, self._show = url, token, topic, show
        self._seen: dict[str, int] = {}
        self._news = Condition()
        self._sent = perf_counter()
        self._ready, self._stop = Event(), Event()
        self._thread = Thread(target=lambda: asyncio.run(self._follow()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(PATIENCE_S):
            raise TimeoutError(f"no subscription to {self._topic} within {PATIENCE_S} s")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(PATIENCE_S)

    @contextmanager
    def expecting(self) -> Iterator[Callable[[dict[str, Any]], None]]:
        """Time from here on; give what waits until a command's outcome has been pushed.

        Raises:
            TimeoutError: it was not, for ten seconds.
        """
        self._sent = perf_counter()
        yield self._wait_for

    def _wait_for(self, outcome: dict[str, Any]) -> None:
        document, version = outcome["document"], outcome["version"]
        with self._news:
            if not self._news.wait_for(lambda: self._seen.get(document, 0) >= version, PATIENCE_S):
                raise TimeoutError(f"version {version} of {document} was not pushed")

    async def _follow(self) -> None:
        async with Client(self._url, token=self._token, name="ringi-demo") as client:
            await client.subscribe(self._topic)
            self._ready.set()
            while not self._stop.is_set():
                try:
                    item = await asyncio.wait_for(anext(client), 0.1)
                except TimeoutError:
                    continue
                if isinstance(item, Push):
                    self._arrived(item.message)

    def _arrived(self, message: dict[str, Any]) -> None:
        took_ms = (perf_counter() - self._sent) * 1000
        self._show(f"    {took_ms:6.1f} ms  {described(message)}")
        with self._news:
            self._seen[message["document"]] = message["version"]
            self._news.notify_all()


def described(message: dict[str, Any]) -> str:
    """Return a push in a line: what happened, by whom, and whose task it opened or closed."""
    data = message["data"]
    words = [message["type"], f"by {data['entry']['actor']}"]
    words += [f"→ {data['document']['status']}"] if "status" in data["document"] else []
    words += [f"opens {each['assignee']}'s task" for each in data.get("opened", ())]
    words += [f"closes {slot}" for slot in data.get("closed", ())]
    return "  ".join(words)
