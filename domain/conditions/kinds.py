"""The kinds of what conditions are made of, what they may read, and how values stand inside.

Decimals and money are integers of 10**-6 inside, dates their days since the first of year 1.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from domain.values import Cell, Money

#: Decimals and money are integers in units of 10 to the power of minus this.
SCALE = 6

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Kind(StrEnum):
    """What a part of a condition is; the value is how messages call it."""

    TRUTH = "true or false"
    TEXT = "a text"
    INTEGER = "an integer"
    DECIMAL = "a decimal"
    MONEY = "an amount of money"
    DATE = "a date"
    LINES = "lines"


NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY})
SCALED = frozenset({Kind.DECIMAL, Kind.MONEY})

#: What is nothing where it is empty, so that reading it fails; an empty text is "".
NULLABLE = NUMBERS | {Kind.DATE, Kind.TRUTH}

#: What a variable of a field of each kind is, by the kind's name.
KINDS: Mapping[str, Kind] = {
    "text": Kind.TEXT,
    "choice": Kind.TEXT,
    "person": Kind.TEXT,
    "role": Kind.TEXT,
    "integer": Kind.INTEGER,
    "decimal": Kind.DECIMAL,
    "money": Kind.MONEY,
    "date": Kind.DATE,
    "truth": Kind.TRUTH,
    "lines": Kind.LINES,
}

#: What conditions may read beside fields; whoever evaluates them gives it. A definition's fields
#: are called otherwise; one from before there were these means its field.
FACTS: Mapping[str, Kind] = {
    "today": Kind.DATE,
    "requester": Kind.TEXT,
    "requester_level": Kind.INTEGER,
    "requester_department": Kind.TEXT,
}

Fact = str | int | date | None
Result = bool | str | int | Decimal | date


class TypedCell(Protocol):
    """A field as far as conditions know it: hashable, and never changed."""

    @property
    def name(self) -> str:
        """What conditions call it."""

    @property
    def kind(self) -> str:
        """A key of `KINDS`."""

    @property
    def decimals(self) -> int:
        """Digits after the point, of decimals and money."""


class Typed(TypedCell, Protocol):
    """A field that may be of kind lines."""

    @property
    def fields(self) -> tuple[TypedCell, ...]:
        """What each of its lines consists of."""


@dataclass(frozen=True)
class Variable:
    """Something that has a name in conditions."""

    kind: Kind
    decimals: int = 0
    """Digits after the point that its values may have."""
    columns: Mapping[str, "Variable"] = field(default_factory=dict)
    """Of lines: what each line has, by name."""
    currency_of: str = ""
    """The money field whose currency it is."""


def variables_of(fields: Iterable[TypedCell]) -> dict[str, Variable]:
    """Return what conditions may read of these fields, by name."""
    found: dict[str, Variable] = {}
    for each in fields:
        kind = KINDS[each.kind]
        columns = variables_of(getattr(each, "fields", ())) if kind == Kind.LINES else {}
        found[each.name] = Variable(kind, each.decimals if kind in SCALED else 0, columns)
        if kind == Kind.MONEY:
            currency = Variable(Kind.TEXT, currency_of=each.name)
            found.setdefault(currency_name(each.name), currency)
    return found


def currency_name(name: str) -> str:
    """Return what a condition calls the currency of a money field."""
    return f"{name}_currency"


def scaled(number: Decimal) -> int:
    """Return a number of at most `SCALE` decimals as an integer."""
    return int(number.scaleb(SCALE))


def day_of(text: str) -> int | None:
    """Return the days of an ISO calendar date, None if it is none."""
    if not _ISO_DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:
        return None


def inside(kind: Kind, value: Cell | date) -> str | int:
    """Return a value as it stands inside; of money, its amount."""
    match kind:
        case Kind.MONEY if isinstance(value, Money):
            return scaled(value.amount)
        case Kind.DECIMAL | Kind.MONEY:
            return scaled(Decimal(str(value)))
        case Kind.DATE:
            found = value if isinstance(value, date) else date.fromisoformat(str(value))
            return found.toordinal()
    return value if isinstance(value, int) else str(value)


def outside(kind: Kind, value: object) -> Result:
    """Return what an evaluation gave as the rest of the world has it."""
    if kind in SCALED:
        return Decimal(str(value)).scaleb(-SCALE)
    if kind == Kind.DATE:
        return date.fromordinal(int(str(value)))
    return value if isinstance(value, bool | str | int) else str(value)
