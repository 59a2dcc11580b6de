"""What every event carries beside its own facts: who, why, when, through which door."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID


class Channel(StrEnum):
    """The door through which a command came."""

    API = "api"
    CLI = "cli"
    IMPORT = "import"
    TIMER = "timer"
    POLICY = "policy"
    MAIL_LINK = "mail_link"


@dataclass(frozen=True)
class Event:
    """A fact that was decided. Subclasses are frozen dataclasses, named in the past tense."""

    TOPIC: ClassVar[str]
    """The name under which it is stored, for ever; moving the class does not change it."""
    SCHEMA: ClassVar[int] = 1
    """The version of its stored form; older ones are upcast at reading."""


@dataclass(frozen=True)
class Meta:
    """The circumstances of an event. Instants are aware, in UTC."""

    actor: str
    """The login of who decided, or `system`."""
    command_id: str
    """The command that caused it: the client's idempotency key, or one made for it."""
    correlation_id: str
    """The conversation it belongs to; the command's own id where it began one."""
    recorded_at: datetime
    """When the server decided."""
    effective_at: datetime
    """When it happened in the world; earlier than `recorded_at` for imports."""
    channel: Channel
    on_behalf_of: str | None = None


@dataclass(frozen=True)
class Recorded:
    """An event with its place."""

    stream: UUID
    version: int
    """Its place in the stream, from 1."""
    event: Event
    meta: Meta
    position: int | None = None
    """Its place in the whole log, where it was read from there."""
