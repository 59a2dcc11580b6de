"""The process of jobs: `python -m workers.jobs`. Start as many as there is work for.

It takes from the queues of the actors below, apart from the projections' workers, so that a long
job delays no view. Killed at any time, it leaves nothing that another one would not take up.
"""

from collections.abc import Callable, Sequence
from threading import Thread

from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import TimeLimit

from infra import logs
from infra.broker import make_broker
from infra.metrics.serving import serve
from infra.redis_clients import patient_client
from infra.settings import Settings
from workers import mail, run_job
from workers.folders import sweep
from workers.parts import JobParts
from workers.running import end_process, stop_sign, work
from workers.sweeping import Sweeper

Declare = Callable[[RedisBroker, JobParts], None]

#: Each declares one actor, on a queue of its name.
ACTORS: Sequence[Declare] = (run_job.declare, mail.declare)

#: Seconds that jobs under way get to end by themselves; supervisord waits for twenty.
GRACE_S = 10.0

#: Milliseconds after which an idle consumer looks for messages: a job begins some 25 ms after it
#: was asked for, at 4 % of a core for each queue.
IDLE_POLL_MS = 50


def run(parts: JobParts, broker_url: str, threads: int, actors: Sequence[Declare] = ACTORS) -> None:
    """Work until a signal says to stop, then return; threads may still be at work.

    Must be called from the main thread.
    """
    stop = stop_sign()
    sweep()
    Thread(target=Sweeper(parts).attend, args=(stop,), name="sweeper", daemon=True).start()
    broker = make_broker(patient_client(broker_url))
    broker.add_middleware(TimeLimit())
    for declare in actors:
        declare(broker, parts)
    broker.emit_after("process_boot")  # as Dramatiq's own program does: it starts the time limit
    with parts.identity:
        work(broker, stop, threads=threads, idle_poll_ms=IDLE_POLL_MS, grace_s=GRACE_S)


def main() -> None:
    """Be the process."""
    from infra.bootstrap import job_parts  # noqa: PLC0415  # the composition root

    settings = Settings.load()
    logs.set_up(settings)
    parts = job_parts(settings)
    serve(parts.metrics.registry, settings.metrics_host, settings.jobs_metrics_port)
    # Whatever a thread still does, another process makes the next attempt.
    end_process(lambda: run(parts, settings.broker_url, settings.job_threads))


if __name__ == "__main__":
    main()
