"""Business time: what time is after so much of it, and how much is between two instants.

It goes by while a clock on the wall of the calendar's zone shows hours of the day that it shows.
So when clocks are set forward, the hour that is left out counts nothing; when they are set back,
the hour that is shown twice counts twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from domain.calendar.days import (
    FARTHEST_DAYS,
    add_business_days,
    add_days,
    end_of_business_day,
    too_far,
)
from domain.calendar.duration import Duration, Unit
from domain.calendar.pattern import Hours, Pattern
from domain.calendar.zones import (
    DAY_US,
    MINUTE_US,
    instant_of,
    number_of,
    offset_at,
    stretches,
    stretches_back,
)
from domain.errors import Reason, RefusedError

#: Between these every instant is that is calculated with: before, zones have no history.
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST = datetime(2900, 1, 1, tzinfo=UTC)

_MICROSECOND = timedelta(microseconds=1)
_FIRST_DAY = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Calendar:
    """Whose hours count. On one day spans are in order and apart from each other.

    A week without hours, or a zone that there is not, is what `checks` refuses.
    """

    zone: str
    week: Sequence[Hours]
    """Of each weekday, from Monday on."""
    holidays: Mapping[date, str] = field(default_factory=dict)
    """Days without hours, with their names."""
    special: Mapping[date, Hours] = field(default_factory=dict)
    """Days with hours of their own; they go before weekdays and holidays."""

    @cached_property
    def pattern(self) -> Pattern:
        """The sums that everything is calculated by."""
        closed: dict[date, Hours] = dict.fromkeys(self.holidays, ())
        return Pattern(
            self.week, {_number(day): hours for day, hours in {**closed, **self.special}.items()}
        )


def add(calendar: Calendar, instant: datetime, duration: Duration) -> datetime:
    """Return the instant, in UTC, that is so much later, or earlier for a negative number.

    After business time: the first instant by which it has gone by, so 2 h from 16:00 where hours
    are 9 to 17 end at 10:00 of the next business day, and 1 h from 16:00 at 17:00. Before it: the
    last one. Zero changes nothing, but for BUSINESS_DAY_ENDS. Days: see `docs/calendars.md`.

    Raises:
        RefusedError: INVALID, for more than a hundred years.
    """
    _require_known(instant)
    found = instant_of(_ADDING[duration.unit](calendar, number_of(instant), duration.number))
    _require_known(found)
    return found


def add_time(calendar: Calendar, instant: datetime, time: timedelta) -> datetime:
    """Return the instant after so much business time, as `add` does for minutes of it.

    For a clock that was stopped: what `between` said was left goes on from another instant.

    Raises:
        RefusedError: INVALID, for more than a hundred years.
    """
    _require_known(instant)
    found = instant_of(_after(calendar, number_of(instant), time // _MICROSECOND))
    _require_known(found)
    return found


def between(calendar: Calendar, begins: datetime, ends: datetime) -> timedelta:
    """Return the business time from one instant to the other; negative if they are not in order.

    Raises:
        RefusedError: INVALID, for an instant of another millennium.
    """
    _require_known(begins)
    _require_known(ends)
    first, last = number_of(begins), number_of(ends)  # within a zone, `<` is of the wall's times
    if last < first:
        return -between(calendar, ends, begins)
    found = stretches(calendar.zone, first, last)
    return timedelta(microseconds=sum(_worked(calendar, *each) for each in found))


def business_days(calendar: Calendar, first: date, last: date) -> int:
    """Return how many of the days from `first` to `last`, both included, have hours."""
    before = calendar.pattern.days.before
    return max(0, before(_number(last) + 1) - before(_number(first)))


def is_open(calendar: Calendar, instant: datetime) -> bool:
    """Tell whether business time goes by at this instant."""
    at = number_of(instant)
    day, past = divmod(at + offset_at(calendar.zone, at), DAY_US)
    return any(
        span.begins * MINUTE_US <= past < span.ends * MINUTE_US
        for span in calendar.pattern.hours(day)
    )


def _number(day: date) -> int:
    return day.toordinal() - _FIRST_DAY


def _require_known(instant: datetime) -> None:
    if not _EARLIEST <= instant <= _LATEST:
        raise RefusedError(Reason.INVALID, "instants are of the years 1900 to 2899", "from")


def _worked(calendar: Calendar, begins: int, ends: int, offset: int) -> int:
    worked = calendar.pattern.worked
    return worked(ends + offset) - worked(begins + offset)


_Adding = Callable[[Calendar, int, int], int]


def _elapsed(unit_us: int) -> _Adding:
    def adding(_: Calendar, at: int, number: int) -> int:
        if abs(number) * unit_us > FARTHEST_DAYS * DAY_US:
            raise too_far()
        return at + number * unit_us

    return adding


def _business_time(unit_us: int) -> _Adding:
    return lambda calendar, at, number: _after(calendar, at, number * unit_us)


def _after(calendar: Calendar, at: int, worked: int) -> int:
    if not worked:
        return at
    return _forward(calendar, at, worked) if worked > 0 else _back(calendar, at, -worked)


def _forward(calendar: Calendar, at: int, left: int) -> int:
    for begins, ends, offset in stretches(calendar.zone, at, at + FARTHEST_DAYS * DAY_US):
        there = _worked(calendar, begins, ends, offset)
        if left <= there:
            wall = begins + offset, ends + offset
            worked = calendar.pattern.worked(wall[0]) + left
            return calendar.pattern.first(worked, *wall) - offset
        left -= there
    raise too_far()


def _back(calendar: Calendar, at: int, left: int) -> int:
    for begins, ends, offset in stretches_back(calendar.zone, at - FARTHEST_DAYS * DAY_US, at):
        there = _worked(calendar, begins, ends, offset)
        if left <= there:
            wall = begins + offset, ends + offset
            worked = calendar.pattern.worked(wall[1]) - left
            return calendar.pattern.last(worked, *wall) - offset
        left -= there
    raise too_far()


_ADDING: Mapping[Unit, _Adding] = {
    Unit.MINUTES: _elapsed(MINUTE_US),
    Unit.HOURS: _elapsed(60 * MINUTE_US),
    Unit.DAYS: lambda calendar, at, number: add_days(calendar.zone, at, number),
    Unit.BUSINESS_MINUTES: _business_time(MINUTE_US),
    Unit.BUSINESS_HOURS: _business_time(60 * MINUTE_US),
    Unit.BUSINESS_DAYS: lambda calendar, at, number: add_business_days(
        calendar.zone, calendar.pattern, at, number
    ),
    Unit.BUSINESS_DAY_ENDS: lambda calendar, at, number: end_of_business_day(
        calendar.zone, calendar.pattern, at, number
    ),
}
