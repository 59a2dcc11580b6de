"""A background job: what its events add up to."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.job.events import (
    JobFailed,
    JobProgressed,
    JobRequested,
    JobRetried,
    JobStarted,
    JobSucceeded,
    Parameter,
)
from domain.metadata import Event

#: Attempts that a job has, and has anew each time that somebody asks for it again.
ATTEMPTS = 5


class State(StrEnum):
    """Where a job stands."""

    REQUESTED = "requested"
    """It waits for a worker."""
    RUNNING = "running"
    WAITING = "waiting"
    """An attempt has failed; the next one is due at a known moment."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """For good, until somebody asks for it again."""


@dataclass(frozen=True)
class Job:
    """One job at a moment."""

    kind: str
    parameters: Mapping[str, Parameter]
    requester: str
    state: State = State.REQUESTED
    attempt: int = 0
    """The newest attempt; 0 before the first."""
    before: int = 0
    """The attempts that were made before it was last asked for."""
    worker: str = ""
    """The process of the newest attempt."""
    retry_at: datetime | None = None
    """When the next attempt is due, where it waits for one."""

    @property
    def exhausted(self) -> bool:
        """Whether the newest attempt is the last one."""
        return self.attempt - self.before >= ATTEMPTS


def evolve(job: Job | None, event: Event) -> Job:
    """Return the job after this event.

    Raises:
        TypeError: the event is not a job's, or comes before the job was requested.
    """
    if isinstance(event, JobRequested):
        return Job(event.kind, event.parameters, event.requester)
    change = _CHANGES.get(type(event))
    if job is None or change is None:
        raise TypeError(f"{event.TOPIC} is no event of a job, or comes before the request")
    return change(job, event)


def fold(events: Iterable[Event]) -> Job | None:
    """Return the job after these events, None if there are none."""
    job = None
    for event in events:
        job = evolve(job, event)
    return job


def _started(job: Job, event: JobStarted) -> Job:
    return replace(
        job, state=State.RUNNING, attempt=event.attempt, worker=event.worker, retry_at=None
    )


def _failed(job: Job, event: JobFailed) -> Job:
    state = State.FAILED if event.retry_at is None else State.WAITING
    return replace(job, state=state, retry_at=event.retry_at)


_CHANGES: Mapping[type[Event], Callable[[Job, Any], Job]] = {
    JobStarted: _started,
    JobProgressed: lambda job, _: job,
    JobSucceeded: lambda job, _: replace(job, state=State.SUCCEEDED),
    JobFailed: _failed,
    JobRetried: lambda job, _: replace(job, state=State.REQUESTED, before=job.attempt),
}
