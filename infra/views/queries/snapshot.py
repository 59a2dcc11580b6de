"""Rows of the workspace's views, with the place that they show."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from infra.position import EPOCH_DIGITS, Position
from infra.projecting.cells import RowForm
from infra.projecting.checkpoint import NotPreparedError
from infra.projecting.generations import Generations
from infra.replicas.needed import Moment, Needed
from infra.replicas.router import Router
from infra.replicas.servers import Server
from infra.views.tables import Tables
from projections.base import Row, Table
from projections.workspace.plain import plain_row


@dataclass(frozen=True)
class Shown:
    """How far the views were when they were read."""

    log_epoch: str
    """The epoch of positions, as tokens show it."""
    epoch: str
    """The epoch of the feed, as the gateway compares it."""
    generation: int
    """Of the tables that were read."""
    positions: Mapping[int, int]
    """Everything of a lane up to here is in the rows."""
    seqs: Mapping[int, int]
    """The last feed row of each lane that the rows have."""

    @property
    def place(self) -> dict[str, object]:
        """Return where a subscription goes on from these rows."""
        return {"epoch": self.epoch, "lanes": {str(lane): seq for lane, seq in self.seqs.items()}}

    @property
    def moment(self) -> Moment:
        """Return what later answers are compared with."""
        total = sum(self.positions.values()) + sum(self.seqs.values())
        return Moment(self.epoch, self.generation, total)

    def token(self, lane: int) -> str:
        """Return the position that a lane shows, as it leaves the system."""
        return str(Position(self.log_epoch, lane, self.positions[lane]))


@dataclass(frozen=True)
class Page:
    """Some rows as JSON has them, and what comes after them."""

    shown: Shown
    rows: Sequence[dict[str, object]]
    next: tuple[int | str, ...] | None
    """The place of the last row, where there are more; None: these were the last."""


#: Columns of the place, before those of the rows.
_PLACE = 4

Answer = tuple[Shown, list[Sequence[Any]]]


class Snapshot:
    """Asks the server that may answer. Safe to use from many threads."""

    def __init__(self, tables: Tables, router: Router) -> None:
        """`tables` are the primary's."""
        settings = tables.datastore.settings
        views, log = settings.views, settings.log
        self._router = router
        self._tables: Mapping[Server, Tables] = {
            router.primary: tables,
            **{each: _tables_of(each, tables) for each in router.replicas},
        }
        self._projection = tables.projection.name
        # Who reads by a generation that is no longer live gets no row, and looks again: else old
        # rows would go with the new ones' place, and the changes between would be lost.
        self._place = (
            f"SELECT (SELECT epoch FROM {log}.epoch ORDER BY number DESC LIMIT 1) AS log_epoch,"
            " p.feed_epoch, p.generation,"
            " JSON_ARRAYAGG(JSON_ARRAY(c.lane, c.position, c.seq)) AS lanes"
            f" FROM {views}.projection p JOIN {views}.checkpoint c"
            " ON c.projection = p.name AND c.generation = p.generation"
            " WHERE p.name = %s AND p.generation = SUBSTRING_INDEX('{document}', '_', -1)"
            " GROUP BY p.name"
        )

    def read(self, rows: str, values: Sequence[object], order: str = "") -> Answer:
        """Return what the SELECT `rows` gives, and the place of the same moment. One statement.

        The first column of `rows` must not be NULL; `order` is made of its columns. Nothing that
        the same request asks afterwards is answered from an earlier moment.

        Raises:
            NotPreparedError: the projection has no tables.
        """
        sql = f"SELECT * FROM ({self._place}) shown LEFT JOIN ({rows}) found ON TRUE"
        if order:
            sql += f" ORDER BY {order}"
        question = partial(self._read, sql, (self._projection, *values))
        shown, found = self._router.ask(question, _is_enough)
        self._router.require_moment(shown.moment)
        self._router.require_log(max(shown.positions.values(), default=0))
        return shown, found

    def _read(self, sql: str, values: Sequence[object], server: Server) -> Answer:
        tables = self._tables[server]
        select = tables.select if server is self._router.primary else tables.select_once
        found = select(sql, values)
        if not found:
            tables.generations.refresh()
            found = select(sql, values)
        if not found:
            raise NotPreparedError(f"projection {self._projection!r} has no tables yet")
        return _shown(found[0]), [row[_PLACE:] for row in found if row[_PLACE] is not None]

    def page(
        self, table: Table, rows: str, values: Sequence[object], order: str, limit: int
    ) -> Page:
        """Return at most `limit` rows of `table`, in the order `order`.

        `rows` selects the table's columns, and one row more if there is one. The columns of
        `order` name a row's place.
        """
        shown, found = self.read(rows, values, order)
        form = RowForm(table)
        page = [form.loaded(tuple(cells)) for cells in found[:limit]]
        by = [part.split()[0] for part in order.split(", ")]
        last = tuple(page[-1][name] for name in by) if len(found) > limit else None
        return Page(shown, [plain_row(row) for row in page], last)  # type: ignore[arg-type]  # keys


def columns(table: Table, of: str = "") -> str:
    """Return the columns of `table` for a SELECT, of the alias `of`."""
    prefix = f"{of}." if of else ""
    return ", ".join(f"{prefix}`{column.name}`" for column in table.columns)


def one(table: Table, found: Sequence[Sequence[Any]]) -> Row | None:
    """Return the one row found, None if there is none."""
    return RowForm(table).loaded(tuple(found[0][: len(table.columns)])) if found else None


def _tables_of(server: Server, primary: Tables) -> Tables:
    return replace(primary, datastore=server.datastore, generations=Generations(server.datastore))


def _is_enough(needed: Needed, answer: Answer) -> bool:
    shown, _ = answer
    return needed.met_by(shown.log_epoch, shown.positions, shown.moment)


def _shown(row: Sequence[Any]) -> Shown:
    log_epoch, feed_epoch, generation, lanes = row[:_PLACE]
    by_lane = sorted(json.loads(lanes))
    return Shown(
        log_epoch=log_epoch.hex()[:EPOCH_DIGITS],
        epoch=log_epoch.hex()[:EPOCH_DIGITS] + feed_epoch.hex()[:EPOCH_DIGITS],
        generation=generation,
        positions={lane: position for lane, position, _ in by_lane},
        seqs={lane: seq for lane, _, seq in by_lane},
    )
