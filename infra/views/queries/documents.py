"""Documents as people see them: one, or those that somebody may read, newest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.actor import Actor
from infra.views.access import reads_all
from infra.views.queries.snapshot import Page, Shown, Snapshot, columns, one
from projections.workspace.documents import DOCUMENT
from projections.workspace.plain import plain_row

#: What documents can be filtered by.
FILTERS = ("definition", "status", "requester")

#: Tells whether the actor (login, login, roles) has to do with the document `d`.
IS_PARTY = (
    "(d.requester = %s OR EXISTS (SELECT 1 FROM {party} p WHERE p.document = d.document"
    " AND (p.kind = 'person' AND p.name = %s OR p.kind = 'role' AND p.name IN %s)))"
)


@dataclass(frozen=True)
class OneDocument:
    """A document, and whether it may be shown."""

    shown: Shown
    row: Mapping[str, object] | None
    """None if there is no such document."""
    readable: bool


@dataclass(frozen=True)
class DocumentQueries:
    """Questions about documents. Each is one statement."""

    snapshot: Snapshot

    def one(self, document: UUID, actor: Actor) -> OneDocument:
        """Return a document, and whether the actor may read it."""
        shown, found = self.snapshot.read(
            f"SELECT {columns(DOCUMENT, 'd')}, {IS_PARTY} FROM {{document}} d"
            " WHERE d.document = %s",
            (*party_values(actor), document.bytes),
        )
        row = one(DOCUMENT, found)
        readable = reads_all(actor) or bool(found and found[0][-1])
        return OneDocument(shown, None if row is None else plain_row(row), readable)

    def readable(
        self, actor: Actor, filters: Mapping[str, str], below: int | None, limit: int
    ) -> Page:
        """Return the documents with these values that the actor may read, newest first.

        `below` is the number of the last one that was seen.
        """
        where = "".join(f" AND d.{name} = %s" for name in FILTERS if name in filters)
        values: list[object] = [filters[name] for name in FILTERS if name in filters]
        if below is not None:
            where += " AND d.number < %s"
            values.append(below)
        end = f"{where} ORDER BY d.number DESC LIMIT {limit + 1}"
        if reads_all(actor):
            rows = f"SELECT {columns(DOCUMENT, 'd')} FROM {{document}} d WHERE TRUE{end}"
        else:
            rows, values = _of_party(actor, end, values, limit)
        return self.snapshot.page(DOCUMENT, rows, values, "number DESC", limit)


def party_values(actor: Actor) -> tuple[object, ...]:
    """Return the parameters of `IS_PARTY`."""
    return (actor.login, actor.login, tuple(sorted(actor.roles)) or ("",))


def _of_party(actor: Actor, end: str, values: list[object], limit: int) -> tuple[str, list[object]]:
    """Return the SELECT of own documents and those that each of the actor's names is party to.

    Each part ends by itself after as many rows as are wanted. What is sorted and compared are
    numbers: the documents themselves come last.
    """
    found = "SELECT d.number, d.document FROM"
    parts = [f"({found} {{document}} d WHERE d.requester = %s{end})"]
    all_values: list[object] = [actor.login, *values]
    for kind, name in [("person", actor.login), *(("role", role) for role in sorted(actor.roles))]:
        parts.append(
            f"({found} {{party}} p JOIN {{document}} d USING (document)"
            f" WHERE p.kind = %s AND p.name = %s{end})"
        )
        all_values += [kind, name, *values]
    union = f"{' UNION '.join(parts)} ORDER BY number DESC LIMIT {limit + 1}"
    rows = f"SELECT {columns(DOCUMENT, 'd')} FROM ({union}) f JOIN {{document}} d USING (document)"
    return rows, all_values
