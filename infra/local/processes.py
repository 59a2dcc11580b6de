"""The processes of one installation, known by a mark in their environment, and their end."""

import os
import select
import signal
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic

from infra.local.errors import InstallationError

#: What supervisord and everything it starts have in their environment: the home's path. Not
#: RINGI_HOME, which an operator's shell, editor or test run may have as well.
MARK = "RINGI_SUPERVISED"

#: Seconds that the kernel may take to end a killed process.
_KILL_TIMEOUT_S = 10


def marked(home: Path) -> list[int]:
    """Return the processes of this installation, in the order of their numbers; never our own."""
    numbers = sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    return [pid for pid in numbers if pid != os.getpid() and is_marked(pid, home)]


def is_marked(pid: int, home: Path) -> bool:
    """Tell whether a process runs and belongs to this installation."""
    try:
        environ = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:  # ended, or somebody else's
        return False
    return os.fsencode(f"{MARK}={home}") in environ.split(b"\0")


def end(home: Path, *, spare: Collection[int] = (), grace_s: float) -> int:
    """End the processes of this installation but those to spare; return how many there were.

    Asks first, kills what is left after `grace_s`. What they start meanwhile is ended, too.

    Raises:
        InstallationError: the kernel did not end one.
    """
    ended: set[int] = set()
    for sign, wait_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, _KILL_TIMEOUT_S)):
        with _held(home, spare) as held:
            for descriptor in held.values():
                _send(descriptor, sign)
            ended.update(held)
            _wait(held.values(), wait_s)
    with _held(home, spare) as held:
        if held:
            raise InstallationError(f"not to be ended: processes {sorted(held)}")
    return len(ended)


def wait_for_end(pid: int, home: Path, timeout_s: float) -> bool:
    """Wait for one process of this installation; tell whether it has ended."""
    with ExitStack() as stack:
        descriptor = _hold(pid, home, stack)
        return descriptor is None or not _wait([descriptor], timeout_s)


@contextmanager
def _held(home: Path, spare: Collection[int]) -> Iterator[dict[int, int]]:
    """Give a descriptor for each process: a number may become another's process, it may not."""
    with ExitStack() as stack:
        held = {pid: _hold(pid, home, stack) for pid in marked(home) if pid not in spare}
        yield {pid: descriptor for pid, descriptor in held.items() if descriptor is not None}


def _hold(pid: int, home: Path, stack: ExitStack) -> int | None:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    stack.callback(os.close, descriptor)
    return descriptor if is_marked(pid, home) else None  # looked at again, now that it is held


def _send(descriptor: int, sign: signal.Signals) -> None:
    try:
        signal.pidfd_send_signal(descriptor, sign)
    except ProcessLookupError:
        return


def _wait(descriptors: Collection[int], timeout_s: float) -> set[int]:
    """Wait until the processes have ended; return the descriptors of those that have not."""
    left = set(descriptors)
    deadline = monotonic() + timeout_s
    poll = select.poll()
    for descriptor in left:
        poll.register(descriptor, select.POLLIN)
    while left and monotonic() < deadline:
        for descriptor, _event in poll.poll(max(0, deadline - monotonic()) * 1000):
            poll.unregister(descriptor)
            left.discard(descriptor)
    return left
