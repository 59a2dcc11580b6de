"""A run: whatever waits is handled, and whatever is due is handed in, each delivery once.

The order is what the promise "no mail twice" stands on:

1. the server has agreed to sender and recipient;
2. the delivery is claimed, by a compare-and-set that is committed: of rivals, one goes on;
3. the message is given away, and the server's answer is written down.

Who dies after 2 leaves a claim behind; when the database shows that they are dead, the delivery is
*uncertain*. Perhaps the server has it: SMTP cannot tell, so only an operator sends it again.
"""

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from threading import Lock

from eventsourcing.persistence import PersistenceError

from infra.mail.book import Book
from infra.mail.carriers import Carrier, OutOfReachError
from infra.mail.deliveries import Deliveries, Delivery, Ending, State
from infra.mail.handling import Handling
from infra.mail.letters import Letters
from infra.mail.people import People
from infra.mail.telling import Telling

#: Deliveries that are looked up at once.
BATCH = 50

logger = logging.getLogger(__name__)


@dataclass
class Sending:
    """The mail of one process: one run at a time, for a server may let each wait for long."""

    handling: Handling
    deliveries: Deliveries
    book: Book
    people: People
    telling: Telling
    letters: Letters
    carrier: Callable[[], Carrier]
    """Returns one for a run. Connects when it has something to carry."""
    is_alive: Callable[[str], bool]
    """Tells whether a worker of this name lives."""
    _alone: Lock = field(default_factory=Lock, init=False)

    def run(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Do what is to be done, until nothing is due or `stopping` says so.

        Returns at once while another thread runs: it looks again before it ends, and the tick does.

        Raises:
            PersistenceError: the database is away; the next run goes on.
        """
        if not self._alone.acquire(blocking=False):
            return
        try:
            self.book.write_down()
            self._find_orphans()
            self.handling.handle_all(stopping)
            self._send_all(stopping)
        finally:
            self._alone.release()

    def _find_orphans(self) -> None:
        for worker in self.deliveries.sending_workers():
            if not self.is_alive(worker):
                count = self.deliveries.orphan(worker)
                logger.error("worker %s is dead: %d mails are uncertain now", worker, count)

    def _send_all(self, stopping: Callable[[], bool]) -> None:
        with closing(self.carrier()) as carrier:
            while due := self.deliveries.due(BATCH):
                for delivery in due:
                    if stopping():
                        return
                    try:
                        self._send(carrier, delivery)
                    except OutOfReachError as error:
                        logger.warning("mail waits: %s", error)
                        return

    def _send(self, carrier: Carrier, delivery: Delivery) -> None:
        address = self.people.address(delivery.login)
        if address is None:
            self.book.end_unclaimed(delivery, Ending(State.NO_ADDRESS))
            return
        try:
            told = self.telling.told(delivery.stream, delivery.version)
            message = self.letters.write(delivery, told, address)
        except PersistenceError:
            raise
        except Exception as error:  # one mail's trouble is not the others'
            logger.exception("mail %s cannot be written", delivery.name)
            unwritten = f"cannot be written: {type(error).__name__}: {error}"
            self.book.end_unclaimed(delivery, Ending(State.WAITING, unwritten))
            return
        carrier.carry(delivery, address, message)
