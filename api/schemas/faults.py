"""Marshmallow's messages as findings: all of them, with their places."""

from collections.abc import Iterator, Mapping

from api.schemas.members import MISSING, UNKNOWN
from domain.errors import Reason
from domain.findings import Finding

_REASONS = {UNKNOWN: Reason.UNKNOWN_FIELD, MISSING: Reason.MISSING_FIELD}

#: Characters of a name that is repeated in a place.
_LONGEST_NAME = 40


def faults(messages: object, place: str = "") -> Iterator[Finding]:
    """Yield what a body's schema has refused, in the order in which it did."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            below = place if name == "_schema" else f"{place}.{str(name)[:_LONGEST_NAME]}"
            yield from faults(inner, below.removeprefix("."))
        return
    for message in messages if isinstance(messages, list) and messages else ["it is not valid"]:
        if isinstance(message, Mapping):
            yield from faults(message, place)
        else:
            reason = _REASONS.get(str(message), Reason.INVALID)
            yield Finding(place, str(message), code=reason.value)
