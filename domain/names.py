"""The forms of names: what may be called how."""

import re

from domain.actor import SYSTEM

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LOGIN = re.compile(r"[a-z][a-z0-9._-]{0,39}")

#: The form of names in words, for messages.
NAME_FORM = "a lower-case letter, then at most 39 lower-case letters, digits and _"

#: The form of logins in words, for messages.
LOGIN_FORM = "a lower-case letter, then at most 39 lower-case letters, digits, '.', '_' and '-'"


def is_name(text: str) -> bool:
    """Tell whether a definition, field, step, milestone or role may be called this."""
    return _NAME.fullmatch(text) is not None


def is_login(text: str) -> bool:
    """Tell whether a person may have this login; the system's own is nobody's."""
    return _LOGIN.fullmatch(text) is not None and text != SYSTEM.login
