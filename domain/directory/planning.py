"""Absences and substitutes: what may be planned, taken over, ended. In whose days, too."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.actor import ADMIN, Circumstances
from domain.directory.absence import USUAL_ZONE, Absence, clash, period
from domain.directory.commands import (
    EndAbsence,
    PlanAbsence,
    ReportAbsence,
    SetZone,
    TakeOver,
)
from domain.directory.events import (
    AbsenceCancelled,
    AbsenceEnded,
    AbsencePlanned,
    AbsenceReported,
    AbsenceTakenOver,
    ZoneSet,
)
from domain.directory.facts import PersonFacts
from domain.directory.person import Person, existing, own
from domain.errors import Reason, RefusedError
from domain.metadata import Event
from domain.names import NAME_FORM, is_name

#: Absences of one person that are not over, at most, and definitions that one names.
MOST_ABSENCES, MOST_DEFINITIONS = 100, 50

#: Days of one absence, at most: three years.
LONGEST_DAYS: Final = 1096

#: Days that an absence may begin before today, and after it.
_EARLIEST_DAYS, _LATEST_DAYS = 366, 1830

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ZONE = re.compile(r"[A-Z][A-Za-z_]{1,30}(/[A-Za-z0-9_+-]{1,30}){1,2}")


def set_zone(
    person: Person | None,
    command: SetZone,
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001  # every decision has the same four arguments
) -> tuple[Event, ...]:
    """Let the person's days be those of another time zone; themselves or an admin may.

    Raises:
        RefusedError: NOT_ALLOWED, NOT_FOUND, NOTHING_CHANGES; INVALID for the zone.
    """
    found = own(person, command, circumstances)
    if not is_zone(command.zone):
        raise _invalid('a time zone is named as "Europe/Amsterdam", or UTC', "zone")
    if command.zone == found.zone:
        raise _nothing_changes(f"{found.login} lives in this time zone already")
    return (ZoneSet(found.login, command.zone),)


def plan_absence(
    person: Person | None,
    command: PlanAbsence,
    circumstances: Circumstances,
    facts: PersonFacts | None,
) -> tuple[Event, ...]:
    """Let the person be away on these days; themselves or an admin may. `facts`: the substitute.

    Raises:
        RefusedError: NOT_ALLOWED, NOT_FOUND, ALREADY_EXISTS for the id; INVALID for days that are
            over or too many, for a substitute who cannot be one, or is away at the same time with
            this person as substitute; for days of another absence for the same definitions.
    """
    found = own(person, command, circumstances)
    _check_days(command.first, command.last, _today(found, circumstances))
    absence = replace(_absence(found, command), first=command.first, last=command.last)
    _check_room(found, absence, circumstances)
    if command.substitute is not None:
        substitute = _substitute(found, command.substitute, facts)
        _check_no_circle(found, absence, substitute.absences, substitute.zone)
    return (
        AbsencePlanned(
            found.login,
            absence.id,
            command.first,
            command.last,
            command.substitute,
            command.open_tasks,
            absence.definitions,
        ),
    )


def report_absence(
    person: Person | None,
    command: ReportAbsence,
    circumstances: Circumstances,
    facts: PersonFacts | None,
) -> tuple[Event, ...]:
    """Let the person be away from now on, until they are back; themselves or an admin may.

    Raises:
        RefusedError: as `plan_absence` does; what is only planned for later hinders nothing.
    """
    found = own(person, command, circumstances)
    absence = replace(_absence(found, command), since=circumstances.at)
    _check_room(found, absence, circumstances)
    substitute = _substitute(found, command.substitute, facts)
    now = [
        each
        for each in substitute.absences
        if period(each, substitute.zone).holds(circumstances.at)
    ]
    _check_no_circle(found, absence, now, substitute.zone)
    return (
        AbsenceReported(
            found.login,
            absence.id,
            circumstances.at,
            command.substitute,
            command.open_tasks,
            absence.definitions,
        ),
    )


def take_over(
    person: Person | None,
    command: TakeOver,
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001  # see set_zone
) -> tuple[Event, ...]:
    """Let the substitute of an unplanned absence stand in; the substitute or an admin may.

    Raises:
        RefusedError: NOT_ALLOWED, NOT_FOUND, NOTHING_CHANGES; INVALID for a planned absence.
    """
    absence = person.absences.get(command.absence) if person else None
    if absence is None or absence.substitute != circumstances.actor.login:
        circumstances.actor.require(ADMIN)
    found = existing(person)
    absence = _named(found, command.absence)
    if absence.is_planned:
        raise _invalid("the substitute of a planned absence stands in by itself", "absence")
    if absence.taken_over or absence.ended_at is not None:
        raise _nothing_changes("it has been taken over, or has ended, already")
    return (AbsenceTakenOver(found.login, absence.id),)


def end_absence(
    person: Person | None,
    command: EndAbsence,
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001  # see set_zone
) -> tuple[Event, ...]:
    """Let the person be back, or not be away at all; themselves or an admin may.

    Raises:
        RefusedError: NOT_ALLOWED; NOT_FOUND for the person or the absence; NOTHING_CHANGES.
    """
    found = own(person, command, circumstances)
    absence = _named(found, command.absence)
    when = period(absence, found.zone)
    if when.end is not None and when.end <= circumstances.at:
        raise _nothing_changes("this absence is over already")
    if absence.is_planned and circumstances.at < when.start:
        return (AbsenceCancelled(found.login, absence.id),)
    return (AbsenceEnded(found.login, absence.id, max(circumstances.at, when.start)),)


def is_zone(name: str) -> bool:
    """Tell whether the IANA database knows a time zone of this name: a region's, or UTC."""
    if name == USUAL_ZONE:
        return True
    try:
        return bool(_ZONE.fullmatch(name) and ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a directory of zones among them
        return False


def _named(person: Person, absence: str) -> Absence:
    found = person.absences.get(absence)
    if found is None:
        raise RefusedError(Reason.NOT_FOUND, f"{person.login} has no such absence", "absence")
    return found


def _absence(person: Person, command: PlanAbsence | ReportAbsence) -> Absence:
    """Return the absence that the command asks for, still without its time."""
    if not _ID.fullmatch(command.absence):
        raise _invalid("an absence's id is 1 to 64 letters, digits, _ and -", "absence")
    if command.absence in person.absences:
        raise RefusedError(Reason.ALREADY_EXISTS, "there is an absence of this id", "absence")
    if len(command.definitions) > MOST_DEFINITIONS:
        raise _invalid(f"at most {MOST_DEFINITIONS} definitions", "definitions")
    for number, each in enumerate(command.definitions):
        if not is_name(each):
            raise _invalid(f"a definition's name is {NAME_FORM}", f"definitions.{number}")
    return Absence(
        command.absence,
        substitute=command.substitute,
        open_tasks=command.open_tasks,
        definitions=tuple(sorted(set(command.definitions))),
    )


def _check_days(first: date, last: date, today: date) -> None:
    if last < first:
        raise _invalid("the last day is before the first", "last")
    if last < today:
        raise _invalid(f"these days are over: there it is {today}", "last")
    if (last - first).days >= LONGEST_DAYS:
        raise _invalid(f"an absence has at most {LONGEST_DAYS} days", "last")
    if not -_EARLIEST_DAYS <= (first - today).days <= _LATEST_DAYS:
        message = f"an absence begins at most {_EARLIEST_DAYS} days ago, or in {_LATEST_DAYS} days"
        raise _invalid(message, "first")


def _check_room(person: Person, absence: Absence, circumstances: Circumstances) -> None:
    """Refuse an absence beside others of its kind for the same definitions, or beyond the bound.

    A planned and an unplanned one may meet: then the planned one counts.
    """
    others = [
        each
        for each in person.absences.values()
        if (end := period(each, person.zone).end) is None or end > circumstances.at
    ]
    if len(others) >= MOST_ABSENCES:
        raise _invalid(f"at most {MOST_ABSENCES} absences are ahead", "absence")
    for each in others:
        if each.is_planned != absence.is_planned:
            continue
        if clash(absence, person.zone, each, person.zone):
            message = f"{person.login} is away {_days(each)} already, for the same definitions"
            raise _invalid(message, "first" if absence.is_planned else "absence")


def _substitute(person: Person, substitute: str, facts: PersonFacts | None) -> PersonFacts:
    """Return what is known of the substitute, who is another person and active."""
    if substitute == person.login:
        raise _invalid("nobody stands in for themselves", "substitute")
    if facts is None:
        raise RefusedError(Reason.NOT_FOUND, f"there is no {substitute[:40]!a}", "substitute")
    if not facts.active:
        raise _invalid(f"{substitute} is inactive", "substitute")
    return facts


def _check_no_circle(
    person: Person, absence: Absence, theirs: Iterable[Absence], their_zone: str
) -> None:
    for each in theirs:
        if each.substitute == person.login and clash(absence, person.zone, each, their_zone):
            message = (
                f"{absence.substitute} is away {_days(each)} with {person.login} as substitute:"
                " neither could stand in"
            )
            raise _invalid(message, "substitute")


def _days(absence: Absence) -> str:
    if absence.is_planned:
        return f"from {absence.first} to {absence.last}"
    return "until further notice"


def _today(person: Person, circumstances: Circumstances) -> date:
    return circumstances.at.astimezone(ZoneInfo(person.zone)).date()


def _invalid(message: str, place: str) -> RefusedError:
    return RefusedError(Reason.INVALID, message, place)


def _nothing_changes(message: str) -> RefusedError:
    return RefusedError(Reason.NOTHING_CHANGES, message)
