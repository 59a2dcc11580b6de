"""The stored form of rows: what a cell of each kind becomes in MariaDB, and back.

Rows are brought into their stored form when a fold puts them, so that what an event gets does not
depend on whether an earlier one put it in the same batch or years ago; and a value that does not
fit is found while it is known whose it is.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Annotated, Any
from uuid import UUID

import msgspec

from projections.base import Cell, Column, Key, Kind, Row, Table

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


def _boolean(value: Any) -> bool:  # noqa: ANN401
    if not isinstance(value, bool):
        raise UnfitValueError(f"is {type(value).__name__}, not True or False")
    return value


def _instant(value: Any) -> datetime:  # noqa: ANN401
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise UnfitValueError("is not an aware instant")
    return _without_zone(value)


#: An event's instants are mostly one, and stand in several rows.
_as_before = lru_cache(maxsize=256)


@_as_before
def _without_zone(value: datetime) -> datetime:
    return value.astimezone(UTC).replace(tzinfo=None)


@_as_before
def _in_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC)


def _uuid(value: Any) -> bytes:  # noqa: ANN401
    if not isinstance(value, UUID):
        raise UnfitValueError(f"is {type(value).__name__}, not a UUID")
    return value.bytes


def _json(value: Any) -> bytes:  # noqa: ANN401
    # As bytes, which PyMySQL sends in hexadecimals: it escapes a long text at 35 ns a character.
    return msgspec.json.encode(value)


_STORE: Mapping[Kind, Callable[[Any], Stored]] = {
    Kind.KEY: _key,
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.BOOLEAN: _boolean,
    Kind.INSTANT: _instant,
    Kind.UUID: _uuid,
    Kind.JSON: _json,
}

#: What msgspec can say of a cell at once; the rest is seen to by what makes its stored form.
_TYPES: Mapping[Kind, Any] = {
    Kind.KEY: Annotated[str, msgspec.Meta(max_length=LONGEST_KEY)],
    Kind.TEXT: str,
    Kind.INTEGER: Annotated[int, msgspec.Meta(ge=LOWEST, le=HIGHEST)],
    Kind.BOOLEAN: bool,
    Kind.INSTANT: Any,
    Kind.UUID: Any,
    Kind.JSON: Any,
}

#: The kinds whose stored form is another value than the cell.
_CONVERTED = (Kind.INSTANT, Kind.UUID, Kind.JSON)

_TEXTS = (Kind.KEY, Kind.TEXT)

#: A subclass of text, such as a word of an enumeration, is stored as plain text.
_PLAIN_TEXTS = frozenset({str, type(None)})

_LOAD: Mapping[Kind, Callable[[Any], Cell]] = {
    Kind.BOOLEAN: bool,
    Kind.INSTANT: _in_utc,
    Kind.UUID: lambda value: UUID(bytes=value),
    Kind.JSON: msgspec.json.decode,
}


def _or_none(store: Callable[[Any], Stored]) -> Callable[[Any], Stored]:
    return lambda value: None if value is None else store(value)


class RowForm:
    """How the rows of one table are stored.

    Rows and keys are brought into their form as a whole; only for one that does not fit, or is
    unusual, is each cell looked at (measured: a third of the time of guarding each cell).
    """

    def __init__(self, table: Table) -> None:
        columns = table.columns
        kinds = {column.name: column.kind for column in columns}
        self.table = table
        self.names = tuple(kinds)
        self.kinds = tuple(kinds.values())
        self._known = frozenset(kinds)
        self._key_stores = [(name, _STORE[kinds[name]]) for name in table.key]
        self._first_of_key = self._key_stores[0][1]
        self._stores = [(column.name, _store_of(column, table)) for column in columns]
        self._loads = [(name, _LOAD[kind]) for name, kind in kinds.items() if kind in _LOAD]
        self._whole = _whole(table)
        self._texts = _picker([at for at, kind in enumerate(self.kinds) if kind in _TEXTS])
        self._conversions = [
            (at, store)
            for at, (_, store) in enumerate(self._stores)
            if self.kinds[at] in _CONVERTED
        ]
        self.key_of = _picker([self.names.index(name) for name in table.key])
        """Returns the key within a row's cells."""

    def stored(self, row: Row) -> Cells:
        """Return a row's cells, in the order of the columns.

        Raises:
            UnfitValueError: a column is missing, unknown, or does not take its value.
        """
        try:
            cells = list(msgspec.structs.astuple(msgspec.convert(row, self._whole)))
            texts = self._texts(cells)
            if _PLAIN_TEXTS.issuperset(map(type, texts)):
                _require_whole_characters(texts)
                for at, store in self._conversions:
                    cells[at] = store(cells[at])
                return tuple(cells)
        except (ValueError, TypeError):  # something does not fit: what is it?
            pass
        return self._stored_one_by_one(row)

    def _stored_one_by_one(self, row: Row) -> Cells:
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
        row: dict[str, Any] = dict(zip(self.names, cells, strict=True))
        for name, load in self._loads:
            if row[name] is not None:
                row[name] = load(row[name])
        return row

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


def _may_be_none(column: Column, table: Table) -> bool:
    return column.optional and column.name not in table.key


def _store_of(column: Column, table: Table) -> Callable[[Any], Stored]:
    store = _STORE[column.kind]
    return _or_none(store) if _may_be_none(column, table) else store


def _whole(table: Table) -> Any:  # noqa: ANN401  # a type made at run time
    """Return the type that msgspec compares a whole row with."""
    fields = [
        (
            f"column_{at}",  # a column's own name may be a word of Python
            _TYPES[column.kind] | None if _may_be_none(column, table) else _TYPES[column.kind],
            msgspec.field(name=column.name),
        )
        for at, column in enumerate(table.columns)
    ]
    return msgspec.defstruct("Whole", fields, forbid_unknown_fields=True)


def _require_whole_characters(texts: Iterable[Any]) -> None:
    """Raise UnicodeEncodeError where a lone surrogate is, which is not text."""
    joined = "".join(filter(None, texts))
    if not joined.isascii():
        joined.encode()


def _picker(places: Sequence[int]) -> Callable[[Sequence[Any]], Cells]:
    if not places:
        return lambda _: ()
    if len(places) == 1:
        (place,) = places
        return lambda cells: (cells[place],)
    return itemgetter(*places)
