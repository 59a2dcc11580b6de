"""Write what a projection makes of events: rows, feed, parked events."""

from collections.abc import Callable, Sequence
from uuid import UUID

from eventsourcing.persistence import Notification
from pymysql.cursors import Cursor

from domain.metadata import Recorded
from infra.feed import FeedRow
from infra.projecting.cells import Cells
from infra.projecting.checkpoint import Where
from infra.projecting.folding import Examined, Folded, Folder, Numbering
from infra.projecting.overlay import Overlay
from infra.projecting.parking import Parking
from infra.projecting.tables import TableStore, insert_rows, table_name
from projections.base import Projection


class Writer:
    """Folds events on the stored rows of one generation, and stores what changes."""

    def __init__(
        self, projection: Projection, views: str, decode: Callable[[Notification], Recorded]
    ) -> None:
        self.folder = Folder(projection, decode)
        self.parking = Parking(projection.name, views)
        self._projection = projection
        self._views = views
        self._feed = f"INSERT INTO {views}.feed (projection, lane, seq, message) VALUES "

    def write(
        self, cursor: Cursor, where: Where, events: Sequence[Examined], *, tells: bool
    ) -> Folded:
        """Write what comes of new events. The caller has locked the lane, moves it, and commits.

        One SELECT for parked streams, at most one of rows, one INSERT and one DELETE for each
        table, and one INSERT for the feed (more if they are many or large).
        """
        streams = {event.stream for event in events}
        still = self.parking.streams(cursor, where.generation, streams)
        folded = self.fold(cursor, where, events, still, tells=tells)
        self.parking.park(cursor, where, folded.parked)
        return folded

    def fold(
        self,
        cursor: Cursor,
        where: Where,
        events: Sequence[Examined],
        still: set[UUID],
        *,
        tells: bool,
    ) -> Folded:
        """Write rows and feed; leave what could not be folded to the caller."""
        stores = self._stores(where)
        overlay = Overlay(self.folder.forms)
        for name, keys in self._named_by(events, still).items():
            overlay.fetched(name, stores[name].select(cursor, keys))
        numbering = Numbering(where.log_epoch, where.lane, where.seq, tells)
        folded = self.folder.fold(overlay, events, numbering, still)
        for name, store in stores.items():
            store.write(cursor, overlay.changed(name))
            store.delete(cursor, overlay.deleted(name))
        self._tell(cursor, where, folded.rows)
        return folded

    def _named_by(self, events: Sequence[Examined], still: set[UUID]) -> dict[str, set[Cells]]:
        """Return the keys of the rows that these events may get, by table."""
        named: dict[str, set[Cells]] = {name: set() for name in self.folder.forms}
        for event in events:
            if event.stream not in still:
                for table, key in event.named:
                    named[table].add(key)
        return named

    def _stores(self, where: Where) -> dict[str, TableStore]:
        name, generation = self._projection.name, where.generation
        return {
            table: TableStore(
                form, f"{self._views}.{table_name(name, table, generation)}", where.max_packet
            )
            for table, form in self.folder.forms.items()
        }

    def _tell(self, cursor: Cursor, where: Where, rows: Sequence[FeedRow]) -> None:
        name = self._projection.name
        values: list[Cells] = [(name, row.lane, row.seq, row.message) for row in rows]
        insert_rows(cursor, self._feed, values, "", where.max_packet)
