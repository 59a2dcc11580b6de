"""When a person is away, and who stands in: days in the person's own time zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

#: The time zone of who never said one.
USUAL_ZONE = "UTC"


@dataclass(frozen=True)
class Absence:
    """A person is away: from one day to another, or, unplanned, until they are back."""

    id: str
    first: date | None = None
    last: date | None = None
    """Inclusive. An unplanned absence has neither day."""
    since: datetime | None = None
    """When an unplanned absence was reported."""
    substitute: str | None = None
    open_tasks: bool = True
    """Does the substitute see tasks that were open before the absence began?"""
    definitions: tuple[str, ...] = ()
    """Of which definitions the substitute sees tasks; empty: of all."""
    taken_over: bool = False
    """The substitute of an unplanned absence has taken over."""
    ended_at: datetime | None = None
    """When the person was back before the last day, or from an unplanned absence."""

    @property
    def is_planned(self) -> bool:
        """Tell whether it has days."""
        return self.first is not None

    def precedence(self) -> tuple[bool, date, str]:
        """Return what absences are sorted by: of two that meet, the first one counts.

        Planned ones come before unplanned ones, earlier days before later ones.
        """
        return not self.is_planned, self.first or date.min, self.id

    def concerns(self, definition: str) -> bool:
        """Tell whether it says anything of documents of this definition."""
        return not self.definitions or definition in self.definitions


class Period(NamedTuple):
    """From an instant, inclusive, to another, exclusive; None: without an end."""

    start: datetime
    end: datetime | None

    def holds(self, at: datetime) -> bool:
        """Tell whether the instant is within."""
        return self.start <= at and (self.end is None or at < self.end)

    def meets(self, other: "Period") -> bool:
        """Tell whether some instant is within both."""
        start = max(self.start, other.start)
        return self.holds(start) and other.holds(start)


def period(absence: Absence, zone: str) -> Period:
    """Return the instants at which the person is away: whole days of this zone.

    A day begins with its first instant there, also where a change of the clock skips midnight.
    """
    if absence.first is None or absence.last is None:
        if absence.since is None:
            raise TypeError(f"absence {absence.id} has neither days nor a beginning")
        return Period(absence.since, absence.ended_at)
    end = _midnight(absence.last + timedelta(days=1), zone)
    return Period(
        _midnight(absence.first, zone),
        end if absence.ended_at is None else min(end, absence.ended_at),
    )


def clash(one: Absence, its_zone: str, other: Absence, others_zone: str) -> bool:
    """Tell whether both are at some instant, for documents of some definition."""
    apart = one.definitions and other.definitions and not {*one.definitions} & {*other.definitions}
    return not apart and period(one, its_zone).meets(period(other, others_zone))


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
