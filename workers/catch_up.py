"""Bring a lane's projections to the end of the log, and wait there for more."""

import logging
from collections.abc import Callable
from threading import Lock
from time import monotonic

from eventsourcing.persistence import OperationalError
from redis import RedisError

from infra.outage import is_told
from infra.wakeup import Lingerer, lingering
from workers.parts import Runner, WorkerParts

#: Seconds that an actor stays on a lane before another one relieves it.
LINGER_S = 30.0

#: Seconds that it stays on for the other one to come.
RELIEF_S = 3.0

logger = logging.getLogger(__name__)


class CatchUp:
    """What the actor does: looks, and lingers on the lane unless somebody else does already.

    Never raises for a server that is away: it is logged, and the next tick tries again.
    """

    def __init__(
        self,
        parts: WorkerParts,
        send: Callable[[int, str | None], object],
        stopping: Callable[[], bool],
    ) -> None:
        """`send` sends a lane's next message; `stopping` says that the process is to end."""
        self._parts = parts
        self._send = send
        self._stopping = stopping
        self._complaints = _Complaints()

    def __call__(self, lane: int, predecessor: str | None = None) -> None:
        """Be the actor, for one message."""
        try:
            with lingering(self._parts.redis_for_lingering(), lane, predecessor) as lingerer:
                self._parts.wakeup.begun(lane)
                if self.look(lane) and lingerer is not None:
                    self._linger(lane, lingerer)
        except RedisError as error:
            self._complaints.about("redis", f"Redis does not do its part, nobody lingers: {error}")
            self.look(lane)
        else:
            self._complaints.none_about("redis")

    def _linger(self, lane: int, lingerer: Lingerer) -> None:
        end = monotonic() + LINGER_S
        while monotonic() < end and not self._stopping():
            lingerer.wait()
            if not (lingerer.keep() and self.look(lane)):
                return
        self._send(lane, lingerer.token)
        end = monotonic() + RELIEF_S
        while monotonic() < end and not self._stopping():
            lingerer.wait()
            relieved = not lingerer.keep()
            if not self.look(lane) or relieved:
                return

    def look(self, lane: int) -> bool:
        """Let every projection catch up; return whether the servers are there."""
        there = [self._catch_up(runner, lane) for runner in self._parts.runners]  # every one
        return all(there)

    def _catch_up(self, runner: Runner, lane: int) -> bool:
        subject = f"{runner.projection.name}, lane {lane}"
        try:
            runner.catch_up(lane, self._stopping)
        except OperationalError as error:
            if is_told(error):  # for all lanes at once
                logger.debug("%s: %s", subject, error)
            else:
                self._complaints.about(subject, f"{subject}: {error}")
            return False
        except Exception as error:  # noqa: BLE001  # one projection's trouble is not the others'
            self._complaints.about(subject, f"{subject}: {error}", error)
            return True
        self._complaints.none_about(subject)
        return True


class _Complaints:
    """Logs a trouble when it begins, changes and ends, not at every look. For many threads."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._alone = Lock()

    def about(self, subject: str, text: str, error: Exception | None = None) -> None:
        with self._alone:
            known = self._known.get(subject)
            self._known[subject] = text
        if known != text:
            logger.error("%s", text, exc_info=error)

    def none_about(self, subject: str) -> None:
        if subject in self._known:
            with self._alone:
                known = self._known.pop(subject, None)
            if known is not None:
                logger.info("over: %s", known)
