"""A job under any interleaving of workers that die, come late and repeat themselves."""

from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.actor import SYSTEM, Actor
from domain.command import Command
from domain.errors import RefusedError
from domain.job.commands import (
    FailJob,
    ReportProgress,
    RequestJob,
    RetryJob,
    StartJob,
    SucceedJob,
)
from domain.job.events import JobFailed, JobRetried, JobStarted, JobSucceeded
from domain.job.job import ATTEMPTS
from projections.jobs import DUE, JOBS
from projections.workspace.jobs import JOB as JOB_TABLE
from tests.builders import ANN, AT, BOB, DOCUMENT, ZOE, an_envelope
from tests.fakes import InMemoryRows
from tests.office import WorkspaceOffice

workers = st.sampled_from(["w1", "w2", "w3"])


class JobMachine(RuleBasedStateMachine):
    """The model: the attempts that were made, and how the newest ended."""

    def __init__(self) -> None:
        super().__init__()
        self.office = WorkspaceOffice()
        self.due = InMemoryRows()
        self.now = AT
        self.attempt = 0
        self.left = ATTEMPTS
        self.phase = "requested"
        self.not_before: datetime | None = None
        self._give(RequestJob(DOCUMENT, "export", {}), ANN)

    def _give(self, command: Command, by: Actor = SYSTEM) -> bool:
        """Give a command; tell whether it was accepted, and fold what happened."""
        before = len(self.office.log.events)
        try:
            self.office.bus.handle(an_envelope(command, by, at=self.now))
        except RefusedError:
            assert len(self.office.log.events) == before
            return False
        self.office.catch_up()
        self.due.run(JOBS, self.office.log.events[before:])
        return True

    @rule(seconds=st.integers(0, 300))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(worker=workers, ahead=st.sampled_from([0, 1, 1, 1, 2]))
    def start(self, worker: str, ahead: int) -> None:
        allowed = (
            ahead == 1
            and self.phase in ("requested", "running", "waiting")
            and self.left > 0
            and (self.not_before is None or self.now >= self.not_before)
        )
        assert self._give(StartJob(DOCUMENT, self.attempt + ahead, worker)) is allowed
        if allowed:
            self.attempt, self.left = self.attempt + 1, self.left - 1
            self.phase, self.not_before = "running", None

    @rule(behind=st.sampled_from([0, 0, 0, 1]), done=st.integers(0, 5))
    def progress(self, behind: int, done: int) -> None:
        allowed = behind == 0 and self.phase == "running"
        command = ReportProgress(DOCUMENT, self.attempt - behind, done, 5)
        assert self._give(command) is allowed

    @rule(behind=st.sampled_from([0, 0, 0, 1]))
    def succeed(self, behind: int) -> None:
        allowed = behind == 0 and self.phase == "running"
        assert self._give(SucceedJob(DOCUMENT, self.attempt - behind)) is allowed
        if allowed:
            self.phase = "succeeded"

    @rule(behind=st.sampled_from([0, 0, 0, 1]), for_good=st.booleans())
    def fail(self, behind: int, for_good: bool) -> None:
        allowed = behind == 0 and self.phase == "running"
        command = FailJob(DOCUMENT, self.attempt - behind, "no", for_good)
        assert self._give(command) is allowed
        if allowed:
            last = self.office.log.events[-1].event
            assert isinstance(last, JobFailed)
            assert (last.retry_at is None) == (for_good or self.left == 0)
            self.phase = "failed" if last.retry_at is None else "waiting"
            self.not_before = last.retry_at

    @rule(by=st.sampled_from([ANN, BOB, ZOE]))
    def retry(self, by: Actor) -> None:
        allowed = self.phase == "failed" and by is not BOB
        assert self._give(RetryJob(DOCUMENT), by) is allowed
        if allowed:
            self.phase, self.left = "requested", ATTEMPTS

    @precondition(lambda self: self.phase == "failed")
    @rule()
    def ask_again_for_the_same(self) -> None:
        assert not self._give(RequestJob(DOCUMENT, "export", {}), ANN)

    @invariant()
    def the_view_shows_the_state(self) -> None:
        (row,) = self.office.rows.all(JOB_TABLE).values()
        assert (row["state"], row["attempt"]) == (self.phase, self.attempt)
        assert row["retry_at"] == self.not_before

    @invariant()
    def what_has_not_ended_is_due_some_time(self) -> None:
        ended = self.phase in ("succeeded", "failed")
        assert len(self.due.all(DUE)) == (0 if ended else 1)

    @invariant()
    def a_job_succeeds_once_and_no_attempt_is_twice(self) -> None:
        events = [each.event for each in self.office.log.events]
        started = [each.attempt for each in events if isinstance(each, JobStarted)]
        assert started == list(range(1, len(started) + 1))
        assert sum(isinstance(each, JobSucceeded) for each in events) <= 1
        asked = 1 + sum(isinstance(each, JobRetried) for each in events)
        assert len(started) <= ATTEMPTS * asked


TestJobMachine = JobMachine.TestCase
