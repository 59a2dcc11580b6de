"""What a calendar says: a zone, the hours of each weekday, and the days that are otherwise."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property

from domain.calendar.hours import Calendar
from domain.calendar.spans import Span, parse_span

#: The weekdays as `Content.week` has them, and by which name.
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Holiday:
    """A day without hours."""

    day: date
    name: str


@dataclass(frozen=True)
class SpecialDay:
    """A day with hours of its own, whatever its weekday and whether it is a holiday."""

    day: date
    hours: tuple[str, ...] = ()
    """Spans, as in `Content.week`; empty: none, such as a bridge day."""


@dataclass(frozen=True)
class Content:
    """A calendar as it was defined. Days are in their order."""

    zone: str
    """By its name in the time zone database, such as Europe/Amsterdam."""
    week: tuple[tuple[str, ...], ...]
    """The spans of each weekday from Monday on, such as "09:00-12:30"; 24:00 ends a day."""
    holidays: tuple[Holiday, ...] = ()
    special: tuple[SpecialDay, ...] = ()
    label: str = ""

    @property
    def hash(self) -> str:
        """The name of this content: SHA-256 of its canonical JSON, in hexadecimals."""
        canonical = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.sha256(canonical.encode()).hexdigest()


def hours_of(content: Content) -> Calendar:
    """Return what is calculated with. The content is one that `check_content` lets pass."""
    return Calendar(
        content.zone,
        tuple(_spans(each) for each in content.week),
        holidays={each.day: each.name for each in content.holidays},
        special={each.day: _spans(each.hours) for each in content.special},
    )


def _spans(hours: Sequence[str]) -> tuple[Span, ...]:
    return tuple(parse_span(each) for each in hours)


@dataclass(frozen=True)
class PublishedCalendar:
    """A version of a calendar that is or was in force."""

    name: str
    version: int
    content: Content
    content_hash: str

    @cached_property
    def hours(self) -> Calendar:
        """What is calculated with."""
        return hours_of(self.content)
