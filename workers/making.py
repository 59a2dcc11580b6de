"""One attempt at a job: from whose work it is to what it made."""

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from time import monotonic
from typing import Literal

from dramatiq.middleware import Interrupt

from domain.actor import Actor
from domain.job.events import Result
from infra.jobs.attempts import Attempt, SupersededError
from infra.results import NoRoomError
from workers.folders import new_folder
from workers.kinds.base import FailedForGoodError, Kind, Made, Work
from workers.parts import JobParts

#: Seconds between two events that tell of progress, at least: they are for eyes.
TELL_EVERY_S = 1.0

Outcome = Literal["succeeded", "refused", "failed", "interrupted", "superseded", "left"]
"""What became of an attempt."""

#: It was begun, and that it ended is not written.
LEFT: Outcome = "left"

#: What is told of an error that nobody foresaw: its own words may tell of paths and servers.
UNFORESEEN = "something went wrong inside; whoever operates Ringi finds it in the logs by {}"

logger = logging.getLogger(__name__)


class Making:
    """Makes the attempts of one message, in one thread.

    Who asked is looked up once: the jobs of a message are quick, up to the last one.
    """

    def __init__(self, parts: JobParts, kinds: Mapping[str, Kind]) -> None:
        self._parts = parts
        self._kinds = kinds
        self._actors: dict[str, Actor | None] = {}

    def make(self, attempt: Attempt) -> Outcome:
        """Make the attempt, and tell it how it ended; return that."""
        try:
            result = self._result(attempt)
        except SupersededError as error:
            logger.warning("attempt %d counts no longer: %s", attempt.number, error)
            return "superseded"
        except FailedForGoodError as error:
            attempt.failed(str(error), for_good=True)
            return "refused"
        except Interrupt:
            attempt.failed("it took too long")
            return "interrupted"
        except NoRoomError as error:
            logger.exception("attempt %d at job %s failed", attempt.number, attempt.job)
            attempt.failed(str(error))
            return "failed"
        except Exception:
            logger.exception("attempt %d at job %s failed", attempt.number, attempt.job)
            attempt.failed(UNFORESEEN.format(attempt.correlation_id))
            return "failed"
        attempt.succeeded(result)
        return "succeeded"

    def _result(self, attempt: Attempt) -> Result | None:
        actor = self._actor(attempt.state.requester)
        kind = self._kinds.get(attempt.state.kind)
        if kind is None:
            raise LookupError(f"this process knows no kind of job {attempt.state.kind!r}")
        with ExitStack() as folders:
            made = kind(self._work(attempt, actor, folders))
            return None if made is None else self._kept(made)

    def _actor(self, login: str) -> Actor:
        if login not in self._actors:
            self._actors[login] = self._parts.access.actor(login)
        actor = self._actors[login]
        if actor is None:
            raise FailedForGoodError(f"{login} may not act any more")
        return actor

    def _work(self, attempt: Attempt, actor: Actor, folders: ExitStack) -> Work:
        parts = self._parts
        parts.router.begin(actor.login)
        parts.router.require_present()  # what was there when the job was asked for, is in it
        return Work(
            actor=actor,
            parameters=attempt.state.parameters,
            new_folder=lambda: folders.enter_context(new_folder()),
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
