"""Dramatiq's broker on Redis, as every process of Ringi uses it."""

from collections.abc import Callable

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from redis import Redis

from infra.wakeup import QUEUE


def make_broker(client: Redis) -> RedisBroker:
    """Return a broker without middleware: nothing here is retried, the tick is the retry.

    `client` decides how long a message may take to be sent: that of `quick_client` for who must not
    be held up, that of `patient_client` for a worker. Connects when first used.
    """
    return RedisBroker(client=client, middleware=[])  # type: ignore[no-untyped-call]


def catch_up_sender(broker: RedisBroker) -> Callable[[int], None]:
    """Return what sends the wake-up of a lane, for `infra.wakeup.Wakeup`.

    It raises RedisError if Redis is away.
    """

    def send(lane: int, predecessor: str | None = None) -> None:
        broker.enqueue(catch_up_message(lane, predecessor))

    return send


def catch_up_message(lane: int, predecessor: str | None = None) -> dramatiq.Message[None]:
    """Return the message for `workers.catch_up`; `predecessor` is the claim to be taken over."""
    return dramatiq.Message(
        queue_name=QUEUE, actor_name=QUEUE, args=(lane, predecessor), kwargs={}, options={}
    )
