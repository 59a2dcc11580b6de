"""Texts that people write: bounded, storable everywhere, never half."""

from domain.errors import Reason, RefusedError

#: Characters of a reason, a comment or a text field, at most: some three pages.
LONGEST_TEXT = 10_000


def text(value: str, place: str) -> str:
    """Return `value` without surrounding white space, if it is a text that can be stored.

    Raises:
        RefusedError: INVALID, for what is too long, or holds NUL or half a surrogate pair.
    """
    if len(value) > LONGEST_TEXT:
        raise RefusedError(
            Reason.INVALID, f"a text has at most {LONGEST_TEXT} characters, not {len(value)}", place
        )
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise RefusedError(Reason.INVALID, "the text holds a character that cannot be", place)
    return value.strip()


def required_text(value: str, place: str) -> str:
    """Return what `text` returns, and refuse a text of white space.

    Raises:
        RefusedError: MISSING_FIELD, or what `text` raises.
    """
    found = text(value, place)
    if not found:
        raise RefusedError(Reason.MISSING_FIELD, f"a {place} must be given", place)
    return found
