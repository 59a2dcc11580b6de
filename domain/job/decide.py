"""What may become of a background job: one function for each command."""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from domain.actor import ADMIN, SYSTEM, Circumstances
from domain.errors import Reason, RefusedError
from domain.job.commands import (
    FailJob,
    ReportProgress,
    RequestJob,
    RetryJob,
    StartJob,
    SucceedJob,
)
from domain.job.events import (
    JobFailed,
    JobProgressed,
    JobRequested,
    JobRetried,
    JobStarted,
    JobSucceeded,
)
from domain.job.job import Job, State
from domain.metadata import Event
from domain.names import NAME_FORM, is_name
from domain.text import text

#: Parameters of one job, at most: far more than a kind has.
MOST_PARAMETERS = 20

#: Characters of an error that are kept.
LONGEST_ERROR = 1_000

#: Seconds until the second attempt, and by how much each further pause is longer. With five
#: attempts the last one comes five minutes after the first: a server's restart is over by then.
FIRST_PAUSE_S = 4.0
GROWTH = 4.0


def request(
    job: Job | None,
    command: RequestJob,
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001  # every decision has the same four arguments
) -> tuple[Event, ...]:
    """Let work be done in the background. What the kind needs is its schema's to say.

    Raises:
        RefusedError: ALREADY_EXISTS; INVALID for the kind's name or a parameter.
    """
    if job is not None:
        raise RefusedError(Reason.ALREADY_EXISTS, "there is a job of this id", "job")
    if not is_name(command.kind):
        raise RefusedError(Reason.INVALID, f"a kind is {NAME_FORM}", "kind")
    if len(command.parameters) > MOST_PARAMETERS:
        raise RefusedError(Reason.INVALID, f"at most {MOST_PARAMETERS} parameters", "parameters")
    for name, value in command.parameters.items():
        if not is_name(name):
            raise RefusedError(Reason.INVALID, f"a parameter is {NAME_FORM}", "parameters")
        if isinstance(value, str):
            text(value, f"parameters.{name}")
    return (JobRequested(command.kind, command.parameters, circumstances.actor.login),)


def start(
    job: Job | None,
    command: StartJob,
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001  # see request
) -> tuple[Event, ...]:
    """Begin the next attempt, of a running job too: its worker was found dead.

    Raises:
        RefusedError: NOT_ALLOWED, NOT_FOUND; WRONG_STATUS where the job has ended, is not due yet,
            has no attempt left, or has another next attempt.
    """
    found = _by_system(job, circumstances)
    if found.state in (State.SUCCEEDED, State.FAILED):
        raise _wrong(f"it has {found.state}")
    if found.retry_at is not None and circumstances.at < found.retry_at:
        raise _wrong("it is not due yet")
    if found.exhausted or command.attempt != found.attempt + 1:
        raise _wrong(f"attempt {command.attempt} is not its next one")
    return (JobStarted(command.attempt, command.worker),)


def progress(
    job: Job | None,
    command: ReportProgress,
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001  # see request
) -> tuple[Event, ...]:
    """Note how much of the newest attempt is done.

    Raises:
        RefusedError: NOT_ALLOWED, NOT_FOUND; WRONG_STATUS for an attempt that does not run; INVALID
            for numbers that say nothing.
    """
    _attempt(job, command.attempt, circumstances)
    if not 0 <= command.done <= command.total:
        raise RefusedError(Reason.INVALID, f"{command.done} of {command.total} is no progress")
    return (JobProgressed(command.attempt, command.done, command.total),)


def succeed(
    job: Job | None,
    command: SucceedJob,
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001  # see request
) -> tuple[Event, ...]:
    """End the job: the newest attempt has done the work.

    Raises:
        RefusedError: NOT_ALLOWED, NOT_FOUND; WRONG_STATUS for an attempt that does not run.
    """
    _attempt(job, command.attempt, circumstances)
    return (JobSucceeded(command.attempt, command.result),)


def fail(
    job: Job | None,
    command: FailJob,
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001  # see request
) -> tuple[Event, ...]:
    """End the newest attempt, and the job with it where no other is left or would help.

    Raises:
        RefusedError: NOT_ALLOWED, NOT_FOUND; WRONG_STATUS for an attempt that does not run.
    """
    found = _attempt(job, command.attempt, circumstances)
    retry_at: datetime | None = None
    if not (command.for_good or found.exhausted):
        pause = pause_after(command.job, found.attempt, found.attempt - found.before)
        retry_at = circumstances.at + pause
    return (JobFailed(command.attempt, _storable(command.error), retry_at),)


def retry(
    job: Job | None,
    command: RetryJob,  # noqa: ARG001  # see request
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001
) -> tuple[Event, ...]:
    """Let the job be tried again, with as many attempts as a new one has.

    Raises:
        RefusedError: NOT_FOUND; NOT_ALLOWED for all but the requester and admins; WRONG_STATUS
            unless it has failed for good.
    """
    found = existing(job)
    if circumstances.actor.login != found.requester:
        circumstances.actor.require(ADMIN)
    if found.state is not State.FAILED:
        raise _wrong(f"it is {found.state}, it has not failed for good")
    return (JobRetried(),)


def pause_after(job: UUID, attempt: int, failures: int) -> timedelta:
    """Return how long to wait after so many failures: longer each time, for each job another time.

    Half of the pause is by chance, drawn from the job's id and the attempt: jobs that failed
    together do not come back together, and a repeated decision is the same.
    """
    drawn = hashlib.sha256(job.bytes + attempt.to_bytes(8, "big")).digest()
    chance = int.from_bytes(drawn[:4], "big") / 2**32
    whole = FIRST_PAUSE_S * GROWTH ** (failures - 1)
    return timedelta(seconds=whole * (1 + chance) / 2)


def existing(job: Job | None) -> Job:
    """Return the job.

    Raises:
        RefusedError: NOT_FOUND.
    """
    if job is None:
        raise RefusedError(Reason.NOT_FOUND, "there is no job of this id", "job")
    return job


def _by_system(job: Job | None, circumstances: Circumstances) -> Job:
    if circumstances.actor.login != SYSTEM.login:
        raise RefusedError(Reason.NOT_ALLOWED, "this is for the process that runs jobs")
    return existing(job)


def _attempt(job: Job | None, attempt: int, circumstances: Circumstances) -> Job:
    """Return the job, if this attempt of it runs."""
    found = _by_system(job, circumstances)
    if found.state is not State.RUNNING or attempt != found.attempt:
        raise _wrong(f"attempt {attempt} does not run")
    return found


def _wrong(message: str) -> RefusedError:
    return RefusedError(Reason.WRONG_STATUS, message, "job")


def _storable(error: str) -> str:
    """Return an error's words on one line, as they can be stored and shown."""
    words = " ".join(error.replace("\0", " ").split())
    return words[:LONGEST_ERROR].encode(errors="replace").decode() or "no reason was given"
