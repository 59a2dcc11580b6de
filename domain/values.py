"""Values that documents hold and events store, in one canonical form each.

Text, choices, people and roles are `str`; integers `int`; decimals the text of the number with
exactly the field's decimals (`"12.50"`), so that no reader takes them for binary fractions;
money its amount and currency.
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


Value = str | int | Money
Values = Mapping[str, Value]


def plain(value: Value) -> object:
    """Return the value as JSON has it."""
    if isinstance(value, Money):
        return {"amount": str(value.amount), "currency": value.currency}
    return value


def revision_of(values: Values) -> str:
    """Return the name of this content: SHA-256 of its canonical JSON, in hexadecimals."""
    canonical = json.dumps(
        {name: plain(value) for name, value in values.items()},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    return hashlib.sha256(canonical.encode()).hexdigest()
