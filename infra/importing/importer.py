"""Import cases: one thread reads and plans, several carry out, each a whole case at a time."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from queue import Full, Queue
from threading import Event, Lock, Thread

from commands.bus import Bus
from infra.importing.case_runner import run_case
from infra.importing.cases import Case
from infra.importing.groundwork import Groundwork
from infra.importing.plan import Plan, plan_case
from infra.importing.recent import recent
from infra.importing.report import Report, Tally

#: Threads that carry out cases. Most of an append is waiting for the server's disk.
WORKERS = 8
#: Plans that wait for a thread, at most.
WAITING = 2 * WORKERS
#: Seconds after which the reading thread looks whether it is to stop.
_LOOK_S = 0.2


class Importer:
    """One import. `told` is called by the reading thread after each case that it has read."""

    def __init__(
        self, bus: Bus, now: Callable[[], datetime], told: Callable[[Tally], None]
    ) -> None:
        self._fresh = bus
        self._bus = bus
        """What cases go through: answers of the views may be a second old."""
        self._groundwork = Groundwork(bus, now)
        self._now = now
        self._told = told
        self._tally = Tally()
        self._plans: Queue[Plan | None] = Queue(WAITING)
        self._stopping = Event()
        self._lock = Lock()
        self._error: Exception | None = None

    def run(self, cases: Iterable[Case]) -> Report:
        """Import the cases; return what was done, also if it was interrupted or broke off.

        An interrupt, or a fault of a thread, ends it when the cases that have begun are done. A
        fault of the log ends it when all cases before the fault are done. A second interrupt
        leaves at once, as a kill would: that is safe, too.
        """
        begin = time.monotonic()
        threads = [Thread(target=self._work, daemon=True) for _ in range(WORKERS)]
        for thread in threads:
            thread.start()
        is_interrupted = False
        try:
            self._read(cases)
        except KeyboardInterrupt:
            is_interrupted = True
            self._stopping.set()
        except Exception as error:  # noqa: BLE001  # the report carries it to whoever asked
            self._fail(error)
        for _ in threads:
            self._plans.put(None)
        for thread in threads:
            thread.join()
        seconds = time.monotonic() - begin
        return Report(self._tally, seconds, is_interrupted, self._error)

    def _read(self, cases: Iterable[Case]) -> None:
        for case in cases:
            plan = plan_case(case)
            if self._groundwork.lay(plan, self._plans.join):
                self._bus = replace(self._fresh, ports=recent(self._fresh.ports))
            while not self._stopping.is_set():
                try:
                    self._plans.put(plan, timeout=_LOOK_S)
                    break
                except Full:
                    continue
            if self._stopping.is_set():
                return
            with self._lock:
                self._told(self._tally)

    def _work(self) -> None:
        while (plan := self._plans.get()) is not None:
            try:
                if not self._stopping.is_set():
                    done = run_case(plan, self._bus, self._now)
                    with self._lock:
                        self._tally.add(done)
            except Exception as error:  # noqa: BLE001  # the report carries it to whoever asked
                self._stopping.set()
                self._fail(error)
            finally:
                self._plans.task_done()

    def _fail(self, error: Exception) -> None:
        """Remember the first fault: the others may be its consequences."""
        with self._lock:
            self._error = self._error or error
