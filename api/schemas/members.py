"""Members of bodies: strict kinds, in this project's words.

Marshmallow would take "2" for 2 and "yes" for true; what is sent is what is meant here.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from marshmallow import Schema, fields

UNKNOWN = "there is no such field"
MISSING = "this field must be given"

_COMMON = {"required": MISSING, "null": "this field cannot be null"}

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Body(Schema):
    """A body; what it does not name is refused."""

    error_messages = {"unknown": UNKNOWN, "type": "this is an object, with braces around it"}  # noqa: RUF012  # as marshmallow has it


class Text(fields.String):
    """A text."""

    default_error_messages = {**_COMMON, "invalid": "the value is a text, in quotes"}  # noqa: RUF012


class Whole(fields.Integer):
    """An integer."""

    default_error_messages = {  # noqa: RUF012
        **_COMMON,
        "invalid": "the value is an integer",
        "too_large": "the value is too large",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)


class Flag(fields.Field[bool]):
    """true or false."""

    default_error_messages = {**_COMMON, "invalid": "the value is true or false"}  # noqa: RUF012

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401  # as it was sent
        attr: str | None,  # noqa: ARG002  # marshmallow's signature
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **_: Any,
    ) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class Instant(fields.Field[datetime]):
    """An instant with its offset from UTC, RFC 3339."""

    default_error_messages = {  # noqa: RUF012
        **_COMMON,
        "invalid": 'the value is an instant with its offset, as "2026-11-23T10:00:00Z"',
    }

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401
        attr: str | None,  # noqa: ARG002
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **_: Any,
    ) -> datetime:
        try:
            found = datetime.fromisoformat(value)
            if found.tzinfo is None:
                raise self.make_error("invalid")
            return found.astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            raise self.make_error("invalid") from None


class Day(fields.Field[date]):
    """A calendar date, ISO 8601."""

    default_error_messages = {**_COMMON, "invalid": 'the value is a date, as "2026-11-23"'}  # noqa: RUF012

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401
        attr: str | None,  # noqa: ARG002
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **_: Any,
    ) -> date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise self.make_error("invalid")
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise self.make_error("invalid") from None


class Members(fields.Field[dict[str, object]]):
    """An object whose members are named by somebody else, such as a document's values."""

    default_error_messages = {**_COMMON, "invalid": "this is an object, with braces around it"}  # noqa: RUF012

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401
        attr: str | None,  # noqa: ARG002
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **_: Any,
    ) -> dict[str, object]:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        return value


class Several(fields.List[Any]):
    """An array."""

    default_error_messages = {**_COMMON, "invalid": "this is an array, with brackets around it"}  # noqa: RUF012


class Part(fields.Nested):
    """An object within the body."""

    default_error_messages = {**_COMMON, "type": "this is an object, with braces around it"}  # noqa: RUF012
