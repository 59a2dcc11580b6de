"""Who holds the log's head: a transaction in flight, found by its connection."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import uniform
from threading import Event, Thread
from typing import Self

from eventsourcing.persistence import PersistenceError

from infra.eventstore.datastore import Datastore

#: Seconds between two looks at who blocks whom, drawn anew for each. InnoDB makes these tables
#: anew only if nobody has read them for 0.1 s (trx0i_s.cc, CACHE_MIN_IDLE_TIME_NS): who looks
#: more often, or in step with others, sees the same old picture for ever (tried on 10.11).
LOOK_EVERY_S = (0.15, 0.35)

_BLOCKER = """
SELECT b.trx_mysql_thread_id, p.user, p.host, b.trx_started, COALESCE(b.trx_query, p.command)
FROM information_schema.innodb_lock_waits w
JOIN information_schema.innodb_trx r ON r.trx_id = w.requesting_trx_id
JOIN information_schema.innodb_trx b ON b.trx_id = w.blocking_trx_id
LEFT JOIN information_schema.processlist p ON p.id = b.trx_mysql_thread_id
WHERE r.trx_mysql_thread_id = %s
ORDER BY b.trx_started LIMIT 1
"""

logger = logging.getLogger("ringi.log")


@dataclass(frozen=True)
class Blocker:
    """A transaction that others wait for."""

    connection_id: int
    """What KILL takes."""
    user: str
    host: str
    since: datetime
    """Begin of the transaction, in UTC, by the server's clock."""
    doing: str
    """The statement it runs, or Sleep where it waits for its client."""

    def __str__(self) -> str:
        return (
            f"connection {self.connection_id} ({self.user}@{self.host}, in a transaction since "
            f"{self.since} UTC, doing: {self.doing[:80]})"
        )


@dataclass(frozen=True)
class Stall:
    """The head of the log does not move."""

    position: int
    """The position that readers cannot pass."""
    reason: str
    blocker: Blocker | None = None
    """None where the stall has no single holder, or it ended while it was looked for."""

    def __str__(self) -> str:
        return f"the log stands at position {self.position}: {self.reason}"


Alarm = Callable[[Stall], None]
"""Told of a stall within two seconds, from any thread; once for each position and holder in a
reading that waits."""


def log_alarm(stall: Stall) -> None:
    """Write the stall to the log "ringi.log" as an error."""
    logger.error("%s", stall)


class BlockerSearch:
    """Looks, beside a connection that waits for a lock, for the one that holds it.

    A context manager: looks while the block runs, in a thread of its own, which calls `tell` as
    soon as it has found somebody; `found` holds afterwards who it was, if any.
    """

    def __init__(
        self, datastore: Datastore, connection_id: int, tell: Callable[[Blocker], None]
    ) -> None:
        self.found: Blocker | None = None
        self._tell = tell
        self._datastore = datastore
        self._connection_id = connection_id
        self._over = Event()
        self._thread = Thread(target=self._look, name="blocker-search", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        try:
            with self._datastore.filler() as (cursor, _):  # the pool may be full of who waits
                while self.found is None:
                    if self._over.wait(uniform(*LOOK_EVERY_S)):  # noqa: S311  # jitter
                        return
                    cursor.execute(_BLOCKER, (self._connection_id,))
                    row = cursor.fetchone()
                    if row is not None:
                        number, user, host, since, doing = row
                        self.found = Blocker(number, user or "?", host or "?", since, doing or "?")
                        self._tell(self.found)
        except PersistenceError:
            logger.exception("could not look for who holds the log's head")
