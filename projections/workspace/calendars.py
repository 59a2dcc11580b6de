"""The view of calendars: a row for each version, never changed."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from domain.calendar.content import WEEKDAYS
from domain.metadata import Recorded
from projections.base import Cell, Column, Kind, Row, Rows, Table
from projections.workspace.plain import plain_row

CALENDAR = Table(
    "calendar",
    (
        Column("calendar", Kind.KEY),
        Column("calendar_version", Kind.INTEGER),
        Column("content", Kind.JSON),  # the form in which it is stored, of `domain.calendar`
        Column("content_hash", Kind.KEY),
        Column("defined_at", Kind.INSTANT),
        Column("number", Kind.INTEGER),  # the position at which it was defined: pages go by it
    ),
    key=("calendar", "calendar_version"),
    indexes=(("number",),),
)


def fold(rows: Rows, recorded: Recorded) -> Mapping[str, Cell]:
    """Add the version's row, and return it."""
    event: Any = recorded.event
    content = asdict(event.content)
    for each in (*content["holidays"], *content["special"]):
        each["day"] = each["day"].isoformat()
    row: Row = {
        "calendar": event.calendar,
        "calendar_version": event.calendar_version,
        "content": content,
        "content_hash": event.content_hash,
        "defined_at": recorded.meta.effective_at,
        "number": recorded.position,
    }
    rows.put(CALENDAR, row)
    return row


def as_sent(row: Mapping[str, Any]) -> dict[str, object]:
    """Return a calendar's row as JSON has it, with its content in the words it was sent in."""
    content = row["content"]
    rest = {name: value for name, value in row.items() if name != "content"}
    return {
        **plain_row(rest),
        "label": content["label"],
        "zone": content["zone"],
        "week": dict(zip(WEEKDAYS, content["week"], strict=True)),
        "holidays": {each["day"]: each["name"] for each in content["holidays"]},
        "special": {each["day"]: each["hours"] for each in content["special"]},
    }
