"""The actor of the queue `jobs`: attempts at the jobs that a message tells of."""

import logging
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from uuid import UUID

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from eventsourcing.persistence import PersistenceError

from infra.jobs.attempts import Attempt, Series
from infra.jobs.queue import QUEUE
from infra.logs import conversation
from workers.kinds import KINDS
from workers.kinds.base import Kind
from workers.making import LEFT, Making, Outcome
from workers.parts import JobParts

#: Seconds that a message may take, so an attempt too: what comes before one in the same message was
#: quick. It ends at the next line of Python then; what waits outside of Python has time-outs of
#: its own.
LONGEST_S = 600

#: Seconds up to which a job was quick. Where the newest one of a kind was, a thread makes one
#: after the other; else each is left to whichever thread comes first.
QUICK_S = 0.05

logger = logging.getLogger(__name__)


def declare(
    broker: RedisBroker,
    parts: JobParts,
    kinds: Mapping[str, Kind] = KINDS,
    longest_s: float = LONGEST_S,
) -> None:
    """Declare the actor on `broker`, which has the middleware TimeLimit."""
    run_jobs = RunJobs(parts, kinds)

    @dramatiq.actor(
        actor_name=QUEUE, queue_name=QUEUE, broker=broker, time_limit=int(longest_s * 1000)
    )
    def run(*jobs: str) -> None:
        run_jobs([UUID(job) for job in jobs])


class RunJobs:
    """What the actor does. Safe to use from many threads.

    Its message is a hint: it may come early, late, twice or never. Whatever this does not bring to
    an end on the log is due again, and told of again.
    """

    def __init__(self, parts: JobParts, kinds: Mapping[str, Kind]) -> None:
        self._parts = parts
        self._kinds = kinds
        self._quick: set[str] = set()

    def __call__(self, jobs: Sequence[UUID]) -> None:
        """Make attempts at those that are due and that nobody else is at. Never raises."""
        try:
            series = self._parts.attempts.series(jobs)
        except PersistenceError as error:
            logger.warning("%d jobs are not begun: %s", len(jobs), error)
            return
        making = Making(self._parts, self._kinds)
        turn = _Turn(series, making.make, self._parts.job_queue.hand_back, self._quick, self._count)
        try:
            turn.run(jobs)
        except PersistenceError as error:
            logger.warning("jobs are left: %s", error)
        except BaseException:
            logger.exception("jobs are left")
        finally:
            turn.leave()
            if series.dangling:
                # It is under way for all who look, as long as this process lives under its name.
                self._parts.identity.renew()

    def _count(self, kind: str, outcome: str, seconds: float) -> None:
        known = kind if kind in self._kinds else "unknown"
        self._parts.metrics.jobs.ended(known, outcome, seconds)


class _Turn:
    """One message: its jobs, one after the other, as long as they are quick."""

    def __init__(
        self,
        series: Series,
        make: Callable[[Attempt], Outcome],
        hand_back: Callable[[Sequence[UUID]], None],
        quick: set[str],
        count: Callable[[str, str, float], None],
    ) -> None:
        self._series = series
        self._make = make
        self._hand_back = hand_back
        self._quick = quick
        """Kinds whose newest job in this process was quick."""
        self._count = count
        self._unsettled: tuple[Attempt, Outcome, float] | None = None

    def run(self, jobs: Sequence[UUID]) -> None:
        """Make attempts; hand back what would wait for a slow one."""
        left = list(dict.fromkeys(jobs))
        while left:
            job = left.pop(0)
            found = self._series.due(job)
            if found is None:
                continue
            if left and found.kind not in self._quick:
                self._hand_back(left)
                left = []
            attempt = self._series.begin(job)
            self._settled()
            if attempt is not None and not self._made_quickly(attempt) and left:
                self._series.settle()
                self._settled()
                self._hand_back(left)
                left = []
        self._series.settle()
        self._settled()

    def leave(self) -> None:
        """Count what was begun and is not ended: it is made again."""
        if self._unsettled is not None:
            attempt, _, began = self._unsettled
            self._unsettled = None
            self._count(attempt.state.kind, LEFT, monotonic() - began)

    def _made_quickly(self, attempt: Attempt) -> bool:
        began, kind = monotonic(), attempt.state.kind
        self._unsettled = (attempt, LEFT, began)
        with conversation(attempt.correlation_id):
            outcome = self._make(attempt)
        self._unsettled = (attempt, outcome, began)
        quick = monotonic() - began < QUICK_S
        (self._quick.add if quick else self._quick.discard)(kind)
        return quick

    def _settled(self) -> None:
        """Tell of the newest attempt, whose end is written by now, or refused."""
        if self._unsettled is None:
            return
        attempt, outcome, began = self._unsettled
        self._unsettled = None
        with conversation(attempt.correlation_id):
            if attempt.superseded:
                outcome = "superseded"
                logger.warning("attempt %d at job %s counts no longer", attempt.number, attempt.job)
            else:
                logger.info("attempt %d at job %s %s", attempt.number, attempt.job, outcome)
        self._count(attempt.state.kind, outcome, monotonic() - began)
