"""Projecting where Redis brings no message: a look at every lane that nobody attends to.

Redis may be away, or answer and take no writes: its memory is full, or it became a replica of
another. Then nobody can claim a lane, no message reaches a worker, and no tick either. So it is not
asked how it is, but who lingers: where a claim stands, its worker looks every second, whatever
Redis takes. Views are up to a second or two behind, which is seen; they do not stand still.
"""

import logging
from collections.abc import Callable, Sequence
from threading import Event

from eventsourcing.persistence import PersistenceError
from redis import RedisError

from infra.outage import is_told

#: Seconds between two looks at who lingers, and at the lanes where nobody does.
LOOK_S = 1.0

#: Rounds in a row with such a lane from which on it is told: a claim may be between two workers.
TOLD = 5

logger = logging.getLogger(__name__)


def attend(
    unattended: Callable[[int], Sequence[int]],
    lanes: Callable[[], int],
    look: Callable[[int], object],
    stop: Event,
) -> None:
    """Let `look` bring the lanes up to date where nobody lingers, until `stop` is set.

    `unattended` says which of so many those are (`infra.wakeup.Wakeup.unattended`), or raises
    RedisError: then they are all. Beside others that do the same nothing is done twice; `look` must
    not raise for a server that is away.
    """
    rounds = 0
    while not stop.wait(LOOK_S):
        try:
            alone, trouble = _alone(unattended, lanes())
            for lane in alone:
                look(lane)
        except PersistenceError as error:  # how many lanes there are is asked once
            level = logging.DEBUG if is_told(error) else logging.ERROR
            logger.log(level, "the log does not answer: %s", error)
            continue
        if not alone and rounds >= TOLD:
            logger.info("somebody lingers on every lane again")
        rounds = rounds + 1 if alone else 0
        if rounds == TOLD:
            logger.warning(
                "lanes %s are looked at once a second: nobody lingers there%s", [*alone], trouble
            )


def _alone(unattended: Callable[[int], Sequence[int]], lanes: int) -> tuple[Sequence[int], str]:
    """Return the lanes where nobody lingers, and why that is not known, if it is not."""
    try:
        return unattended(lanes), ""
    except RedisError as error:
        return range(lanes), f" (Redis is away: {error})"
