"""A projection's own tables: their names, their making, and statements on many rows at once."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TypeVar

from eventsourcing.persistence import DataError, ProgrammingError
from pymysql.cursors import Cursor

from infra.projecting.cells import Cells, RowForm
from projections.base import Kind, Projection, Table

#: Rows in one statement. Longer ones gain nothing, and beyond 999 keys MariaDB makes a subquery of
#: an IN (in_predicate_conversion_threshold).
ROWS = 500

#: Bytes that a character may need in UTF-8.
BYTES_A_CHARACTER = 4

#: MariaDB's limit for the name of a table.
LONGEST_NAME = 64

T = TypeVar("T")

_PLAIN = re.compile(r"[a-z][a-z0-9_]*")

_TYPES = {
    Kind.KEY: "VARCHAR(120)",
    Kind.TEXT: "LONGTEXT",
    Kind.INTEGER: "BIGINT",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.INSTANT: "DATETIME(6)",
    Kind.UUID: "BINARY(16)",
    Kind.JSON: "LONGTEXT",  # not JSON, whose CHECK parses once more what we have just written
}


def plain(name: str) -> str:
    """Return `name` if it may stand in SQL text.

    Raises:
        ProgrammingError: too long, or more than lower-case letters, digits and `_`.
    """
    if len(name) > LONGEST_NAME or not _PLAIN.fullmatch(name):
        raise ProgrammingError(
            f"not a name for a table or column: {name!r}; use at most {LONGEST_NAME} lower-case "
            "letters, digits and _, a letter first"
        )
    return name


def quoted(names: Iterable[str]) -> str:
    """Return columns as a list in SQL text; quoted, for some are words of SQL (`values`)."""
    return ", ".join(f"`{plain(name)}`" for name in names)


def table_name(projection: str, table: str, generation: int) -> str:
    """Return the name of a projection's table in the database of views.

    Raises:
        ProgrammingError: not a name; a projection's has no `_`, so that no table is of two.
    """
    if "_" in projection:
        raise ProgrammingError(f"a projection's name has no _: {projection!r}")
    return plain(f"{projection}_{table}_{generation}")


def create_tables(cursor: Cursor, views: str, projection: Projection, generation: int) -> None:
    """Create a generation's tables, empty."""
    for table in projection.tables:
        name = table_name(projection.name, table.name, generation)
        cursor.execute(f"CREATE TABLE {views}.{name} ({_definition(table)})" + _OPTIONS)


def drop_tables(cursor: Cursor, views: str, projection: str, *, keep: int | None) -> int:
    """Drop the tables of every generation but `keep`; return how many there were."""
    cursor.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (views,)
    )
    of_ours = re.compile(rf"{plain(projection)}_[a-z0-9_]+_(\d+)")
    found = [(name, of_ours.fullmatch(name)) for (name,) in cursor.fetchall()]
    doomed = [name for name, match in found if match and int(match[1]) != keep]
    for name in doomed:  # a reader that hangs must not hold us for a day, the server's default
        cursor.execute(f"SET STATEMENT lock_wait_timeout = 10 FOR DROP TABLE {views}.{plain(name)}")
    return len(doomed)


_OPTIONS = " ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_nopad_bin"


def _definition(table: Table) -> str:
    lines = [
        f"{quoted([column.name])} {_TYPES[column.kind]}"
        + ("" if column.optional and column.name not in table.key else " NOT NULL")
        for column in table.columns
    ]
    lines.append(f"PRIMARY KEY ({quoted(table.key)})")
    lines += [f"KEY {plain('by_' + '_'.join(on))} ({quoted(on)})" for on in table.indexes]
    return ", ".join(lines)


class TableStore:
    """Reads and writes many rows of one table with few statements."""

    def __init__(self, form: RowForm, name: str, max_packet: int) -> None:
        """`name` is qualified; `max_packet` is the server's max_allowed_packet."""
        columns, key = quoted(form.names), form.table.key
        changed = [name for name in form.names if name not in key] or list(key[:1])
        self.form = form
        self._max_packet = max_packet
        self._key = f"({quoted(key)})"
        self._keys = f"({', '.join(['%s'] * len(key))})"
        # Where the table has other indexes, MariaDB weighs them for 100 ms (500 keys, 10.11).
        by_key = f"{name} FORCE INDEX (PRIMARY) WHERE {self._key} IN "
        self._select = f"SELECT {columns} FROM {by_key}"
        self._delete = f"DELETE FROM {name} USING {by_key}"
        self._insert = f"INSERT INTO {name} ({columns}) VALUES "
        self._update = " ON DUPLICATE KEY UPDATE " + ", ".join(
            f"`{name}` = VALUES(`{name}`)" for name in changed
        )

    def select(self, cursor: Cursor, keys: Collection[Cells]) -> Iterator[Cells]:
        """Yield the rows with these keys, in no order."""
        for chunk in _pieces(sorted(keys)):
            cursor.execute(self._select + self._listed(len(chunk)), _flat(chunk))
            yield from cursor.fetchall()

    def delete(self, cursor: Cursor, keys: Collection[Cells]) -> None:
        """Delete the rows with these keys."""
        for chunk in _pieces(sorted(keys)):
            cursor.execute(self._delete + self._listed(len(chunk)), _flat(chunk))

    def write(self, cursor: Cursor, rows: Iterable[Cells]) -> None:
        """Insert the rows, or replace those with their keys.

        In the order of the keys, so that rivals wait for each other instead of in a circle.

        Raises:
            DataError: one is too large for a packet.
        """
        in_order = sorted(rows, key=self.form.key_of)
        insert_rows(cursor, self._insert, in_order, self._update, self._max_packet)

    def _listed(self, count: int) -> str:
        return f"({', '.join([self._keys] * count)})"


def insert_rows(
    cursor: Cursor, insert: str, rows: Sequence[Cells], then: str, max_packet: int
) -> None:
    """Execute `insert`, which ends in VALUES, for all rows, in as few statements as they take.

    Raises:
        DataError: one is too large for a packet.
    """
    for chunk in _pieces(rows):
        row = f"({','.join(['%s'] * len(chunk[0]))})"
        statement = cursor.mogrify(insert + ",".join([row] * len(chunk)) + then, _flat(chunk))
        if not _too_large(statement, max_packet):
            cursor.execute(statement)
        elif len(chunk) > 1:
            half = len(chunk) // 2
            insert_rows(cursor, insert, chunk[:half], then, max_packet)
            insert_rows(cursor, insert, chunk[half:], then, max_packet)
        else:  # the server would drop the connection
            raise DataError(f"a row needs more than a packet (max_allowed_packet is {max_packet})")


def _too_large(statement: str, max_packet: int) -> bool:
    room = max_packet - 1024
    if len(statement) * BYTES_A_CHARACTER <= room:
        return False
    return len(statement.encode("utf-8", "surrogateescape")) > room


def _pieces(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[start : start + ROWS] for start in range(0, len(rows), ROWS))


def _flat(rows: Iterable[Cells]) -> list[object]:
    return [cell for row in rows for cell in row]
