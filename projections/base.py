"""What a projection is: a name, a version, tables, a fold. Whoever stores rows is elsewhere."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from domain.metadata import Recorded

Cell = str | int | bool | None | datetime | UUID | Mapping[str, object] | Sequence[object]
Row = Mapping[str, Cell]
Key = tuple[str | int | UUID, ...]


class Kind(StrEnum):
    """What a column holds. Texts compare by bytes; instants are aware, in UTC."""

    KEY = "key"
    """Text of at most 120 characters, which may be part of a key."""
    TEXT = "text"
    """Text of any length."""
    INTEGER = "integer"
    """-2**63 to 2**63 - 1."""
    BOOLEAN = "boolean"
    INSTANT = "instant"
    UUID = "uuid"
    JSON = "json"
    """Whatever JSON can say; compared as a value, not as text."""


@dataclass(frozen=True)
class Column:
    """One column; all but keys may be None where `optional`."""

    name: str
    kind: Kind
    optional: bool = False


@dataclass(frozen=True)
class Table:
    """One table of a view."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    """The columns of the primary key."""
    indexes: tuple[tuple[str, ...], ...] = ()
    """Further indexes, by their columns."""

    def key_of(self, row: Row) -> Key:
        """Return the row's key."""
        return tuple(row[name] for name in self.key)  # type: ignore[misc]  # key columns are not None


class Rows(Protocol):
    """The rows that a fold works on: what it puts, it gets.

    Nothing is stored before the whole event was folded.
    """

    def get(self, table: Table, key: Key) -> Row | None:
        """Return a row, None if there is none; only of keys that `Projection.reads` named."""

    def put(self, table: Table, row: Row) -> None:
        """Insert the row, or replace the one with its key. All columns are given."""

    def delete(self, table: Table, key: Key) -> None:
        """Delete the row with this key, if there is one."""


@dataclass(frozen=True)
class Change:
    """What a projection tells the world of one event: a row of the feed."""

    type: str
    """What happened: the event's topic."""
    topics: tuple[str, ...]
    """Whom it concerns, such as `document:<id>`, `type:<name>`, `person:<login>`, `role:<role>`."""
    version: int
    """The event's version in its stream."""
    time: datetime
    """When it happened (effective)."""
    document: UUID | None = None
    data: Mapping[str, object] = field(default_factory=dict)
    """What changed, as JSON; applied to a snapshot it gives the next one."""


@dataclass(frozen=True)
class Projection:
    """A fold with one checkpoint for each lane. Folding is pure but for `rows`."""

    name: str
    version: int
    """Raised when the fold or a table changes: then the tables are built anew."""
    tables: tuple[Table, ...]
    topics: frozenset[str]
    """The events it folds, by TOPIC; all others are passed over."""
    reads: Callable[[Recorded], Iterable[tuple[Table, Key]]]
    """Names the rows that folding this event may get, so that a batch can fetch them at once."""
    fold: Callable[[Rows, Recorded], Sequence[Change]]
    """Changes rows; returns what the feed shall tell."""
    effects: bool = False
    """Its rows are orders for something outside: each is taken away as it is carried out.

    Such a projection begins at the end of the log that it finds, and is never rebuilt: old orders
    would be carried out anew. Its version stays 1; what changes gets another name."""
