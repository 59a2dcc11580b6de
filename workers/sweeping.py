"""Cleaning the folder of results: a thread of each process of jobs, for these fill it.

The scheduler's machine may have no such folder, and where folders are local to machines there are
several. So each is seen to by the processes that write there; of those that share one, one does it.
"""

import logging
import os
import socket
from threading import Event
from time import monotonic

from workers.parts import JobParts
from workers.schedule import CLEAN_RESULTS
from workers.scheduler import described

#: Seconds between two looks at whether it is time.
LOOK_S = 60.0

logger = logging.getLogger(__name__)


class Sweeper:
    """Sees to this process's folder. For one thread."""

    def __init__(self, parts: JobParts) -> None:
        self._parts = parts
        self._worker = f"{socket.gethostname()}:{os.getpid()}"
        self._error = ""

    def attend(self, stop: Event) -> None:
        """Clean when it is time, until told to stop."""
        while True:
            self.look()
            if stop.wait(LOOK_S):
                return

    def look(self) -> None:
        """Clean if it is time. Never raises; a trouble is logged when it begins and changes.

        It is noted each time: the schedule has one row for the folders of all machines, and another
        one's success must not hide it for long.
        """
        began = monotonic()
        try:
            gone = self._parts.clean_results(CLEAN_RESULTS.every_s)
        except Exception as problem:  # noqa: BLE001  # a foreign folder ends no process of jobs
            before, self._error = self._error, described(problem)
            if self._error != before:
                logger.error("%s: %s", CLEAN_RESULTS.entry, self._error)  # noqa: TRY400
            self._tell(0, monotonic() - began)
        else:
            if gone is not None:
                self._error = ""
                self._tell(gone, monotonic() - began)

    def _tell(self, gone: int, took_s: float) -> None:
        scheduling, name = self._parts.metrics.scheduling, CLEAN_RESULTS.entry
        if gone:
            logger.info("%s: %d files are gone", name, gone)
        scheduling.ran(name, took_s, failed=bool(self._error))
        scheduling.cleaned("results", gone)
        try:
            self._parts.schedule.note(CLEAN_RESULTS, self._worker, self._error, took_s, 0.0)
        except Exception as error:  # noqa: BLE001  # it was done all the same
            logger.debug("%s: not noted: %s", name, error)
