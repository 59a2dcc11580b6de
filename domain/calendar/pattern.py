"""How much business time lies before each moment by the clock on the wall, without a loop.

A week repeats, and the days that are otherwise are few: what they differ by is summed up once.
Days are counted from 1970-01-01, moments in microseconds from its midnight (`zones`).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

from domain.calendar.spans import Span
from domain.calendar.zones import DAY_US, MINUTE_US

#: 1970-01-01 was a Thursday; Mondays are 0.
_FIRST_WEEKDAY = 3

Hours = tuple[Span, ...]

_Counted = Callable[[Hours], int]


def _length(hours: Hours) -> int:
    return sum(span.minutes for span in hours) * MINUTE_US


class Pattern:
    """The hours of every day, and their sums. Never changes once it is made."""

    def __init__(self, week: Sequence[Hours], exceptions: Mapping[int, Hours]) -> None:
        """`week` has seven days from Monday on; `exceptions` are by their days' numbers."""
        self._week = tuple(week)
        self._exceptions = exceptions
        self.time = _Sums(self._week, exceptions, _length)
        """Business time, in microseconds."""
        self.days = _Sums(self._week, exceptions, bool)
        """Days with hours."""

    def hours(self, day: int) -> Hours:
        """Return the spans of a day, in order."""
        found = self._exceptions.get(day)
        return self._week[(day + _FIRST_WEEKDAY) % 7] if found is None else found

    def worked(self, wall: int) -> int:
        """Return the business time before this moment, from a fixed one on; may be negative."""
        day, past = divmod(wall, DAY_US)
        total = self.time.before(day)
        for span in self.hours(day):
            total += min(max(past - span.begins * MINUTE_US, 0), span.minutes * MINUTE_US)
        return total

    def first(self, worked: int, begins: int, ends: int) -> int:
        """Return the first moment by which there is this much, if it is between these two."""
        days = range(begins // DAY_US, ends // DAY_US + 1)
        day = days[bisect_left(days, worked, key=self.time.before) - 1]
        left = worked - self.time.before(day)
        for span in self.hours(day):
            length = span.minutes * MINUTE_US
            if left <= length:
                return day * DAY_US + span.begins * MINUTE_US + left
            left -= length
        raise AssertionError("there is less within these days")

    def last(self, worked: int, begins: int, ends: int) -> int:
        """Return the last moment at which there is no more, if it is between these two."""
        days = range(begins // DAY_US, ends // DAY_US + 1)
        day = days[bisect_right(days, worked, key=self.time.before) - 1]
        left = worked - self.time.before(day)
        for span in self.hours(day):
            length = span.minutes * MINUTE_US
            if left < length:
                return day * DAY_US + span.begins * MINUTE_US + left
            left -= length
        raise AssertionError("there is less within these days")

    def business_day(self, number: int, days: range) -> int | None:
        """Return the business day before which there are `number` since a fixed one.

        None if it is not among `days`.
        """
        found = bisect_right(days, number, key=self.days.before) - 1
        if found < 0 or not self.hours(days[found]):
            return None
        return days[found] if self.days.before(days[found]) == number else None


class _Sums:
    """What has been counted before each day."""

    def __init__(
        self, week: Sequence[Hours], exceptions: Mapping[int, Hours], counted: _Counted
    ) -> None:
        self._week = tuple(accumulate((counted(each) for each in week), initial=0))
        self._days = sorted(exceptions)
        differences = (
            counted(exceptions[day]) - counted(week[(day + _FIRST_WEEKDAY) % 7])
            for day in self._days
        )
        self._more = tuple(accumulate(differences, initial=0))

    def before(self, day: int) -> int:
        weeks, weekday = divmod(day + _FIRST_WEEKDAY, 7)
        usual = weeks * self._week[-1] + self._week[weekday]
        return usual + self._more[bisect_left(self._days, day)]
