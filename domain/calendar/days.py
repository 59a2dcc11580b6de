"""Days by the clock on the wall: so many on, so many business days on, ends of business days.

A business day is a day with hours. Numbers are those of `zones`.
"""

from domain.calendar.pattern import Pattern
from domain.calendar.zones import DAY_US, MINUTE_US, instant_at, is_repeated, offset_at
from domain.errors import Reason, RefusedError

#: Days that a duration may lead away, at most: a hundred years.
FARTHEST_DAYS = 36_525


def too_far() -> RefusedError:
    """Return the refusal of a duration that leads too far."""
    return RefusedError(
        Reason.INVALID, "there is not so much time within a hundred years", "duration"
    )


def add_days(zone: str, at: int, number: int) -> int:
    """Return the instant so many days later at which the wall shows the same time.

    Where clocks are set forward over it, that of the change.

    Raises:
        RefusedError: INVALID, for more than a hundred years.
    """
    if abs(number) > FARTHEST_DAYS:
        raise too_far()
    if number == 0:
        return at
    wall = at + offset_at(zone, at)
    return instant_at(zone, wall + number * DAY_US, fold=is_repeated(zone, at))


def add_business_days(zone: str, pattern: Pattern, at: int, number: int) -> int:
    """Return the instant so many business days later.

    From within the hours of a day, counted from its first opening to its last closing: the same
    time by the clock on the wall, or the nearest to it between opening and closing of the day
    found. From outside: the closing of the day found, where the day that closed last is the one
    counted from; back in time, the opening, where the day that opens next is counted from.

    Raises:
        RefusedError: INVALID, for more than a hundred years.
    """
    if number == 0:
        return at
    day, past = divmod(at + offset_at(zone, at), DAY_US)
    over = pattern.days.before(day)
    if pattern.hours(day):
        opens, closes = _opens(pattern, day), _closes(pattern, day)
        if opens <= past <= closes:
            found = _business_day(pattern, day, over + number)
            near = min(max(past, _opens(pattern, found)), _closes(pattern, found))
            fold = is_repeated(zone, at) or near == _closes(pattern, found)
            return instant_at(zone, found * DAY_US + near, fold=fold)
        over += past > closes
    if number > 0:
        return _closing(zone, pattern, _business_day(pattern, day, over - 1 + number))
    found = _business_day(pattern, day, over + number)
    return instant_at(zone, found * DAY_US + _opens(pattern, found))


def end_of_business_day(zone: str, pattern: Pattern, at: int, number: int) -> int:
    """Return the closing of a business day.

    1: of the first business day after the day that the wall shows; -1: of the last one before it;
    0: of that day itself, or, where it has no hours or is closed by then, of the next.

    Raises:
        RefusedError: INVALID, for more than a hundred years.
    """
    day, past = divmod(at + offset_at(zone, at), DAY_US)
    over = pattern.days.before(day)
    lasts = bool(pattern.hours(day)) and past <= _closes(pattern, day)
    if number > 0 or not (number or lasts):
        over = pattern.days.before(day + 1) + max(0, number - 1)
    else:
        over += number
    return _closing(zone, pattern, _business_day(pattern, day, over))


def _business_day(pattern: Pattern, near: int, number: int) -> int:
    days = range(near - FARTHEST_DAYS, near + FARTHEST_DAYS)
    found = pattern.business_day(number, days)
    if found is None:
        raise too_far()
    return found


def _opens(pattern: Pattern, day: int) -> int:
    return pattern.hours(day)[0].begins * MINUTE_US


def _closes(pattern: Pattern, day: int) -> int:
    return pattern.hours(day)[-1].ends * MINUTE_US


def _closing(zone: str, pattern: Pattern, day: int) -> int:
    """Return the instant at which a day closes: when the wall shows that for the last time."""
    return instant_at(zone, day * DAY_US + _closes(pattern, day), fold=True)
