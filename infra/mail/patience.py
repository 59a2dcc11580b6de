"""How long a delivery is tried: back-off, and an end."""

from random import uniform

#: Seconds until the second attempt; each later one waits twice as long.
FIRST_S = 30.0

#: Seconds between two attempts, at most.
LONGEST_S = 4 * 3600.0

#: Attempts in all: some 24 hours from the first to the last. RFC 5321, section 4.5.4.1, asks 4 to 5
#: days of a relay; whoever waits for a decision is better told by then that mail does not get out.
ATTEMPTS = 15


def pause_after(attempts: int) -> float | None:
    """Return the seconds to wait after so many attempts; None after the last one.

    Drawn from the last quarter, so that what failed together does not come back together.
    """
    if attempts >= ATTEMPTS:
        return None
    longest_s = min(FIRST_S * 2.0 ** (attempts - 1), LONGEST_S)
    return longest_s * uniform(0.75, 1.0)  # noqa: S311  # jitter, no secret
