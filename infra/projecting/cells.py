"""The stored form of rows: what a cell of each kind becomes in MariaDB, and back.

Rows are brought into their stored form when a fold puts them, so that what an event gets does not
depend on whether an earlier one put it in the same batch or years ago; and a value that does not
fit is found while it is known whose it is.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

import msgspec

from projections.base import Cell, Key, Kind, Row, Table

Stored = str | int | bytes | datetime | None
Cells = tuple[Stored, ...]

#: What a signed BIGINT takes.
LOWEST, HIGHEST = -(2**63), 2**63 - 1

#: Characters that a column of the kind KEY takes.
LONGEST_KEY = 120


class UnfitValueError(ValueError):
    """A fold put a value that its column cannot hold."""


def _key(value: Any) -> str:  # noqa: ANN401  # what a fold put: to be looked at
    text = _text(value)
    if len(text) > LONGEST_KEY:
        raise UnfitValueError(f"has {len(text)} characters, a key has at most {LONGEST_KEY}")
    return text


def _text(value: Any) -> str:  # noqa: ANN401
    if not isinstance(value, str):
        raise UnfitValueError(f"is {type(value).__name__}, not text")
    if not value.isascii():
        value.encode()  # a lone surrogate is not text
    return str(value)  # the text of a StrEnum


def _integer(value: Any) -> int:  # noqa: ANN401
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnfitValueError(f"is {type(value).__name__}, not a whole number")
    if not LOWEST <= value <= HIGHEST:
        raise UnfitValueError("does not fit into 64 bits")
    return value


def _boolean(value: Any) -> int:  # noqa: ANN401
    if not isinstance(value, bool):
        raise UnfitValueError(f"is {type(value).__name__}, not True or False")
    return int(value)


def _instant(value: Any) -> datetime:  # noqa: ANN401
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise UnfitValueError("is not an aware instant")
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    instant: datetime = value.replace(tzinfo=None)
    return instant


def _uuid(value: Any) -> bytes:  # noqa: ANN401
    if not isinstance(value, UUID):
        raise UnfitValueError(f"is {type(value).__name__}, not a UUID")
    return value.bytes


def _json(value: Any) -> str:  # noqa: ANN401
    return msgspec.json.encode(value).decode()


_STORE: Mapping[Kind, Callable[[Any], Stored]] = {
    Kind.KEY: _key,
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.BOOLEAN: _boolean,
    Kind.INSTANT: _instant,
    Kind.UUID: _uuid,
    Kind.JSON: _json,
}

_LOAD: Mapping[Kind, Callable[[Any], Cell]] = {
    Kind.BOOLEAN: bool,
    Kind.INSTANT: lambda value: value.replace(tzinfo=UTC),
    Kind.UUID: lambda value: UUID(bytes=value),
    Kind.JSON: msgspec.json.decode,
}


def _or_none(store: Callable[[Any], Stored]) -> Callable[[Any], Stored]:
    return lambda value: None if value is None else store(value)


class RowForm:
    """How the rows of one table are stored.

    Rows and keys are brought into their form as a whole; only for one that does not fit is it
    looked up which cell it was (measured: half the time of guarding each cell).
    """

    def __init__(self, table: Table) -> None:
        kinds = {column.name: column.kind for column in table.columns}
        self.table = table
        self.names = tuple(kinds)
        self._known = frozenset(kinds)
        self._key_stores = [(name, _STORE[kinds[name]]) for name in table.key]
        self._first_of_key = self._key_stores[0][1]
        self._stores = [
            (
                column.name,
                _or_none(_STORE[column.kind])
                if column.optional and column.name not in table.key
                else _STORE[column.kind],
            )
            for column in table.columns
        ]
        self._loads = [(column.name, _LOAD.get(column.kind)) for column in table.columns]
        self.key_of = _picker([self.names.index(name) for name in table.key])
        """Returns the key within a row's cells."""

    def stored(self, row: Row) -> Cells:
        """Return a row's cells, in the order of the columns.

        Raises:
            UnfitValueError: a column is missing, unknown, or does not take its value.
        """
        if row.keys() != self._known:
            odd = ", ".join(sorted(row.keys() ^ self._known))
            raise UnfitValueError(f"{self.table.name}: missing or unknown columns: {odd}")
        try:
            return tuple([store(row[name]) for name, store in self._stores])
        except (ValueError, TypeError) as error:
            raise self._unfit(self._stores, [row[name] for name in self.names]) from error

    def stored_key(self, key: Key) -> Cells:
        """Return a key's cells.

        Raises:
            UnfitValueError: it is not a key of this table.
        """
        if len(key) != len(self._key_stores):
            raise UnfitValueError(f"{self.table.name}: not a key: {key!r}")
        try:
            if len(key) == 1:
                return (self._first_of_key(key[0]),)
            return tuple([store(part) for (_, store), part in zip(self._key_stores, key)])  # noqa: B905  # of one length, see above
        except (ValueError, TypeError) as error:
            raise self._unfit(self._key_stores, key) from error

    def loaded(self, cells: Cells) -> dict[str, Cell]:
        """Return a row as folds see it: a new one each time, so that nobody shares it."""
        return {
            name: cell if load is None or cell is None else load(cell)
            for (name, load), cell in zip(self._loads, cells, strict=True)
        }

    def _unfit(
        self, stores: Sequence[tuple[str, Callable[[Any], Stored]]], values: Sequence[Any]
    ) -> UnfitValueError:
        """Return the error that says which value does not fit."""
        for (name, store), value in zip(stores, values, strict=True):
            try:
                store(value)
            except (ValueError, TypeError) as error:
                return UnfitValueError(f"{self.table.name}.{name} {error}")
        raise AssertionError("a value fitted at last")


def _picker(places: Sequence[int]) -> Callable[[Cells], Cells]:
    if len(places) == 1:
        (place,) = places
        return lambda cells: (cells[place],)
    return itemgetter(*places)
