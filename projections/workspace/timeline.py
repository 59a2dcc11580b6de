"""The view of what happened to each document: a row for each event, never changed."""

from datetime import datetime

from domain.metadata import Recorded
from domain.values import Line, Money, plain
from projections.base import Column, Kind, Row, Rows, Table
from projections.workspace.plain import instant

ENTRY = Table(
    "entry",
    (
        Column("document", Kind.UUID),
        Column("version", Kind.INTEGER),
        Column("position", Kind.INTEGER),
        Column("type", Kind.KEY),
        Column("actor", Kind.KEY),
        Column("on_behalf_of", Kind.KEY, optional=True),
        Column("channel", Kind.KEY),
        Column("effective_at", Kind.INSTANT),
        Column("recorded_at", Kind.INSTANT),
        Column("data", Kind.JSON),
    ),
    key=("document", "version"),
)


#: What most values are: JSON has them as they are.
_AS_THEY_ARE = frozenset({str, int, bool, type(None)})


def fold(rows: Rows, recorded: Recorded) -> Row:
    """Add the event's row, and return it."""
    meta = recorded.meta
    row: Row = {
        "document": recorded.stream,
        "version": recorded.version,
        "position": recorded.position,
        "type": recorded.event.TOPIC,
        "actor": meta.actor,
        "on_behalf_of": meta.on_behalf_of,
        "channel": meta.channel.value,
        "effective_at": meta.effective_at,
        "recorded_at": meta.recorded_at,
        "data": {
            name: value if type(value) in _AS_THEY_ARE else jsonable(value)
            for name, value in vars(recorded.event).items()
        },
    }
    rows.put(ENTRY, row)
    return row


def jsonable(value: object) -> object:
    """Return an event's value as JSON has it."""
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, Money | Line):
        return plain(value)
    if isinstance(value, tuple):
        return [jsonable(each) for each in value]
    members = vars(value) if hasattr(value, "__dataclass_fields__") else value
    if isinstance(members, dict):
        return {name: jsonable(each) for name, each in members.items()}
    return value
