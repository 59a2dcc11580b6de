"""The broker of a worker, and its one actor."""

from collections.abc import Callable

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from infra.broker import catch_up_message
from infra.wakeup import QUEUE
from workers.catch_up import CatchUp
from workers.parts import WorkerParts


def make_catch_up(broker: RedisBroker, parts: WorkerParts, stopping: Callable[[], bool]) -> CatchUp:
    """Return what the actor does, made of `parts`; it asks by `broker` to be relieved."""
    return CatchUp(
        parts,
        lambda lane, predecessor: broker.enqueue(catch_up_message(lane, predecessor)),
        stopping,
    )


def with_actors(broker: RedisBroker, catch_up: CatchUp) -> RedisBroker:
    """Declare the actors on `broker`; return it."""

    @dramatiq.actor(actor_name=QUEUE, queue_name=QUEUE, broker=broker)
    def attend(lane: int, predecessor: str | None = None) -> None:
        catch_up(lane, predecessor)

    return broker
