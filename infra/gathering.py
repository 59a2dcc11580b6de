"""Wake-ups gathered: one trip to Redis for everything that was appended during the last one."""

from collections.abc import Callable
from threading import Condition, Thread

#: Seconds that closing waits for what was gathered to be told.
CLOSE_S = 1.0


class Gathering:
    """Tells which lanes have grown from a thread of its own, so that no command waits for it.

    Never lets more wait than there are lanes. What is lost with the process is a hint: the
    scheduler's tick gives it again. Safe to use from many threads; a child of a fork begins its own
    thread.
    """

    def __init__(self, tell: Callable[[set[int]], None]) -> None:
        """`tell` must not raise, and end within about a second."""
        self._tell = tell
        self._lanes: set[int] = set()
        self._busy = False
        self._changed = Condition()
        self._thread: Thread | None = None

    def grown(self, lane: int) -> None:
        """Let it be told that the lane has news, soon."""
        with self._changed:
            self._lanes.add(lane)
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._run, name="wake-ups", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def close(self) -> None:
        """Wait, not for long, until everything was told."""
        with self._changed:
            self._changed.wait_for(lambda: not self._lanes and not self._busy, CLOSE_S)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._lanes)
                lanes, self._lanes, self._busy = self._lanes, set(), True
            self._tell(lanes)
