"""The actor of the queue `jobs`: one attempt at one job, from its message to its last event."""

import logging
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from uuid import UUID

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Interrupt
from eventsourcing.persistence import PersistenceError

from domain.actor import Actor
from domain.job.events import Result
from infra.jobs.attempts import Attempt, SupersededError
from infra.jobs.queue import QUEUE
from infra.logs import conversation
from workers.kinds import KINDS
from workers.kinds.base import FailedForGoodError, Kind, Made, Work
from workers.parts import JobParts

#: Seconds that an attempt may take. It ends at the next line of Python then; what waits outside of
#: Python has time-outs of its own.
LONGEST_S = 600

#: Seconds between two events that tell of progress, at least: they are for eyes.
TELL_EVERY_S = 1.0

logger = logging.getLogger(__name__)


def declare(
    broker: RedisBroker,
    parts: JobParts,
    kinds: Mapping[str, Kind] = KINDS,
    longest_s: float = LONGEST_S,
) -> None:
    """Declare the actor on `broker`, which has the middleware TimeLimit."""
    run_job = RunJob(parts, kinds)

    @dramatiq.actor(
        actor_name=QUEUE, queue_name=QUEUE, broker=broker, time_limit=int(longest_s * 1000)
    )
    def run(job: str) -> None:
        run_job(UUID(job))


class RunJob:
    """What the actor does. Safe to use from many threads.

    Its message is a hint: it may come early, late, twice or never. Whatever this does not bring to
    an end on the log is due again, and told of again.
    """

    def __init__(self, parts: JobParts, kinds: Mapping[str, Kind]) -> None:
        self._parts = parts
        self._kinds = kinds

    def __call__(self, job: UUID) -> None:
        """Make an attempt at the job, if it is due and nobody else is at it. Never raises."""
        try:
            attempt = self._parts.attempts.begin(job)
        except PersistenceError as error:
            logger.warning("job %s is not begun: %s", job, error)
            return
        if attempt is None:
            return
        began, outcome = monotonic(), "left"
        try:
            with conversation(attempt.correlation_id):
                outcome = self._make(attempt)
        except SupersededError as error:
            outcome = "superseded"
            logger.warning("attempt %d counts no longer: %s", attempt.number, error)
        except BaseException:
            # It is under way for all who look, as long as this process lives under its name.
            logger.exception("attempt %d at job %s is left", attempt.number, job)
            self._parts.identity.renew()
        finally:
            kind = attempt.state.kind if attempt.state.kind in self._kinds else "unknown"
            self._parts.metrics.jobs.ended(kind, outcome, monotonic() - began)

    def _make(self, attempt: Attempt) -> str:
        """Make the attempt to its end on the log; return how it ended."""
        requester = attempt.state.requester
        actor = self._parts.access.actor(requester)
        if actor is None:
            attempt.failed(f"{requester} may not act any more", for_good=True)
            return "refused"
        try:
            result = self._result(attempt, actor)
        except SupersededError:
            raise
        except FailedForGoodError as error:
            attempt.failed(str(error), for_good=True)
            return "refused"
        except Interrupt:
            attempt.failed("it took too long")
            return "interrupted"
        except Exception as error:
            logger.exception("attempt %d at job %s failed", attempt.number, attempt.job)
            attempt.failed(f"{type(error).__name__}: {error}")
            return "failed"
        attempt.succeeded(result)
        logger.info("job %s is done", attempt.job)
        return "succeeded"

    def _result(self, attempt: Attempt, actor: Actor) -> Result | None:
        kind = self._kinds.get(attempt.state.kind)
        if kind is None:
            raise LookupError(f"this process knows no kind of job {attempt.state.kind!r}")
        with tempfile.TemporaryDirectory(prefix="ringi-job-") as folder:
            made = kind(self._work(attempt, actor, Path(folder)))
            return None if made is None else self._kept(made)

    def _work(self, attempt: Attempt, actor: Actor, folder: Path) -> Work:
        parts = self._parts
        parts.router.begin(actor.login)
        parts.router.require_present()  # what was there when the job was asked for, is in it
        return Work(
            actor=actor,
            parameters=attempt.state.parameters,
            folder=folder,
            at=attempt.at,
            history=parts.history,
            queries=parts.queries,
            access=parts.access,
            progress=throttled(attempt.progressed),
        )

    def _kept(self, made: Made) -> Result:
        digest, size = self._parts.results.keep(made.path)
        return Result(digest, size, made.media_type, made.name)


def throttled(tell: Callable[[int, int], None]) -> Callable[[int, int], None]:
    """Return what tells of progress, but not in the first second, nor twice within one."""
    told = monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal told
        if monotonic() - told >= TELL_EVERY_S:
            tell(done, total)
            told = monotonic()

    return progress
