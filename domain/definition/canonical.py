"""The one form of a content, however it was written: what its hash is of, what is compared.

What has its default is left out, so an option that comes later changes no older hash. Texts are
in Unicode's normalization form C: the same letters are the same bytes. The keys are sorted where
bytes are made of it.
"""

import hashlib
import json
import unicodedata
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from typing import Any


def canonical(value: object) -> object:
    """Return the canonical form of a dataclass and of all within it, as JSON has it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, tuple | list):
        return [canonical(each) for each in value]
    return _members(value) if is_dataclass(value) else str(value)  # exact as a text: Decimal


def _members(value: Any) -> dict[str, object]:  # noqa: ANN401  # any dataclass
    return {
        field.name: canonical(getattr(value, field.name))
        for field in fields(value)
        if not _is(getattr(value, field.name), _default(field))
    }


def hash_of(value: object) -> str:
    """Return the name of a content: SHA-256 of its canonical JSON, in hexadecimals."""
    text = json.dumps(
        canonical(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _default(field: Field[object]) -> object:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def _is(value: object, default: object) -> bool:
    """Tell whether a value is the default; 0 is not False here, nor 1 True."""
    return type(value) is type(default) and value == default
