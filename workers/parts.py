"""What a worker and the scheduler get from the composition root."""

from collections.abc import Callable, Sequence
from typing import Protocol

from redis import Redis

from infra.wakeup import Wakeup
from projections.base import Projection


class Runner(Protocol):
    """Drives one projection: `infra.projecting.runner.LaneRunner`."""

    @property
    def projection(self) -> Projection:
        """The projection that it drives."""

    def catch_up(self, lane: int, enough: Callable[[], bool]) -> int:
        """Project what the lane has up to its end, or until it is `enough`; return how much.

        Raises:
            PersistenceError: the server is away or has other troubles; try again later.
        """


class WorkerParts(Protocol):
    """Returned by `infra.bootstrap.worker_parts(settings)`."""

    @property
    def runners(self) -> Sequence[Runner]:
        """One for each projection, in the order of the list of projections."""

    @property
    def wakeup(self) -> Wakeup:
        """On a client of the broker's Redis that gives up quickly."""

    def redis_for_lingering(self) -> Redis:
        """Return a new client of the broker's Redis that may block for `infra.wakeup.BLOCK_S`."""


class SchedulerParts(Protocol):
    """Returned by `infra.bootstrap.scheduler_parts(settings)`."""

    @property
    def wakeup(self) -> Wakeup:
        """On a client of the broker's Redis that gives up quickly."""

    @property
    def lanes(self) -> int:
        """The number of lanes of the log."""

    def settle(self) -> object:
        """Advance the log's settled mark."""
