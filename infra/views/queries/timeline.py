"""What happened to a document, in order."""

from dataclasses import dataclass
from uuid import UUID

from domain.actor import Actor
from infra.projecting.cells import RowForm
from infra.views.access import reads_all
from infra.views.queries.documents import IS_PARTY, party_values
from infra.views.queries.snapshot import Page, Snapshot, columns
from projections.workspace.plain import plain_row
from projections.workspace.timeline import ENTRY


@dataclass(frozen=True)
class Timeline:
    """A page of a document's entries, and whether it may be shown."""

    page: Page
    exists: bool
    readable: bool


@dataclass(frozen=True)
class TimelineQueries:
    """Questions about what happened. Each is one statement."""

    snapshot: Snapshot

    def of(self, document: UUID, actor: Actor, after: int, limit: int) -> Timeline:
        """Return the entries above the version `after`, and whether the actor may read them."""
        shown, found = self.snapshot.read(
            f"SELECT d.document AS id, {IS_PARTY} AS readable, e.* FROM {{document}} d LEFT JOIN"
            f" (SELECT {columns(ENTRY)} FROM {{entry}} WHERE document = %s AND version > %s"
            f" ORDER BY version LIMIT {limit + 1}) e ON TRUE WHERE d.document = %s",
            (*party_values(actor), document.bytes, after, document.bytes),
            "found.version",
        )
        form = RowForm(ENTRY)
        entries = [form.loaded(tuple(row[2:])) for row in found if row[2] is not None]
        page, more = entries[:limit], len(entries) > limit
        last = (page[-1]["version"],) if more else None
        readable = reads_all(actor) or bool(found and found[0][1])
        rows = [plain_row(row) for row in page]
        return Timeline(Page(shown, rows, last), bool(found), readable)  # type: ignore[arg-type]  # a version is an integer
