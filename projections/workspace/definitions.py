"""The view of definitions: a row for each published version, never changed.

What people are shown of it, in answers and in the feed, has the words in which it was sent.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from domain.definition.content import ApproverKind
from domain.metadata import Recorded
from projections.base import Cell, Column, Kind, Row, Rows, Table
from projections.workspace.plain import plain_row

#: What stands where an approver needs no name: whose manager is meant.
REQUESTER = "requester"

DEFINITION = Table(
    "definition",
    (
        Column("definition", Kind.KEY),
        Column("definition_version", Kind.INTEGER),
        Column("content", Kind.JSON),
        Column("content_hash", Kind.KEY),
        Column("published_at", Kind.INSTANT),
        Column("number", Kind.INTEGER),  # the position at which it was published: pages go by it
    ),
    key=("definition", "definition_version"),
    indexes=(("number",),),
)


def fold(rows: Rows, recorded: Recorded) -> Mapping[str, Cell]:
    """Add the version's row, and return it."""
    event: Any = recorded.event
    row: Row = {
        "definition": event.definition,
        "definition_version": event.definition_version,
        "content": asdict(event.content),
        "content_hash": event.content_hash,
        "published_at": recorded.meta.effective_at,
        "number": recorded.position,
    }
    rows.put(DEFINITION, row)
    return row


def as_sent(row: Mapping[str, Any]) -> dict[str, object]:
    """Return a definition's row as JSON has it, with its content in the words it was sent in."""
    content = dict(row["content"])
    content["steps"] = [
        {**step, "approver": _approver_as_sent(step["approver"])} for step in content["steps"]
    ]
    rest = {name: value for name, value in row.items() if name != "content"}
    return {**plain_row(rest), **content}


def _approver_as_sent(approver: Mapping[str, str]) -> dict[str, str]:
    kind = approver["kind"]
    return {str(kind): REQUESTER if kind == ApproverKind.MANAGER else approver["name"]}
