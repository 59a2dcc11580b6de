"""From when on results are too old, where two clocks agree on what time it is.

Files are as old as this machine's clock says. A clock that is years ahead would make all of them
old at once, so nothing is called old that the database's clock does not call so.
"""

from time import time

from infra.eventstore.datastore import Datastore

#: Seconds by which the clocks may differ: time zones and daylight saving count in hours, and a
#: result is kept for days.
APART_S = 3600.0


class ClockError(Exception):
    """The clocks of this machine and of the database disagree; nothing can be called old."""


def old_before(datastore: Datastore, days: float) -> float:
    """Return the instant `days` ago, in seconds of the epoch.

    Raises:
        ClockError: the clocks are further apart than `APART_S`.
        PersistenceError: the server is away, so that nobody can tell.
    """
    with datastore.cursor() as cursor:
        cursor.execute("SELECT UNIX_TIMESTAMP()")
        ((server,),) = cursor.fetchall()
    now = time()
    if abs(now - server) > APART_S:
        raise ClockError(
            f"this machine's clock is {now - server:+.0f} s from the database's:"
            " nothing is deleted by age until one of them is set right"
        )
    return now - days * 86_400
