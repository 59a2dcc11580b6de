"""What one process has begun to send, written down even where the database was away meanwhile."""

from collections.abc import Callable
from typing import Protocol

from infra.mail.deliveries import Deliveries, Delivery, Ending, State
from infra.mail.patience import pause_after


class Identity(Protocol):
    """The name of this process while the database knows that it lives: `infra.jobs.identity`."""

    @property
    def worker(self) -> str:
        """The name.

        Raises:
            OperationalError: there is none, for the database is away.
        """


class Book:
    """Claims deliveries for this process, and remembers how they ended until that is written.

    For one thread at a time. What is remembered is lost with the process; then the claim is still
    in the database, and shows that the process is dead.
    """

    def __init__(
        self, deliveries: Deliveries, identity: Identity, tried: Callable[[str], None]
    ) -> None:
        """Let `tried` count the attempts, by the state after each."""
        self._deliveries = deliveries
        self._identity = identity
        self._tried = tried
        self._unwritten: dict[str, tuple[Delivery, str, Ending]] = {}

    def write_down(self) -> None:
        """Write down what could not be before.

        Raises:
            PersistenceError: it still cannot.
        """
        for name, (delivery, worker, ending) in list(self._unwritten.items()):
            self._deliveries.end(delivery, worker, ending)
            del self._unwritten[name]

    def claim(self, delivery: Delivery) -> bool:
        """Claim it for this process; False if somebody else was faster.

        Raises:
            PersistenceError: perhaps it is claimed; then it will be given back.
        """
        worker = self._identity.worker
        lost = Ending(State.WAITING, "the claim's answer was lost; nothing was sent")
        self._unwritten[delivery.name] = (delivery, worker, lost)
        claimed = self._deliveries.claim(delivery, worker)
        if claimed:
            interrupted = Ending(State.UNCERTAIN, "interrupted while it was sent")
            self._unwritten[delivery.name] = (delivery, worker, interrupted)
        else:
            del self._unwritten[delivery.name]
        return claimed

    def end(self, delivery: Delivery, ending: Ending) -> None:
        """Write down how a claimed delivery ended.

        Raises:
            PersistenceError: it will be written at the next `write_down`.
        """
        _, worker, _ = self._unwritten[delivery.name]
        ended = scheduled(delivery, ending)
        self._unwritten[delivery.name] = (delivery, worker, ended)
        self._tried(ended.state.value)
        self.write_down()

    def end_unclaimed(self, delivery: Delivery, ending: Ending) -> None:
        """Write down how an attempt ended that never came to a claim."""
        ended = scheduled(delivery, ending)
        if self._deliveries.end_unclaimed(delivery, ended):
            self._tried(ended.state.value)


def scheduled(delivery: Delivery, ending: Ending) -> Ending:
    """Return the ending with the time of the next attempt; after the last one, it is given up."""
    if ending.state is not State.WAITING:
        return ending
    pause_s = pause_after(delivery.attempts + 1)
    if pause_s is None:
        return Ending(State.GIVEN_UP, ending.error)
    return Ending(State.WAITING, ending.error, pause_s)
