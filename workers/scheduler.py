"""The scheduler: `python -m workers.scheduler`. What would otherwise be forgotten, in good time.

What it does is the table of `workers.schedule`. Each entry has a thread of its own, so one that
hangs holds up no other. It keeps nothing itself: two at once do no harm, and it may be killed at
any time. What it missed while nobody ran it is done once, when it starts.
"""

import logging
import os
import socket
from collections.abc import Sequence
from secrets import token_hex
from threading import Event, Thread
from time import monotonic

from eventsourcing.persistence import PersistenceError
from redis import RedisError

from infra import logs
from infra.metrics.serving import serve
from infra.outage import is_told
from infra.schedule import NOTED_S
from infra.settings import Settings
from workers.parts import SchedulerParts
from workers.running import stop_sign
from workers.schedule import ENTRIES, Entry

#: Seconds between two looks at the longest, whether an entry is due that is to be claimed.
LOOK_S = 10.0

#: Seconds between two looks at how the runs are doing.
WATCH_S = 1.0

logger = logging.getLogger(__name__)


class Attendant:
    """Sees to one entry; `attend` is its thread's, everything else any thread may look at."""

    def __init__(self, entry: Entry, parts: SchedulerParts, stop: Event, worker: str) -> None:
        self.entry = entry
        self.began = 0.0
        """When the last run began, monotonic; 0: none has yet."""
        self.ended: float | None = None
        """When it ended; None while it is under way."""
        self.error = ""
        """Why it failed, empty if it did not."""
        self._parts = parts
        self._stop = stop
        self._worker = worker
        self._told = ""
        """The last trouble that was told as an error, so that its end is told, too."""

    @property
    def is_overdue(self) -> bool:
        """Whether a run goes on for longer than it may."""
        took = monotonic() - self.began
        return bool(self.began) and self.ended is None and took > self.entry.longest_s

    def attend(self) -> None:
        """Do what is due until told to stop, whatever it raises."""
        while not self._stop.is_set():
            if not self.entry.is_claimed or self._claimed():
                self.run_once()
            self._stop.wait(min(self.entry.every_s, LOOK_S))

    def run_once(self) -> None:
        """Do it now. Never raises."""
        began = monotonic()
        self.began, self.ended = began, None
        deadline = began + self.entry.longest_s
        problem: Exception | None = None
        try:
            self.entry.act(self._parts, lambda: self._stop.is_set() or monotonic() > deadline)
        except Exception as error:  # noqa: BLE001  # an entry's trouble is not the scheduler's end
            problem = error
        self._tell(problem)
        ended = monotonic()
        self.ended = ended
        self._parts.metrics.scheduling.ran(self.entry.name, ended - began, failed=bool(problem))
        if self.entry.is_claimed:
            self._give_back()

    def _tell(self, problem: Exception | None) -> None:
        """Log a trouble when it begins, changes and ends, not at every run."""
        self.error = described(problem)
        if problem is None:
            if self._told:
                logger.info("%s: works again", self.entry.name)
            self._told = ""
        elif is_told(problem):
            logger.debug("%s: %s", self.entry.name, self.error)
        elif self.error != self._told:
            self._told = self.error
            foreseen = isinstance(problem, PersistenceError | RedisError)
            logger.error(
                "%s: %s", self.entry.name, self.error, exc_info=None if foreseen else problem
            )

    def _claimed(self) -> bool:
        try:
            return self._parts.schedule.claim(self.entry.period, self._worker)
        except PersistenceError as error:
            logger.warning("%s: nobody knows whether it is due: %s", self.entry.name, error)
            return False

    def _give_back(self) -> None:
        try:
            self._parts.schedule.end(self.entry.name, self._worker, self.error)
        except PersistenceError as error:
            logger.warning("%s: its end is not noted: %s", self.entry.name, error)


class Watch:
    """Notes how the runs are doing where `ringi status` finds it, and complains of what hangs."""

    def __init__(
        self, attendants: Sequence[Attendant], parts: SchedulerParts, stop: Event, worker: str
    ) -> None:
        self._attendants = attendants
        self._parts = parts
        self._stop = stop
        self._worker = worker
        self._noted: dict[str, tuple[float, str]] = {}
        self._overdue: set[str] = set()

    def attend(self) -> None:
        """Look every second until told to stop."""
        while not self._stop.wait(WATCH_S):
            for each in self._attendants:
                self._complain(each)
                if not each.entry.is_claimed and each.began:
                    self._note(each)

    def _complain(self, attendant: Attendant) -> None:
        name = attendant.entry.name
        if not attendant.is_overdue:
            self._overdue.discard(name)
        elif name not in self._overdue:
            self._overdue.add(name)
            logger.error("%s: has not ended for %d s", name, attendant.entry.longest_s)

    def _note(self, attendant: Attendant) -> None:
        """Note a quick entry's last run, if its outcome has changed or it is time."""
        entry, error, now = attendant.entry, attendant.error, monotonic()
        at, noted = self._noted.get(entry.name, (-NOTED_S, ""))
        if noted == error and now - at < NOTED_S:
            return
        began, ended = attendant.began, attendant.ended
        ended_ago_s = None if ended is None else now - ended
        try:
            self._parts.schedule.note(entry.period, self._worker, error, now - began, ended_ago_s)
        except PersistenceError as problem:
            logger.debug("%s: not noted: %s", entry.name, problem)
        else:
            self._noted[entry.name] = (now, error)


def described(problem: Exception | None) -> str:
    """Return what is kept of an error, in one line; empty for none."""
    return "" if problem is None else " ".join(f"{type(problem).__name__}: {problem}".split())


def run(parts: SchedulerParts, entries: Sequence[Entry] = ENTRIES) -> None:
    """Do what is due until a signal says to stop; return at once then. Call from the main thread.

    A run that is under way is left to end with the process: each is whole or was not done.
    """
    stop = stop_sign()
    worker = f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"
    attendants = [Attendant(entry, parts, stop, worker) for entry in entries]
    watch = Watch(attendants, parts, stop, worker)
    for attend in (*(each.attend for each in attendants), watch.attend):
        Thread(target=attend, daemon=True).start()
    logger.info("ticking, %d entries, as %s", len(entries), worker)
    stop.wait()


def main() -> None:
    """Be the process."""
    from infra.bootstrap import scheduler_parts  # noqa: PLC0415  # the composition root

    settings = Settings.load()
    logs.set_up(settings)
    parts = scheduler_parts(settings)
    serve(parts.metrics.registry, settings.metrics_host, settings.scheduler_metrics_port)
    run(parts)


if __name__ == "__main__":
    main()
