"""Rows as JSON has them: the same words and forms in answers of the API and in the feed."""

from datetime import UTC, datetime
from uuid import UUID

from projections.base import Row


def plain_row(row: Row) -> dict[str, object]:
    """Return the row with ids and instants as texts."""
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, UUID):
        return str(value)
    return value


def instant(value: datetime) -> str:
    """Return an instant as RFC 3339 in UTC, always with microseconds: texts sort as instants."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
