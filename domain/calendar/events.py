"""Everything that can happen to a calendar."""

from dataclasses import dataclass
from typing import ClassVar

from domain.calendar.content import Content
from domain.metadata import Event


@dataclass(frozen=True)
class CalendarDefined(Event):
    """A version is in force for everything that begins from now on."""

    TOPIC: ClassVar[str] = "calendar.defined"
    calendar: str
    """The calendar's name."""
    calendar_version: int
    """Its number, from 1."""
    content: Content
    """The whole of it, whatever changed."""
    content_hash: str


EVENTS: tuple[type[Event], ...] = (CalendarDefined,)
