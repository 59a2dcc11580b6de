"""Values that documents hold and events store, in one canonical form each.

Text, choices, people and roles are `str`; integers `int`; what is true or false `bool`; a date its
ISO text (`"2026-11-23"`); decimals the text of the number with exactly the field's decimals
(`"12.50"`), so that no reader takes them for binary fractions; money its amount and currency; lines
a tuple, in the order in which they were given.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Money:
    """An amount in the currency's units, with as many decimals as its field has."""

    amount: Decimal
    currency: str
    """Three letters, ISO 4217."""


@dataclass(frozen=True)
class Personal:
    """A value about a person, in an envelope of its own.

    So it can be encrypted by the subject's key, and erased with it, without another form of the
    event.
    """

    subject: str
    """The login of the person whom it is about."""
    value: str


#: What a field of a line holds.
Cell = str | int | bool | Money


@dataclass(frozen=True)
class Line:
    """One row of a field of kind lines."""

    line: int
    """Its number, from 1, which it keeps for as long as it is there."""
    cells: Mapping[str, Cell]
    """Its fields' values by their names; an empty one is not there."""


Value = Cell | tuple[Line, ...]
Values = Mapping[str, Value]

#: The member of a line, as JSON has it, that is its number: no field of a line is called this.
LINE_NUMBER = "line"


def plain(value: Value | Line) -> object:
    """Return the value as JSON has it; a line is one object with its number and its fields."""
    if isinstance(value, Money):
        return {"amount": str(value.amount), "currency": value.currency}
    if isinstance(value, Line):
        cells = {name: plain(cell) for name, cell in value.cells.items()}
        return {LINE_NUMBER: value.line, **cells}
    if isinstance(value, tuple):
        return [plain(line) for line in value]
    return value


def size_of(values: Values) -> int:
    """Return the bytes of all texts as UTF-8, and of all lines as JSON."""
    return sum(_size(value) for value in values.values())


def lines_given(values: Values, before: Mapping[str, int]) -> dict[str, int]:
    """Return the greatest number that any line of each field ever had, from those `before`.

    A line that was removed leaves its number to no other, so whatever names it means that line.
    """
    given = dict(before)
    for name, value in values.items():
        if isinstance(value, tuple):
            given[name] = max([given.get(name, 0), *(line.line for line in value)])
    return given


def revision_of(values: Values) -> str:
    """Return the name of this content: SHA-256 of its canonical JSON, in hexadecimals."""
    canonical = _canonical({name: plain(value) for name, value in values.items()})
    return hashlib.sha256(canonical.encode()).hexdigest()


def _size(value: Value) -> int:
    if isinstance(value, str):
        return len(value.encode())
    return len(_canonical(plain(value)).encode()) if isinstance(value, tuple) else 0


def _canonical(found: object) -> str:
    return json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
