"""Which version of a definition is in force when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Term:
    """For how long documents may begin under a version."""

    version: int
    effective_from: datetime | None = None
    """None: from its publication on."""
    deprecated_at: datetime | None = None

    @property
    def never_began(self) -> bool:
        """Tell whether it was deprecated before it would have taken effect."""
        return (
            self.effective_from is not None
            and self.deprecated_at is not None
            and self.deprecated_at <= self.effective_from
        )


def in_force(terms: Sequence[Term], at: datetime) -> int | None:
    """Return the version that documents begin under at an instant; None: there is none.

    A version follows the one before as soon as it takes effect. Where it is deprecated after
    that, the one before does not come back: nobody asked for it, and no document shall begin
    under rules that were replaced. So nothing is in force until something is published.
    """
    begun = [
        term
        for term in terms
        if not term.never_began and (term.effective_from is None or term.effective_from <= at)
    ]
    if not begun:
        return None
    last = max(begun, key=lambda term: term.version)
    if last.deprecated_at is not None and last.deprecated_at <= at:
        return None
    return last.version
