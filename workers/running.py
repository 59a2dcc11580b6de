"""Being a process that works until it is told to stop."""

import logging
import os
import signal
from collections.abc import Callable
from threading import Event, Thread

from dramatiq.brokers.redis import RedisBroker

logger = logging.getLogger(__name__)


def stop_sign() -> Event:
    """Return what SIGTERM and SIGINT set. Call it from the main thread."""
    stop = Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    return stop


def work(
    broker: RedisBroker,
    stop: Event,
    *,
    threads: int,
    idle_poll_ms: int,
    grace_s: float,
    prefetch: int | None = None,
) -> None:
    """Take messages from the broker's queues until `stop` is set; then give threads `grace_s`.

    Returns whether they have ended or not. `prefetch`: messages that are taken ahead; Dramatiq's
    twice the threads if not given.
    """
    # Read when dramatiq.worker is imported; the default lets a worker rest for three seconds.
    os.environ.setdefault("dramatiq_restart_delay", "500")
    from dramatiq.worker import Worker  # noqa: PLC0415

    worker = Worker(broker, worker_timeout=idle_poll_ms, worker_threads=threads)
    if prefetch is not None:
        worker.queue_prefetch = prefetch
    worker.start()
    logger.info("working, %d threads", threads)
    stop.wait()
    ending = Thread(target=worker.stop, kwargs={"timeout": int(grace_s * 1000)}, daemon=True)
    ending.start()
    ending.join(grace_s)
    logger.info("stopped")


def end_process(run: Callable[[], None]) -> None:
    """Run, and end the process, whatever its threads still do: somebody else does it again."""
    run()
    logging.shutdown()
    os._exit(0)
