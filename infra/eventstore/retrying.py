"""Try again what another transaction or a restart of the server got in the way of."""

import random
from collections.abc import Callable
from time import monotonic, sleep
from typing import TypeVar

Result = TypeVar("Result")

#: Longest waits before the second and each later try, in seconds, each drawn evenly from half of
#: it to all of it: rivals of a deadlock part quickly, and a server has three seconds to restart.
BACK_OFF_S = (0.002, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)

#: Seconds after the first try from which on none is begun: a server that does not answer costs the
#: read time-out each time (40 s), and whoever waits has gone.
PATIENCE_S = 10.0


def retrying(attempt: Callable[[], Result], on: tuple[type[Exception], ...]) -> Result:
    """Return what `attempt` returns; try again on these errors.

    At most nine tries, and none that would begin ten seconds after the first.

    Raises:
        Exception: the last try's error, or at once any other error.
    """
    begun = monotonic()
    for longest_s in BACK_OFF_S:
        try:
            return attempt()
        except on:
            if monotonic() - begun > PATIENCE_S:
                raise
            sleep(longest_s * random.uniform(0.5, 1.0))  # noqa: S311  # jitter, no secret
    return attempt()
