"""Time zones by integers: microseconds since 1970 in UTC, and by the clock on the wall.

The wall's are what UTC would be if the wall were right: an instant plus the offset in force.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE_US = 60_000_000
DAY_US = 86_400_000_000

_SECOND_US = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WALL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # of the wall
_MICROSECOND = timedelta(microseconds=1)

#: Years around 1970 by which instants are counted into slices, to remember their changes.
_SLICE_US = 366 * DAY_US


def number_of(instant: datetime) -> int:
    """Return the microseconds of an aware instant."""
    return (instant - _EPOCH) // _MICROSECOND


def instant_of(number: int) -> datetime:
    """Return the instant, in UTC.

    Raises:
        OverflowError: it is beyond the years 1 to 9999.
    """
    return _EPOCH + timedelta(microseconds=number)


def offset_at(zone: str, number: int) -> int:
    """Return how far the wall is ahead of UTC at an instant."""
    offset = (_EPOCH + timedelta(microseconds=number)).astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None  # noqa: S101  # of an aware instant
    return offset // _MICROSECOND


def stretches(zone: str, begins: int, ends: int) -> Iterator[tuple[int, int, int]]:
    """Yield the stretches of one offset from `begins` to `ends`: from, to, offset; in order."""
    at = begins
    for change in _changes_within(zone, begins, ends):
        yield at, change, offset_at(zone, at)
        at = change
    if at < ends:
        yield at, ends, offset_at(zone, at)


def stretches_back(zone: str, begins: int, ends: int) -> Iterator[tuple[int, int, int]]:
    """Yield what `stretches` does, the last one first."""
    at = ends
    for index in range(ends // _SLICE_US, begins // _SLICE_US - 1, -1):
        for change in reversed(_changes(zone, index)):
            if begins < change < at:
                yield change, at, offset_at(zone, change)
                at = change
    if begins < at:
        yield begins, at, offset_at(zone, begins)


def instant_at(zone: str, wall: int, *, fold: bool = False) -> int:
    """Return the instant at which the wall shows this.

    Of two, when clocks are set back, the first one, or with `fold` the second (PEP 495); if there
    is none, when they are set forward, that of the change.
    """
    shown = (_WALL_EPOCH + timedelta(microseconds=wall)).replace(tzinfo=ZoneInfo(zone))
    first, second = (
        wall - (shown.replace(fold=each).utcoffset() or timedelta()) // _MICROSECOND
        for each in (0, 1)
    )
    if first <= second:
        return second if fold else first
    return _change_between(zone, second, first)


def is_repeated(zone: str, number: int) -> bool:
    """Tell whether the wall has shown the same before, as clocks were set back since."""
    return instant_of(number).astimezone(ZoneInfo(zone)).fold == 1


def _changes_within(zone: str, begins: int, ends: int) -> Iterator[int]:
    for index in range(begins // _SLICE_US, ends // _SLICE_US + 1):
        yield from (change for change in _changes(zone, index) if begins < change < ends)


@lru_cache(maxsize=4_096)
def _changes(zone: str, index: int) -> tuple[int, ...]:
    """Return the instants of one slice of time at which the offset changes, in order.

    Looks at each day once: two changes within a day that undo each other are not seen; there
    has been none since 1900 (time zone database 2025b, all zones).
    """
    days = range(index * _SLICE_US, (index + 1) * _SLICE_US + 1, DAY_US)
    offsets = [offset_at(zone, day) for day in days]
    return tuple(
        _change_between(zone, day, day + DAY_US)
        for day, before, after in zip(days, offsets, offsets[1:], strict=False)
        if before != after
    )


def _change_between(zone: str, before: int, after: int) -> int:
    """Return the first instant with another offset than at `before`; `after` has one."""
    known = offset_at(zone, before)
    seconds = range(before // _SECOND_US + 1, after // _SECOND_US + 1)
    found = bisect_left(
        seconds, True, key=lambda second: offset_at(zone, second * _SECOND_US) != known
    )
    return seconds[found] * _SECOND_US if found < len(seconds) else after
