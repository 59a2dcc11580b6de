"""The rows of a batch in memory, and what one event changes of them."""

from collections.abc import Collection, Iterator, Mapping

from infra.projecting.cells import Cells, RowForm
from projections.base import Cell, Key, Row, Table

Named = frozenset[tuple[str, Cells]]
"""Rows by the names of their tables and their keys."""


class UnnamedRowError(LookupError):
    """A fold asked for a row that `Projection.reads` did not name for this event."""


class Overlay:
    """What `projections.base.Rows` promises, over rows fetched before.

    An event's changes become part of the batch by `accept`; `begin` forgets those of an event that
    was not accepted. What an event may get does not depend on what else is in the batch.
    """

    def __init__(self, forms: Mapping[str, RowForm]) -> None:
        self._forms = forms
        self._rows: dict[str, dict[Cells, Cells]] = {name: {} for name in forms}
        self._touched: dict[str, set[Cells]] = {name: set() for name in forms}
        self._named: Named = frozenset()
        self._pending: dict[tuple[str, Cells], Cells | None] = {}

    def fetched(self, table: str, rows: Iterator[Cells]) -> None:
        """Take rows as they are stored."""
        key_of, known = self._forms[table].key_of, self._rows[table]
        for cells in rows:
            known[key_of(cells)] = cells

    def begin(self, named: Named) -> None:
        """Begin an event that may get the rows in `named`."""
        self._named = named
        self._pending = {}

    def accept(self) -> None:
        """Make the event's changes part of the batch."""
        for (table, key), cells in self._pending.items():
            self._touched[table].add(key)
            if cells is None:
                self._rows[table].pop(key, None)
            else:
                self._rows[table][key] = cells

    def get(self, table: Table, key: Key) -> dict[str, Cell] | None:
        """Return a row as the event left it, None if there is none.

        Raises:
            UnnamedRowError: the event neither named this row nor put or deleted it.
        """
        form = self._forms[table.name]
        place = (table.name, form.stored_key(key))
        if place in self._pending:
            cells = self._pending[place]
        elif place in self._named:
            cells = self._rows[table.name].get(place[1])
        else:
            raise UnnamedRowError(f"{table.name} {key!r} is not among what `reads` names")
        return None if cells is None else form.loaded(cells)

    def put(self, table: Table, row: Row) -> None:
        """Insert or replace a row.

        Raises:
            UnfitValueError: a value does not fit its column.
        """
        form = self._forms[table.name]
        cells = form.stored(row)
        self._pending[table.name, form.key_of(cells)] = cells

    def delete(self, table: Table, key: Key) -> None:
        """Delete a row, if there is one."""
        self._pending[table.name, self._forms[table.name].stored_key(key)] = None

    def changed(self, table: str) -> list[Cells]:
        """Return the rows of a table that accepted events put."""
        rows = self._rows[table]
        return [rows[key] for key in self._touched[table] if key in rows]

    def deleted(self, table: str) -> Collection[Cells]:
        """Return the keys of a table that accepted events deleted."""
        return self._touched[table] - self._rows[table].keys()
