"""The tick: `python -m workers.scheduler`. Every second, what would otherwise be forgotten.

It settles the log, so that replicas move without readers, and wakes every lane where nobody
lingers, so that a lost wake-up costs a second. It keeps nothing: two at once do no harm, and it
may be killed at any time.
"""

import logging
import signal
from collections.abc import Callable
from threading import Event, Thread

from eventsourcing.persistence import PersistenceError
from redis import RedisError

from infra import logs
from infra.settings import Settings
from workers.parts import SchedulerParts

#: Seconds between two ticks, and after a failed one.
TICK_S = 1.0

logger = logging.getLogger(__name__)


def every_second(name: str, act: Callable[[], object], stop: Event) -> None:
    """Do `act` once a second until `stop` is set, whatever it raises for servers that are away."""
    complaint = ""
    while not stop.is_set():
        try:
            act()
        except (PersistenceError, RedisError) as error:
            if str(error) != complaint:
                logger.error("%s: %s", name, error)  # noqa: TRY400  # the message says it all
            complaint = str(error)
        else:
            if complaint:
                logger.info("%s: works again", name)
            complaint = ""
        stop.wait(TICK_S)


def run(parts: SchedulerParts) -> None:
    """Tick until a signal says to stop; return at once then. Call it from the main thread.

    Settling and waking are apart, for settling waits where the log's head stalls.
    """
    stop = Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    for name, act in (
        ("settling the log", parts.settle),
        ("waking the lanes", lambda: parts.wakeup.tick(parts.lanes)),
    ):
        Thread(target=every_second, args=(name, act, stop), daemon=True).start()
    logger.info("ticking")
    stop.wait()


def main() -> None:
    """Be the process."""
    from infra.bootstrap import scheduler_parts  # noqa: PLC0415  # the composition root

    settings = Settings.load()
    logs.set_up(settings)
    run(scheduler_parts(settings))


if __name__ == "__main__":
    main()
