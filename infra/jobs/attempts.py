"""Attempts at jobs: begun, told of and ended on the log, where a version decides every race."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from commands.bus import decide, digest
from commands.envelope import Envelope
from commands.handlers import HANDLERS
from commands.ports import ConflictError, EventLog, Outcome, Ports, Request
from domain.actor import SYSTEM
from domain.errors import RefusedError
from domain.job.commands import FailJob, JobCommand, ReportProgress, StartJob, SucceedJob
from domain.job.events import Result
from domain.job.job import Job, State, fold
from domain.metadata import Channel, Event, Recorded
from infra.eventstore.datastore import Datastore
from infra.jobs.identity import Identity, is_alive

#: What is said of an attempt whose worker is no more.
DIED = "the process that ran it ended before it did"


class SupersededError(Exception):
    """Somebody else goes on with the job: this attempt was taken for dead, and changes nothing."""


@dataclass(frozen=True)
class Attempts:
    """Begins attempts for this process. Safe to use from many threads."""

    log: EventLog
    ports: Ports
    grown: Callable[[Outcome], None]
    """Told after each append: the log has grown. Must not raise."""
    datastore: Datastore
    """The server where workers take their identities."""
    identity: Identity

    def begin(self, job: UUID) -> "Attempt | None":
        """Begin the job's next attempt; None if it is not due, or somebody else is at it.

        Two statements, and one more where an attempt is under way: is its worker alive? If it is
        not, and no attempt is left, the job fails for good.

        Raises:
            NoIdentityError: this process cannot show that it lives.
            PersistenceError: the database is away; the job is still due.
        """
        stream = _Stream(self, job, list(self.log.load(job)))
        found = fold(each.event for each in stream.history)
        if found is None or not self._is_due(found):
            return None
        try:
            if found.state is State.RUNNING and found.exhausted:
                stream.give(FailJob(job, found.attempt, DIED))
                return None
            number = found.attempt + 1
            at = stream.give(StartJob(job, number, self.identity.worker))
        except (SupersededError, RefusedError):  # somebody was faster, or the clock is behind
            return None
        return Attempt(job, number, found, at, stream)

    def _is_due(self, job: Job) -> bool:
        match job.state:
            case State.REQUESTED:
                return True
            case State.WAITING:
                return job.retry_at is not None and job.retry_at <= _now()
            case State.RUNNING:
                return not is_alive(self.datastore, job.worker)
            case _:
                return False


class Attempt:
    """One attempt that this process makes; for one thread.

    Each method appends one event in one statement.

    Raises:
        SupersededError: from every method, and nothing was written.
    """

    def __init__(self, job: UUID, number: int, state: Job, at: datetime, stream: "_Stream") -> None:
        self.job = job
        self.number = number
        self.state = state
        """The job as it was when the attempt began: its kind, parameters and requester."""
        self.at = at
        """When it began."""
        self.correlation_id = stream.history[0].meta.correlation_id
        """The conversation in which the job was asked for."""
        self._stream = stream

    def progressed(self, done: int, total: int) -> None:
        """Tell how much is done."""
        self._stream.give(ReportProgress(self.job, self.number, done, total))

    def succeeded(self, result: Result | None) -> None:
        """Tell that the work is done; it ends the job."""
        self._stream.give(SucceedJob(self.job, self.number, result))

    def failed(self, error: str, *, for_good: bool = False) -> None:
        """Tell that it came to nothing; the job is tried again, unless `for_good` or too often."""
        self._stream.give(FailJob(self.job, self.number, error, for_good))


@dataclass(frozen=True)
class _Stream:
    """A job's events as this process knows them; whoever knows fewer than there are is late."""

    attempts: Attempts
    job: UUID
    history: list[Recorded]

    def give(self, command: JobCommand) -> datetime:
        """Append what follows from the command; return its time.

        The bus would load the stream for each command; here nobody else may have appended.
        """
        envelope = Envelope(
            command=command,
            command_id=f"job:{uuid4()}",
            actor=SYSTEM,
            at=_now(),
            channel=Channel.POLICY,
            correlation_id=self.history[0].meta.correlation_id,
        )
        attempts, version = self.attempts, len(self.history)
        events = decide(HANDLERS[type(command)], self.history, envelope, attempts.ports)
        request = Request(envelope.command_id, digest(envelope))
        try:
            outcome = attempts.log.append(self.job, version, events, envelope.meta, request)
        except ConflictError as error:
            raise SupersededError(f"job {self.job} is beyond version {version}") from error
        self.history.extend(_recorded(self.job, version, events, envelope))
        attempts.grown(outcome)
        return envelope.at


def _recorded(
    stream: UUID, version: int, events: Sequence[Event], envelope: Envelope
) -> list[Recorded]:
    return [
        Recorded(stream, number, event, envelope.meta)
        for number, event in enumerate(events, version + 1)
    ]


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # here commands begin, and take their time along
