"""A calendar and its versions: what defining one takes."""

from dataclasses import dataclass, replace

from domain.actor import ADMIN, Circumstances
from domain.calendar.checks import check_content
from domain.calendar.commands import AddHolidays, DefineCalendar
from domain.calendar.content import Content
from domain.calendar.events import CalendarDefined
from domain.errors import Reason, RefusedError, refuse_all
from domain.metadata import Event
from domain.names import NAME_FORM, is_name


@dataclass(frozen=True)
class CalendarState:
    """What its events add up to."""

    latest: int
    """The number of the version in force."""
    content: Content
    content_hash: str


def evolve(_: CalendarState | None, event: Event) -> CalendarState:
    """Return the calendar after this event.

    Raises:
        TypeError: the event is not a calendar's.
    """
    if not isinstance(event, CalendarDefined):
        raise TypeError(f"{event.TOPIC} is no event of a calendar")
    return CalendarState(event.calendar_version, event.content, event.content_hash)


def define(
    calendar: CalendarState | None,
    command: DefineCalendar,
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001  # every decision has the same four arguments
) -> tuple[Event, ...]:
    """Put the next version in force, if the whole of its content stands.

    Raises:
        RefusedError: NOT_ALLOWED to who is no admin; NOTHING_CHANGES if the version in force has
            the same content; INVALID, with every fault of the content.
    """
    circumstances.actor.require(ADMIN)
    if not is_name(command.calendar):
        raise RefusedError(Reason.INVALID, f"a calendar's name is {NAME_FORM}", "calendar")
    return _defined(calendar, command.calendar, command.content, circumstances)


def add_holidays(
    calendar: CalendarState | None,
    command: AddHolidays,
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001  # see define
) -> tuple[Event, ...]:
    """Put a version in force that has these holidays, too; those that are there stay as they are.

    Raises:
        RefusedError: NOT_ALLOWED, NOT_FOUND; NOTHING_CHANGES if all are there; INVALID.
    """
    circumstances.actor.require(ADMIN)
    if calendar is None:
        raise RefusedError(Reason.NOT_FOUND, "there is no such calendar", "calendar")
    before = calendar.content
    by_day = {each.day: each for each in (*command.holidays, *before.holidays)}
    holidays = tuple(by_day[day] for day in sorted(by_day))
    content = replace(before, holidays=holidays)
    return _defined(calendar, command.calendar, content, circumstances)


def _defined(
    calendar: CalendarState | None, name: str, content: Content, circumstances: Circumstances
) -> tuple[Event, ...]:
    refuse_all(check_content(content, circumstances.at))
    content_hash = content.hash
    if calendar is not None and calendar.content_hash == content_hash:
        raise RefusedError(
            Reason.NOTHING_CHANGES, f"version {calendar.latest} has the same content", "content"
        )
    version = 1 if calendar is None else calendar.latest + 1
    return (CalendarDefined(name, version, content, content_hash),)
