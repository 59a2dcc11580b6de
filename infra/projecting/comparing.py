"""Compare two generations of a projection's tables, row by row."""

from dataclasses import dataclass

from pymysql.cursors import Cursor

from infra.projecting.cells import RowForm
from infra.projecting.tables import quoted, table_name
from projections.base import Key, Projection, Row, Table


@dataclass(frozen=True)
class Difference:
    """A row that is not the same in both; None where it is missing."""

    table: str
    key: Key
    first: Row | None
    second: Row | None


def rows_of(
    cursor: Cursor, views: str, projection: Projection, table: Table, generation: int
) -> dict[Key, Row]:
    """Return a generation's whole table by key, in memory: for tests and small tables."""
    form = RowForm(table)
    name = table_name(projection.name, table.name, generation)
    cursor.execute(f"SELECT {quoted(form.names)} FROM {views}.{name}")
    rows = [form.loaded(cells) for cells in cursor.fetchall()]
    return {table.key_of(row): row for row in rows}


def compare(
    cursor: Cursor, views: str, projection: Projection, first: int, second: int
) -> list[Difference]:
    """Return where two generations differ; JSON compares as a value. Empty if they are equal."""
    found: list[Difference] = []
    for table in projection.tables:
        a = rows_of(cursor, views, projection, table, first)
        b = rows_of(cursor, views, projection, table, second)
        found += [
            Difference(table.name, key, a.get(key), b.get(key))
            for key in sorted(a.keys() | b.keys(), key=repr)
            if a.get(key) != b.get(key)
        ]
    return found
