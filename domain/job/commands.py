"""Everything that can be asked of a background job.

People request and retry; what comes between is for the system alone, as the job's process finds it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from domain.command import Command
from domain.job.events import Parameter, Result


@dataclass(frozen=True)
class JobCommand(Command):
    """A request about this job."""

    job: UUID


@dataclass(frozen=True)
class RequestJob(JobCommand):
    """Let work be done in the background, with the actor's rights."""

    NAME: ClassVar[str] = "request_job"
    kind: str
    parameters: Mapping[str, Parameter]


@dataclass(frozen=True)
class StartJob(JobCommand):
    """Begin the next attempt; the newest one has ended, or its worker is dead."""

    NAME: ClassVar[str] = "start_job"
    attempt: int
    worker: str


@dataclass(frozen=True)
class ReportProgress(JobCommand):
    """Say how much of an attempt is done."""

    NAME: ClassVar[str] = "report_progress"
    attempt: int
    done: int
    total: int


@dataclass(frozen=True)
class SucceedJob(JobCommand):
    """Say that an attempt has done the work."""

    NAME: ClassVar[str] = "succeed_job"
    attempt: int
    result: Result | None = None


@dataclass(frozen=True)
class FailJob(JobCommand):
    """Say that an attempt came to nothing."""

    NAME: ClassVar[str] = "fail_job"
    attempt: int
    error: str
    for_good: bool = False
    """No further attempt could succeed."""


@dataclass(frozen=True)
class RetryJob(JobCommand):
    """Let a job be tried again that has failed for good."""

    NAME: ClassVar[str] = "retry_job"
