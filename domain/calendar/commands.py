"""Everything that can be asked of a calendar."""

from dataclasses import dataclass
from typing import ClassVar

from domain.calendar.content import Content, Holiday
from domain.command import Command


@dataclass(frozen=True)
class CalendarCommand(Command):
    """A request about the calendar of this name."""

    calendar: str


@dataclass(frozen=True)
class DefineCalendar(CalendarCommand):
    """Put a version in force: the first, or the next one."""

    NAME: ClassVar[str] = "define_calendar"
    content: Content


@dataclass(frozen=True)
class AddHolidays(CalendarCommand):
    """Put a version in force that has these holidays, too.

    The days are given, never a country: what a library knew of one is not what it knows later.
    """

    NAME: ClassVar[str] = "add_holidays"
    holidays: tuple[Holiday, ...]
