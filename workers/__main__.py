"""A projection worker: `python -m workers`. Start as many as there is work for.

SIGTERM and SIGINT end it within two seconds; what it was doing is rolled back, and done by another.
"""

from threading import Thread

from infra import logs
from infra.broker import make_broker
from infra.metrics.serving import serve
from infra.redis_clients import patient_client
from infra.settings import Settings
from workers.broker import make_catch_up, with_actors
from workers.parts import WorkerParts
from workers.running import end_process, stop_sign, work
from workers.without_redis import attend

#: Seconds that the threads get to end by themselves. A lingerer notices within one.
GRACE_S = 1.5

#: Milliseconds after which an idle consumer looks for messages: they only matter where nobody
#: lingers, and a quarter of a second costs next to nothing.
IDLE_POLL_MS = 250


def run(parts: WorkerParts, broker_url: str, threads: int) -> None:
    """Work until a signal says to stop, then return; threads may still be at work.

    Must be called from the main thread.
    """
    stop = stop_sign()
    broker = make_broker(patient_client(broker_url))
    catch_up = make_catch_up(broker, parts, stop.is_set)
    without_redis = (parts.wakeup.unattended, lambda: parts.lanes, catch_up.look, stop)
    Thread(target=attend, args=without_redis, daemon=True).start()
    # One message a thread: the default, two, lets wake-ups wait in a busy process. (With one a
    # process, which `dramatiq_queue_prefetch=1` means, a second thread would never be used.)
    work(
        with_actors(broker, catch_up),
        stop,
        threads=threads,
        idle_poll_ms=IDLE_POLL_MS,
        grace_s=GRACE_S,
        prefetch=threads,
    )


def main() -> None:
    """Be the process."""
    from infra.bootstrap import worker_parts  # noqa: PLC0415  # the composition root

    settings = Settings.load()
    logs.set_up(settings)
    parts = worker_parts(settings)
    serve(parts.metrics.registry, settings.metrics_host, settings.worker_metrics_port)
    # Whatever a thread still waits for, the server rolls its transaction back.
    end_process(lambda: run(parts, settings.broker_url, settings.worker_threads))


if __name__ == "__main__":
    main()
