"""Amounts of a log, with any number of decimals, as cents."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation

_CENT = Decimal("0.01")
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True)
class Amount:
    """An amount as a document gets it."""

    text: str
    is_rounded: bool = False
    """It had more decimals, which are gone."""


def in_cents(text: str) -> Amount:
    """Return an amount rounded to cents, half to even.

    What is no number, or too large for one, is returned as it is: the engine will refuse it.
    """
    try:
        exact = _EXACT.create_decimal(text)
        cents = exact.quantize(_CENT, context=_EXACT)
    except InvalidOperation:
        return Amount(text)
    return Amount(f"{cents:f}", cents != exact) if cents.is_finite() else Amount(text)
