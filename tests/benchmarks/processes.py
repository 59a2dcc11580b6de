"""How processes are started, from a clean one that has the modules loaded, and meet to begin."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier
from typing import TypeVar

#: Children inherit neither connections nor threads of the parent.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [f"tests.benchmarks.{name}" for name in ("writers", "followers", "projecting", "http_load")]
)

#: Seconds until one who is ready gives up waiting for the others.
PATIENCE_S = 60

Result = TypeVar("Result")

_barrier: Barrier


def at_once(jobs: Sequence[Callable[[], Result]]) -> list[Result]:
    """Return what the jobs return, each run in a process of its own.

    Each job calls `meet` once, when it is ready. The jobs are sent: they must be picklable.
    """
    barrier = CONTEXT.Barrier(len(jobs))
    with ProcessPoolExecutor(len(jobs), CONTEXT, _meet_at, (barrier,)) as pool:
        running = [pool.submit(_run, job) for job in jobs]
        return [each.result() for each in running]


def meet() -> None:
    """Wait until the jobs of all processes are here."""
    _barrier.wait(PATIENCE_S)


def _meet_at(barrier: Barrier) -> None:
    global _barrier  # noqa: PLW0603  # a barrier can only be inherited, not sent
    _barrier = barrier


def _run(job: Callable[[], Result]) -> Result:
    try:
        return job()
    except BaseException:
        _barrier.abort()  # the others need not wait for us
        raise
