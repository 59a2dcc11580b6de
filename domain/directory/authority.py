"""How much a person may decide: amounts by definition and currency."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol

#: More than every amount, so that `amount <= limit` holds.
UNLIMITED: Final = Decimal("Infinity")


@dataclass(frozen=True)
class Limit:
    """Up to which amount a person may decide."""

    amount: Decimal | None
    """None: any amount."""
    currency: str = ""
    """Three letters, ISO 4217; empty only for any amount: of any currency."""
    definition: str = ""
    """For documents of which definition; empty: for all that have no limit of their own."""


class Authorised(Protocol):
    """Whoever has limits: a person, or the facts of one."""

    @property
    def limits(self) -> Sequence[Limit]:
        """At most one for each definition and currency."""


def limit(person: Authorised, definition: str, currency: str) -> Decimal | None:
    """Return up to which amount of this currency the person may decide; None: no amount at all.

    UNLIMITED where there is no bound. A limit for the definition counts before one for all, also
    where it is lower; a limit for the currency before one for any. Amounts of other currencies say
    nothing: nothing is converted here.
    """
    found = {(each.definition, each.currency): each.amount for each in person.limits}
    for key in ((definition, currency), (definition, ""), ("", currency), ("", "")):
        if key in found:
            amount = found[key]
            return UNLIMITED if amount is None else amount
    return None
