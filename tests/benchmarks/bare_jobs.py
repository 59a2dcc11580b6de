"""The floor: `python -m tests.benchmarks.bare_jobs REDIS_URL THREADS MESSAGES`.

Dramatiq with its own middleware and settings, and an actor that does nothing. Prints the seconds
from its first message to its last.
"""

import os
import sys
from threading import Event, Lock
from time import monotonic

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.worker import Worker

QUEUE = "bare"


def main(url: str, threads: int, messages: int) -> None:
    """Drain the queue."""
    broker = RedisBroker(url=url)  # type: ignore[no-untyped-call]
    times: list[float] = []
    alone, done = Lock(), Event()

    @dramatiq.actor(queue_name=QUEUE, broker=broker)
    def nothing(_job: str) -> None:
        with alone:
            times.append(monotonic())
            if len(times) == messages:
                done.set()

    broker.emit_after("process_boot")
    Worker(broker, worker_threads=threads).start()
    done.wait()
    print(times[-1] - times[0], flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
