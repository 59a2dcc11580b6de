"""The processes that lay pages out: started when a paper is made, kept a while for the next one.

Each paper has a process for itself while it is made, so nobody waits behind somebody else's, and
what takes too much is ended without harm to anybody.
"""

import json
import logging
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from workers.kinds.base import FailedForGoodError

_PROGRAM = Path(__file__).with_name("layout.py")

#: Bytes of an answer, at most: it comes in one piece.
_ANSWER = 1 << 16

#: How a process ends for which there is no more memory: Pango and GLib abort, or go wrong.
_OUT_OF_MEMORY = frozenset(
    {-signal.SIGABRT, -signal.SIGTRAP, -signal.SIGSEGV, -signal.SIGBUS, -signal.SIGILL}
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bounds:
    """What one paper may take: several times what the largest one that is allowed does."""

    cpu_s: int = 60
    memory: int = 3 << 29
    """Bytes of address space, of which much is never touched."""
    wall_s: float = 180.0
    """Seconds, on a machine that is busy with other things too."""


class LayoutError(Exception):
    """The process of layout went wrong, by no fault of the paper that is known."""


class _Gone(Exception):  # noqa: N818  # nothing is wrong
    """The process had ended, for nobody had needed it."""


class Press:
    """One process, for one paper at a time."""

    def __init__(self, bounds: Bounds) -> None:
        """Start it; it is ready some seconds later, and takes an order meanwhile."""
        self._bounds = bounds
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(_PROGRAM), str(bounds.cpu_s), str(bounds.memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )

    def has_ended(self) -> bool:
        """Tell whether it has ended; then nothing is left of it."""
        if self._process.poll() is None:
            return False
        self.close()
        return True

    def lay_out(self, source: Path, target: Path) -> None:
        """Write the PDF of an HTML file.

        Raises:
            FailedForGoodError: it took more than the bounds; the process is gone.
            LayoutError: something else went wrong.
            _Gone: it had just ended.
        """
        assert self._process.stdin is not None  # noqa: S101  # it is a pipe
        assert self._process.stdout is not None  # noqa: S101
        order = json.dumps({"source": str(source), "target": str(target)}).encode() + b"\n"
        try:
            self._process.stdin.write(order)
        except BrokenPipeError:
            raise _Gone from None
        ready, _, _ = select.select([self._process.stdout], [], [], self._bounds.wall_s)
        if not ready:
            raise FailedForGoodError(f"its layout takes over {self._bounds.wall_s:.0f} seconds")
        answer = os.read(self._process.stdout.fileno(), _ANSWER)
        self._judge(json.loads(answer) if answer else self._ended())

    def close(self) -> None:
        """End the process, whatever it is at. Idempotent."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _ended(self) -> Mapping[str, Any]:
        """Return what it means that the process has ended without an answer."""
        code = self._process.wait()
        if code == 0:
            raise _Gone
        if code == -signal.SIGXCPU:
            raise FailedForGoodError(
                f"its layout takes over {self._bounds.cpu_s} seconds of a processor"
            )
        return {"memory": True} if code in _OUT_OF_MEMORY else {"error": f"it ended with {code}"}

    def _judge(self, answer: Mapping[str, Any]) -> None:
        if answer.get("memory"):
            raise FailedForGoodError(f"its layout takes over {self._bounds.memory >> 20} MB")
        if "error" in answer:
            raise LayoutError(answer["error"])
        for text in answer["warnings"]:
            logger.warning("while a paper was laid out: %s", text)


class Presses:
    """All of a process of jobs: as many as it makes papers at once. Safe to use from many threads.

    One that is idle for long ends by itself.
    """

    def __init__(self, bounds: Bounds = Bounds()) -> None:
        self._bounds = bounds
        self._idle: list[Press] = []
        self._changing = Lock()

    def lay_out(self, source: Path, target: Path) -> None:
        """Write the PDF of an HTML file.

        Raises:
            FailedForGoodError, LayoutError: see `Press.lay_out`.
        """
        while True:
            press = self._taken()
            try:
                press.lay_out(source, target)
            except _Gone:
                press.close()
            except BaseException:
                press.close()
                raise
            else:
                with self._changing:
                    self._idle.append(press)
                return

    def close(self) -> None:
        """End those that are idle."""
        with self._changing:
            idle, self._idle = self._idle, []
        for press in idle:
            press.close()

    def _taken(self) -> Press:
        with self._changing:
            self._idle = [press for press in self._idle if not press.has_ended()]
            if self._idle:
                return self._idle.pop()
        return Press(self._bounds)
