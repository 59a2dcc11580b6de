"""Whether the database gives connections: logged once when it ceases to, and once when it is over.

Whoever meets the errors in LOST has nothing to add that should wake somebody: tens of threads of
many processes meet them at the same moment.
"""

import logging
from threading import Lock
from time import monotonic

from infra.eventstore.errors import ConnectionLostError, OutcomeUnknownError, UnreachableError

#: What everybody meets while the database is away. Only ever logged below an error.
LOST = (UnreachableError, ConnectionLostError, OutcomeUnknownError)

logger = logging.getLogger(__name__)


class Outage:
    """What one process knows of it. Safe to use from many threads."""

    def __init__(self) -> None:
        self._alone = Lock()
        self._since: float | None = None

    def attempted(self, error: Exception | None) -> None:
        """Take note of an attempt to connect: why there is no connection, or None."""
        now = monotonic()
        with self._alone:
            since = self._since
            self._since = None if error is None else now if since is None else since
        if error is not None and since is None:
            logger.error("the database gives no connection: %s", error)
        elif error is None and since is not None:
            logger.info("the database gives connections again, after %.1f s", now - since)
