"""Lengths of time as people give them: a number and a unit."""

import re
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import Reason, RefusedError


class Unit(StrEnum):
    """What a duration counts."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    """To the same time by the clock on the wall, so that a day may have 23 or 25 hours."""
    BUSINESS_MINUTES = "business_minutes"
    BUSINESS_HOURS = "business_hours"
    BUSINESS_DAYS = "business_days"
    """To the same time by the clock on the wall, of a day with hours."""
    BUSINESS_DAY_ENDS = "business_day_ends"
    """To the end of a business day: 1 is that of the next one, 0 the one that comes first."""


#: The form of durations in words, for messages.
DURATION_FORM = f'a number and a unit, as "2 business_hours"; units are {", ".join(Unit)}'

_DURATION = re.compile(r"(-?[0-9]{1,9}) ([a-z_]+)")


@dataclass(frozen=True)
class Duration:
    """How long. A negative number leads back in time."""

    number: int
    unit: Unit

    def __str__(self) -> str:
        """Say it as `parse_duration` reads it."""
        return f"{self.number} {self.unit}"


def parse_duration(text: str, place: str = "duration") -> Duration:
    """Return the duration that a text such as "2 business_hours" means; "1 hour" is one, too.

    Raises:
        RefusedError: INVALID.
    """
    match = _DURATION.fullmatch(text.strip())
    unit = "" if match is None else match[2]
    if match is not None and unit not in list(Unit) and f"{unit}s" in list(Unit):
        unit += "s"
    if match is None or unit not in list(Unit):
        raise RefusedError(Reason.INVALID, f"a duration is {DURATION_FORM}", place)
    return Duration(int(match[1]), Unit(unit))
