"""Whether the database gives connections: logged when it ceases to, and when it is over.

Whoever meets an error that is told here (`is_told`) has nothing to add that should wake somebody:
tens of threads of many processes meet it at the same moment. The same classes of errors come of a
single statement or transaction, too, and then nobody has told of them.
"""

import logging
from threading import Lock
from time import monotonic

from infra.eventstore.errors import ConnectionLostError, OutcomeUnknownError, UnreachableError

#: Seconds without a failure after which an outage is over: one that comes and goes is one outage.
QUIET_S = 5.0

#: Seconds after which an outage that lasts is told again.
AGAIN_S = 300.0

logger = logging.getLogger(__name__)


class Outage:
    """What one process knows of it. Safe to use from many threads."""

    def __init__(self) -> None:
        self._alone = Lock()  # held while logging: the lines come in the order of what they tell
        self._since: float | None = None
        self._failed = 0.0
        self._told = 0.0

    def attempted(self, error: UnreachableError | None) -> None:
        """Take note of why there is no connection, or of one that did its work (None)."""
        if error is not None:
            self._begin(error)
        elif self._since is not None:  # without the lock: each statement passes here
            self._end()

    def lost(self, error: ConnectionLostError) -> None:
        """Take note of a connection that broke: told already if there is an outage."""
        error.told = self._since is not None

    def _begin(self, error: UnreachableError) -> None:
        with self._alone:
            now = self._failed = monotonic()
            if self._since is None:
                self._since = self._told = now
                logger.error("the database gives no connection: %s", error)
            elif now - self._told >= AGAIN_S:
                self._told = now
                logger.error(
                    "the database gives no connection, for %.0f s by now: %s",
                    now - self._since,
                    error,
                )
        error.told = True

    def _end(self) -> None:
        with self._alone:
            now = monotonic()
            if self._since is not None and now - self._failed >= QUIET_S:
                logger.info("the database gives connections again, after %.1f s", now - self._since)
                self._since = None


def is_told(error: BaseException) -> bool:
    """Return whether an outage has told of this: whoever meets it logs it below an error."""
    if isinstance(error, OutcomeUnknownError) and error.__cause__ is not None:
        return is_told(error.__cause__)
    return isinstance(error, UnreachableError | ConnectionLostError) and error.told
