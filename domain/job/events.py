"""Everything that can happen to a background job."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.metadata import Event

Parameter = str | int | bool | None


@dataclass(frozen=True)
class Result:
    """What a job made, named by its content."""

    digest: str
    """SHA-256 of the bytes, in hexadecimals."""
    size: int
    """In bytes."""
    media_type: str
    name: str
    """The file's name, as who fetches it will see it."""


@dataclass(frozen=True)
class JobRequested(Event):
    """Somebody asked for work that is done in the background, with the rights they will have."""

    TOPIC: ClassVar[str] = "job.requested"
    kind: str
    parameters: Mapping[str, Parameter]
    requester: str


@dataclass(frozen=True)
class JobStarted(Event):
    """A worker begins; attempts count from 1."""

    TOPIC: ClassVar[str] = "job.started"
    attempt: int
    worker: str
    """Names the process, to tell whether it still lives."""


@dataclass(frozen=True)
class JobProgressed(Event):
    """So much of the attempt is done."""

    TOPIC: ClassVar[str] = "job.progressed"
    attempt: int
    done: int
    total: int


@dataclass(frozen=True)
class JobSucceeded(Event):
    """The work is done; the first attempt that says so."""

    TOPIC: ClassVar[str] = "job.succeeded"
    attempt: int
    result: Result | None = None


@dataclass(frozen=True)
class JobFailed(Event):
    """An attempt came to nothing."""

    TOPIC: ClassVar[str] = "job.failed"
    attempt: int
    error: str
    retry_at: datetime | None
    """When it is tried again; None: it failed for good, until somebody asks for it again."""


@dataclass(frozen=True)
class JobRetried(Event):
    """Somebody asked for a job again that had failed for good."""

    TOPIC: ClassVar[str] = "job.retried"


EVENTS: tuple[type[Event], ...] = (
    JobRequested,
    JobStarted,
    JobProgressed,
    JobSucceeded,
    JobFailed,
    JobRetried,
)
