"""What the write side needs of the world, as interfaces; `infra` has the adapters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.calendar.content import PublishedCalendar
from domain.document.facts import DirectoryFacts, Needs, Published
from domain.metadata import Event, Meta, Recorded

#: Characters of a command's id, at most; what the log takes.
LONGEST_COMMAND_ID = 255


class ConflictError(Exception):
    """The stream is at another version than was expected; nothing was written."""


class KeyReusedError(Exception):
    """The idempotency key belongs to another request; nothing was written."""


@dataclass(frozen=True)
class Request:
    """A command as the log remembers it, to know its repetition."""

    command_id: str
    digest: bytes
    """SHA-256 of what was asked, and by whom."""


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    stream: UUID
    version: int
    """The stream's version after it."""
    position: int
    """The place of its last event in the log."""
    repeated: bool = False
    """It had been done before; this time nothing was written."""


class EventLog(Protocol):
    """The streams of events."""

    def load(self, stream: UUID) -> Sequence[Recorded]:
        """Return the stream's events in order; empty if there are none."""

    def append(
        self, stream: UUID, version: int, events: Sequence[Event], meta: Meta, request: Request
    ) -> Outcome:
        """Append all events after `version`, with the request, or nothing.

        Raises:
            ConflictError: the stream is not at `version`.
            KeyReusedError: the command id was used for another request.
        """

    def first_outcome(self, request: Request) -> Outcome | None:
        """Return what this request did before, None if it was never done.

        Raises:
            KeyReusedError: the command id was used for another request.
        """


class Directory(Protocol):
    """What the views know of people, read where they are written."""

    def facts(self, needs: Needs, but_not: str, at: datetime | None = None) -> DirectoryFacts:
        """Return what is known of these people and their managers, and who holds these roles.

        A role counts if somebody active other than `but_not` holds it; with an empty `but_not`,
        anybody active. Absences that were over at `at` may be left out; without it, none is.
        """

    def managers_above(self, login: str) -> Sequence[str]:
        """Return the managers above a person, nearest first; at most a hundred."""

    def is_active(self, login: str) -> bool | None:
        """Tell whether the person may act; None if there is no such person."""

    def other_admins(self, login: str) -> int:
        """Return how many active people other than this one hold the role admin."""


class Definitions(Protocol):
    """The published versions of definitions."""

    def latest(self, name: str, at: datetime | None = None) -> Published | None:
        """Return the version in force at an instant, None if there is none; `at` None: now.

        `domain.definition.schedule.in_force` says which one that is.
        """

    def version(self, name: str, version: int) -> Published | None:
        """Return a version that was published, None if it was not."""


class Calendars(Protocol):
    """The versions of calendars."""

    def calendar(self, name: str) -> PublishedCalendar | None:
        """Return the version in force, None if there is none."""

    def version(self, name: str, version: int) -> PublishedCalendar | None:
        """Return a version that was defined, None if it was not."""


@dataclass(frozen=True)
class Ports:
    """Everything that handlers may ask."""

    directory: Directory
    definitions: Definitions
    calendars: Calendars
