"""Attempts at jobs: begun, told of and ended on the log, where a version decides every race."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from commands.ports import ConflictError, Outcome, Ports
from domain.errors import RefusedError
from domain.job.commands import FailJob, JobCommand, ReportProgress, StartJob, SucceedJob
from domain.job.events import Result
from domain.job.job import Job, State, fold
from infra.event_log import Change, RecordedEventLog
from infra.eventstore.datastore import Datastore
from infra.eventstore.errors import OutcomeUnknownError
from infra.jobs.identity import Identity, is_alive
from infra.jobs.stream import JobStream, command_ids, now

#: What is said of an attempt whose worker is no more.
DIED = "the process that ran it ended before it did"


class SupersededError(Exception):
    """Somebody else goes on with the job: this attempt was taken for dead, and changes nothing."""


@dataclass(frozen=True)
class Attempts:
    """Begins attempts for this process. Safe to use from many threads."""

    log: RecordedEventLog
    ports: Ports
    grown: Callable[[Outcome], None]
    """Told after each append: the log has grown. Must not raise."""
    datastore: Datastore
    """The server where workers take their identities."""
    identity: Identity

    def series(self, jobs: Sequence[UUID]) -> "Series":
        """Return what makes attempts at these jobs, one after the other. One statement.

        Raises:
            PersistenceError: the database is away; the jobs are still due.
        """
        histories = self.log.load_all(jobs)
        ids = command_ids()
        return Series(self, {job: JobStream(job, histories[job], self.ports, ids) for job in jobs})


class Series:
    """Attempts that one thread makes, one after the other.

    The append that begins one also ends the one before: a job costs one. Between two, nothing is
    begun that does not run, and nothing has ended that is not written.
    """

    def __init__(self, attempts: Attempts, streams: dict[UUID, JobStream]) -> None:
        self._attempts = attempts
        self._streams = streams
        self._alive: dict[str, bool] = {}
        self._newest: Attempt | None = None
        self._end: Change | None = None
        self._under_way: set[UUID] = set()

    @property
    def dangling(self) -> bool:
        """Whether an attempt is, or may be, under way for all who look: begun and not ended."""
        return bool(self._under_way)

    def due(self, job: UUID) -> Job | None:
        """Return the job if it is due, as far as this series knows.

        One statement where an attempt is under way: is its worker alive? If it is not, and no
        attempt is left, the job fails for good.
        """
        stream = self._streams[job]
        found = stream.state
        if found is None or not self._is_due(found):
            return None
        if found.state is State.RUNNING and found.exhausted:
            try:
                self._append([stream.give(FailJob(job, found.attempt, DIED))])
            except ConflictError:
                return None  # somebody was faster
            return None
        return found

    def begin(self, job: UUID) -> "Attempt | None":
        """Begin the next attempt at a job that is due; None if somebody else did. One statement.

        Raises:
            NoIdentityError: this process cannot show that it lives.
            PersistenceError: the database is away; see `dangling`.
        """
        stream = self._streams[job]
        found = stream.state
        assert found is not None  # noqa: S101  # it is due
        number = found.attempt + 1
        try:
            start = stream.give(StartJob(job, number, self._attempts.identity.worker))
        except RefusedError:  # the clock is behind
            return None
        if not self._is_begun(start):
            return None
        self._newest = Attempt(number, found, start, self, stream)
        return self._newest

    def settle(self) -> None:
        """Write what is not written yet. One statement, or none."""
        end, newest = self._end, self._newest
        self._end = self._newest = None
        if end is None or newest is None:
            return
        try:
            self._append([end])
        except ConflictError:
            newest.superseded = True
            self._lost(newest)
        else:
            self._under_way.discard(newest.job)

    def end_with(self, change: Change) -> None:
        """Let the newest attempt's end be written, with the next one's start or by `settle`."""
        self._end = change

    def tell(self, change: Change) -> None:
        """Append what the newest attempt tells.

        Raises:
            SupersededError: it is not the job's newest one; nothing was written.
        """
        try:
            self._append([change])
        except ConflictError as error:
            if self._newest is not None:
                self._lost(self._newest)
            raise SupersededError(f"job {change.stream} is beyond {change.version}") from error

    def _is_begun(self, start: Change) -> bool:
        """Append a start, and the end before it."""
        self._under_way.add(start.stream)
        if self._end is not None:
            try:
                self._append([self._end, start])
            except ConflictError:  # of one of them, or both
                self.settle()
            else:
                self._under_way.discard(self._end.stream)
                self._end = None
                return True
        try:
            self._append([start])
        except ConflictError:
            self._under_way.discard(start.stream)
            return False
        return True

    def _append(self, changes: Sequence[Change]) -> None:
        """Append all or nothing.

        Raises:
            ConflictError: somebody else changed one of these jobs.
        """
        attempts = self._attempts
        outcomes: Sequence[Outcome]
        try:
            outcomes = attempts.log.append_all(changes)
        except OutcomeUnknownError:
            # No key makes a repetition safe, but the version does; the stream says who was first.
            try:
                outcomes = attempts.log.append_all(changes)
            except ConflictError:
                if not self._is_there(changes[-1]):
                    raise
                outcomes = ()
        for change in changes:
            self._streams[change.stream].wrote(change)
        for outcome in outcomes:
            attempts.grown(outcome)

    def _is_there(self, change: Change) -> bool:
        found = self._attempts.log.load(change.stream)[change.version :]
        return bool(found) and found[0].meta.command_id == change.meta.command_id

    def _lost(self, attempt: "Attempt") -> None:
        """Forget an attempt, unless it still runs for all who look: nobody goes on with it then."""
        found = fold(each.event for each in self._attempts.log.load(attempt.job))
        if found is None or found.state is not State.RUNNING or found.attempt != attempt.number:
            self._under_way.discard(attempt.job)

    def _is_due(self, job: Job) -> bool:
        match job.state:
            case State.REQUESTED:
                return True
            case State.WAITING:
                return job.retry_at is not None and job.retry_at <= now()
            case State.RUNNING:
                return not self._lives(job.worker)
            case _:
                return False

    def _lives(self, worker: str) -> bool:
        if worker not in self._alive:
            self._alive[worker] = is_alive(self._attempts.datastore, worker)
        return self._alive[worker]


class Attempt:
    """One attempt that this process makes; for one thread, until its series begins the next."""

    def __init__(
        self, number: int, state: Job, start: Change, series: Series, stream: JobStream
    ) -> None:
        self.job = start.stream
        self.number = number
        self.state = state
        """The job as it was when the attempt began: its kind, parameters and requester."""
        self.at = start.meta.recorded_at
        """When it began."""
        self.correlation_id = stream.correlation_id
        """The conversation in which the job was asked for."""
        self.superseded = False
        """Somebody else went on with the job: that this one ended was not written."""
        self._series = series
        self._stream = stream

    def progressed(self, done: int, total: int) -> None:
        """Tell how much is done. One statement.

        Raises:
            SupersededError: it counts no longer; nothing was written.
        """
        self._series.tell(self._given(ReportProgress(self.job, self.number, done, total)))

    def succeeded(self, result: Result | None) -> None:
        """Tell that the work is done; it ends the job. Written by the series."""
        self._series.end_with(self._given(SucceedJob(self.job, self.number, result)))

    def failed(self, error: str, *, for_good: bool = False) -> None:
        """Tell that it came to nothing; the job is tried again, unless `for_good` or too often.

        Written by the series.
        """
        self._series.end_with(self._given(FailJob(self.job, self.number, error, for_good)))

    def _given(self, command: JobCommand) -> Change:
        return self._stream.give(command)
