"""Kinds of jobs for tests: each does one thing, told by its parameters."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from time import monotonic

from workers.kinds.base import FailedForGoodError, Kind, Made, Work

#: Seconds until a job that waits for a file gives up.
PATIENCE_S = 60.0


def _text(work: Work) -> Made:
    path = work.folder / "made"
    path.write_text(f"{work.parameters.get('text', '')} for {work.actor.login}")
    return Made(path, "text/plain", "what was asked for.txt")


def _nothing(_work: Work) -> None:
    return None


def _noted(work: Work) -> Made:
    """Write down that it ran, and wait for a file; for tests that kill what runs it."""
    with Path(str(work.parameters["notes"])).open("a") as notes:
        notes.write(f"{os.getpid()}\n")
    gate, end = Path(str(work.parameters["gate"])), monotonic() + PATIENCE_S
    while not gate.exists():
        if monotonic() > end:
            raise TimeoutError("nobody opened the gate")
        Event().wait(0.01)
    return _text(work)


def _steps(work: Work) -> None:
    total = int(work.parameters["total"] or 0)
    for done in range(total):
        work.progress(done + 1, total)


def _fails(work: Work) -> None:
    raise OSError(28, str(work.parameters.get("text", "No space left on device")))


def _cannot(_work: Work) -> None:
    raise FailedForGoodError("there is no such thing")


def _kills(_work: Work) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _endless(_work: Work) -> None:
    while True:
        Event().wait(0.01)


KINDS: Mapping[str, Kind] = {
    "text": _text,
    "nothing": _nothing,
    "noted": _noted,
    "steps": _steps,
    "fails": _fails,
    "cannot": _cannot,
    "kills": _kills,
    "endless": _endless,
}
