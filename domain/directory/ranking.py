"""A person's place in the organisation: job level, department, limits of authority."""

import re
from collections.abc import Sequence
from decimal import Decimal

from domain.actor import Circumstances
from domain.directory.authority import Limit
from domain.directory.commands import SetDepartment, SetLevel, SetLimits
from domain.directory.events import DepartmentSet, LevelSet, LimitsSet
from domain.directory.person import Person, managed
from domain.errors import Reason, RefusedError
from domain.metadata import Event
from domain.names import NAME_FORM, is_name
from domain.text import text

#: Job levels are from 0 to this.
HIGHEST_LEVEL = 1000

#: Characters of a department's name, at most.
LONGEST_DEPARTMENT = 120

#: Limits of one person, at most.
MOST_LIMITS = 100

#: What amounts are below, and the decimals that they have at most.
_TOO_MUCH, _DECIMALS = Decimal(10) ** 15, 6

_CURRENCY = re.compile(r"[A-Z]{3}")


def set_level(
    person: Person | None,
    command: SetLevel,
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001  # every decision has the same four arguments
) -> tuple[Event, ...]:
    """Give the person another job level, or none.

    Raises:
        RefusedError: NOT_ALLOWED, NOT_FOUND, NOTHING_CHANGES; INVALID for the level.
    """
    found = managed(person, circumstances)
    level = command.level
    if level is not None and not 0 <= level <= HIGHEST_LEVEL:
        raise _invalid(f"a level is a whole number from 0 to {HIGHEST_LEVEL}", "level")
    if level == found.level:
        raise _nothing_changes(f"{found.login} has this level")
    return (LevelSet(found.login, level),)


def set_department(
    person: Person | None,
    command: SetDepartment,
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001  # see set_level
) -> tuple[Event, ...]:
    """Let the person belong to another department, or to none.

    Raises:
        RefusedError: NOT_ALLOWED, NOT_FOUND, NOTHING_CHANGES; INVALID for the department.
    """
    found = managed(person, circumstances)
    department = text(command.department, "department")
    if len(department) > LONGEST_DEPARTMENT:
        message = f"at most {LONGEST_DEPARTMENT} characters, not {len(department)}"
        raise _invalid(message, "department")
    if department == found.department:
        raise _nothing_changes(f"{found.login} belongs to this department")
    return (DepartmentSet(found.login, department),)


def set_limits(
    person: Person | None,
    command: SetLimits,
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001  # see set_level
) -> tuple[Event, ...]:
    """Let the person decide up to these amounts, and no others.

    Raises:
        RefusedError: NOT_ALLOWED, NOT_FOUND, NOTHING_CHANGES; INVALID for a limit.
    """
    found = managed(person, circumstances)
    _check(command.limits)
    limits = tuple(sorted(command.limits, key=lambda each: (each.definition, each.currency)))
    if limits == found.limits:
        raise _nothing_changes(f"{found.login} has these limits")
    return (LimitsSet(found.login, limits),)


def _check(limits: Sequence[Limit]) -> None:
    if len(limits) > MOST_LIMITS:
        raise _invalid(f"at most {MOST_LIMITS} limits, not {len(limits)}", "limits")
    seen = set()
    for number, each in enumerate(limits):
        place = f"limits.{number}"
        _check_amount(each, place)
        if each.definition and not is_name(each.definition):
            raise _invalid(f"a definition's name is {NAME_FORM}", f"{place}.definition")
        if (each.definition, each.currency) in seen:
            raise _invalid("there is one limit for each definition and currency", place)
        seen.add((each.definition, each.currency))


def _check_amount(limit: Limit, place: str) -> None:
    amount = limit.amount
    if not _CURRENCY.fullmatch(limit.currency) and (limit.currency or amount is not None):
        raise _invalid("a currency is three capital letters, ISO 4217", f"{place}.currency")
    if amount is None:
        return
    if not (amount.is_finite() and 0 <= amount < _TOO_MUCH):
        raise _invalid(f"an amount is from 0 to below {_TOO_MUCH:f}", f"{place}.amount")
    if -int(amount.as_tuple().exponent) > _DECIMALS:
        raise _invalid(f"an amount has at most {_DECIMALS} decimals", f"{place}.amount")


def _invalid(message: str, place: str) -> RefusedError:
    return RefusedError(Reason.INVALID, message, place)


def _nothing_changes(message: str) -> RefusedError:
    return RefusedError(Reason.NOTHING_CHANGES, f"{message} already")
