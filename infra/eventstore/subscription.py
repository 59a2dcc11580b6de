"""An iterator over the log that waits at its end."""

from collections.abc import Sequence
from threading import Event
from weakref import WeakSet

from eventsourcing.persistence import ApplicationRecorder, Notification, Subscription

from infra.eventstore.errors import HoleTooWideError, LogStalledError
from infra.eventstore.reading import LogReader

#: Events fetched at once.
PAGE = 500

#: Seconds between two looks at the end of the log: the first wait after an event, doubled up to
#: the last. MariaDB has no LISTEN; a wake-up ends the wait.
SHORTEST_WAIT_S = 0.001
LONGEST_WAIT_S = 0.05


class Wakeups:
    """Who waits for the log to grow, in this process. Safe to use from many threads."""

    def __init__(self) -> None:
        self._waiting: WeakSet[Event] = WeakSet()

    def wake(self) -> None:
        """Let everyone who waits look at once; a hint, without harm when it is wrong."""
        for news in tuple(self._waiting):
            news.set()

    def join(self, news: Event) -> None:
        """Set `news` at every wake-up, until it leaves."""
        self._waiting.add(news)

    def leave(self, news: Event) -> None:
        """Forget `news`. Idempotent."""
        self._waiting.discard(news)


class MariaDBSubscription(Subscription[ApplicationRecorder]):
    """Yields every event above `gt`, each once, in order; blocks at the end of the log.

    `stop()` may be called from any thread and ends the iteration, also while it waits. A stall is
    waited for as the end of the log is, and told to the alarm; only a hole that is too wide ends
    the iteration, with its error. Has no thread of its own: reading happens in the iterating
    thread, of which there may be one.
    """

    def __init__(
        self,
        recorder: ApplicationRecorder,
        log: LogReader,
        wakeups: Wakeups,
        gt: int | None = None,
        topics: Sequence[str] = (),
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._log = log
        self._wakeups = wakeups
        self._reached = gt or 0
        self._page: list[Notification] = []
        self._news = Event()
        self._wait_s = SHORTEST_WAIT_S
        wakeups.join(self._news)

    def stop(self) -> None:
        """End the iteration. Idempotent."""
        super().stop()
        self._wakeups.leave(self._news)
        self._news.set()

    def __next__(self) -> Notification:
        while not self._has_been_stopped:
            if self._page:
                return self._page.pop()
            self._news.clear()
            self._turn_the_page()
            if self._page:
                self._wait_s = SHORTEST_WAIT_S
            elif not self._has_been_stopped:
                self._news.wait(self._wait_s)
                self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
        raise StopIteration

    def _turn_the_page(self) -> None:
        try:
            page = self._log.page(self._reached, PAGE, topics=self._topics)
        except HoleTooWideError:
            raise
        except LogStalledError:
            return
        self._reached = page.reached
        self._page = page.notifications[::-1]
