"""The actor of the queue `mail`: one run over all mail that is due."""

import logging
from threading import Event
from time import monotonic

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Middleware
from eventsourcing.persistence import PersistenceError

from infra.mail.due import QUEUE
from workers.parts import JobParts

#: Seconds after which a run begins no further mail; the next tick begins another run.
LONGEST_S = 300.0

#: Seconds after which Dramatiq interrupts it: twice what the last mail's conversation may take.
INTERRUPTED_S = 600.0

logger = logging.getLogger(__name__)


class _Stopping(Middleware):
    """Notices that the worker is asked to stop."""

    def __init__(self) -> None:
        self.is_set = Event()

    def before_worker_shutdown(self, _broker: object, _worker: object) -> None:
        """Let the run end after the mail that it is at."""
        self.is_set.set()


def declare(broker: RedisBroker, parts: JobParts) -> None:
    """Declare the actor on `broker`, which has the middleware TimeLimit."""
    stopping = _Stopping()
    broker.add_middleware(stopping)

    @dramatiq.actor(
        actor_name=QUEUE, queue_name=QUEUE, broker=broker, time_limit=int(INTERRUPTED_S * 1000)
    )
    def send_mail() -> None:
        end = monotonic() + LONGEST_S
        try:
            parts.mail.run(lambda: stopping.is_set.is_set() or monotonic() > end)
        except PersistenceError as error:
            logger.warning("mail waits: %s", error)
