"""Rows as JSON has them: the same words and forms in answers of the API and in the feed."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from projections.base import Row


def plain_row(row: Row) -> dict[str, object]:
    """Return the row with ids and instants as texts."""
    return {
        name: value if (form := _FORMS.get(type(value))) is None else form(value)
        for name, value in row.items()
    }


@lru_cache(maxsize=256)  # an event's instants are mostly one, said in several places
def instant(value: datetime) -> str:
    """Return an instant as RFC 3339 in UTC, always with microseconds: texts sort as instants."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


_FORMS: Mapping[type, Callable[[Any], str]] = {datetime: instant, UUID: str}
