"""Who follows the log's end: a subscription, or bare SELECTs in a loop."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection as Pipe
from time import monotonic
from typing import Literal, Protocol

from eventsourcing.persistence import ApplicationRecorder
from eventsourcing.utils import Environment
from pymysql.connections import Connection

from infra.eventstore import MariaDBFactory
from infra.eventstore.subscription import LONGEST_WAIT_S, PAGE, SHORTEST_WAIT_S
from tests.benchmarks.bare import SELECT, Env, connection
from tests.benchmarks.processes import CONTEXT

Kind = Literal["subscription", "bare"]

#: Position → when it was received, by time.monotonic, which all processes of a machine share.
Received = dict[int, float]

#: Seconds until a follower that has not received everything is given up.
PATIENCE_S = 30


class Follower(Protocol):
    """Yields positions as they become known; `stop` may be called from any thread."""

    def __iter__(self) -> Iterator[int]: ...

    def stop(self) -> None: ...


class Subscribed:
    """A subscription of the recorder."""

    def __init__(self, recorder: ApplicationRecorder, after: int) -> None:
        self._subscription = recorder.subscribe(after)
        self.stop = self._subscription.stop

    def __iter__(self) -> Iterator[int]:
        for notification in self._subscription:
            yield notification.id


class Polling:
    """Bare SELECTs with the same pages and waits as a subscription; loses late events."""

    def __init__(self, opened: Connection, after: int) -> None:
        self._opened = opened
        self._after = after
        self._stopped = False
        self._news = threading.Event()

    def stop(self) -> None:
        self._stopped = True
        self._news.set()

    def wake(self) -> None:
        """Look at once."""
        self._news.set()

    def __iter__(self) -> Iterator[int]:
        wait_s = SHORTEST_WAIT_S
        while not self._stopped:
            self._news.clear()
            page = self._page()
            if page:
                wait_s = SHORTEST_WAIT_S
                yield from page
            else:
                self._news.wait(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _page(self) -> list[int]:
        with self._opened.cursor() as cursor:
            cursor.execute(SELECT, (self._after, PAGE))
            found = [row[-1] for row in cursor.fetchall()]
        self._after = found[-1] if found else self._after
        return found


@contextmanager
def follower(env: Env, kind: Kind, after: int) -> Iterator[Follower]:
    """Give a follower of the events above `after`, with connections of its own."""
    if kind == "bare":
        with connection(env, autocommit=True) as opened:
            yield Polling(opened, after)
    else:
        with MariaDBFactory(Environment("bench", dict(env))) as factory:
            yield Subscribed(factory.application_recorder(), after)


def received(following: Follower, until: int | None = None) -> Received:
    """Return what `following` yields until it is stopped, or has yielded `until` positions."""
    times: Received = {}
    for position in following:
        times[position] = monotonic()
        if len(times) == until:
            break
    return times


@contextmanager
def elsewhere(
    env: Env, kind: Kind, after: int, until: int | None = None
) -> Iterator[Callable[[], Received]]:
    """Follow in another process; give what waits for the `until` positions, or stops it."""
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=_follow, args=(theirs, env, kind, after, until), daemon=True)
    process.start()
    theirs.close()

    def end() -> Received:
        if until is None:
            ours.send("stop")
        if not ours.poll(PATIENCE_S):
            raise TimeoutError(f"the {kind} follower has not received {until} events")
        times: Received = ours.recv()
        return times

    try:
        ours.recv()
        yield end
    finally:
        process.terminate()
        process.join()
        ours.close()


def _follow(pipe: Pipe, env: Env, kind: Kind, after: int, until: int | None) -> None:
    with follower(env, kind, after) as following:
        threading.Thread(target=_stop_when_told, args=(pipe, following), daemon=True).start()
        pipe.send("ready")
        pipe.send(received(following, until))


def _stop_when_told(pipe: Pipe, following: Follower) -> None:
    with suppress(EOFError):
        pipe.recv()
    following.stop()
