"""Documents: the list, one of them, what happened to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import falcon
import msgspec

from api.authentication import actor_of
from api.body import read_body
from api.commanding import Commanding
from api.query import cursor_of, limit_of, malformed
from api.reading import PAGING, Reading
from api.rights import no_document, not_yours, require_party
from api.schemas.documents import NewDocument, Values
from domain.document.commands import CreateDocument, ReviseDocument
from domain.document.state import Status
from domain.metadata import Recorded
from infra.history import History
from infra.views.access import Access
from infra.views.queries.documents import FILTERS

_NEW, _VALUES = NewDocument(), Values()


@dataclass(frozen=True)
class Documents:
    """/v1/documents."""

    commanding: Commanding
    reading: Reading

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Create a draft."""
        headers = self.commanding.headers(req)
        command = CreateDocument(headers.new_document, **read_body(req, _NEW))
        location = f"/v1/documents/{command.document}"
        self.commanding.answer(req, resp, headers, command, location)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List what the actor may read, newest first."""
        given = self.reading.begin(req, *FILTERS, *PAGING)
        filters = {name: given[name] for name in FILTERS if name in given}
        if "status" in filters and filters["status"] not in list(Status):
            raise malformed(f"a status is one of {', '.join(Status)}", "status")
        cursor = cursor_of(given, "documents", (int,))
        below = None if cursor is None else int(cursor[0])
        page = self.reading.queries.documents.readable(
            actor_of(req), filters, below, limit_of(given)
        )
        self.reading.tell_page(resp, "documents", page)


@dataclass(frozen=True)
class Document:
    """/v1/documents/{document}."""

    commanding: Commanding
    reading: Reading
    access: Access

    def on_get(self, req: falcon.Request, resp: falcon.Response, document: UUID) -> None:
        """Show it, with its version as ETag."""
        self.reading.begin(req)
        actor = actor_of(req)
        found = self.reading.queries.documents.one(document, actor)
        if found.row is None:
            raise no_document()
        if not (found.readable or self.access.may_read(actor, document)):
            raise not_yours(actor)
        self.reading.tell(resp, found.shown, document, found.row)
        resp.set_header("ETag", f'"{found.row["version"]}"')

    def on_patch(self, req: falcon.Request, resp: falcon.Response, document: UUID) -> None:
        """Give fields other values."""
        headers = self.commanding.headers(req)
        command = ReviseDocument(document, **read_body(req, _VALUES))
        self.commanding.answer(req, resp, headers, command)


@dataclass(frozen=True)
class Timeline:
    """/v1/documents/{document}/timeline."""

    reading: Reading
    access: Access

    def on_get(self, req: falcon.Request, resp: falcon.Response, document: UUID) -> None:
        """List what happened to it, in order."""
        given = self.reading.begin(req, *PAGING)
        actor = actor_of(req)
        after = int((cursor_of(given, "timeline", (int,)) or [0])[0])
        found = self.reading.queries.timeline.of(document, actor, after, limit_of(given))
        if not found.exists:
            raise no_document()
        if not (found.readable or self.access.may_read(actor, document)):
            raise not_yours(actor)
        self.reading.tell_page(resp, "timeline", found.page)


@dataclass(frozen=True)
class Events:
    """/v1/documents/{document}/events: from the log itself."""

    history: History
    reading: Reading
    access: Access

    def on_get(self, req: falcon.Request, resp: falcon.Response, document: UUID) -> None:
        """List its events as they are recorded, in order."""
        given = self.reading.begin(req, *PAGING)
        after, limit = int((cursor_of(given, "events", (int,)) or [0])[0]), limit_of(given)
        events = self.history.of(document)
        require_party(document, events, actor_of(req), self.access)
        page = events[after : after + limit]
        more = after + limit < len(events)
        resp.data = msgspec.json.encode(
            {
                "items": [_as_recorded(each) for each in page],
                "next": self._next(events, after + limit) if more else None,
            }
        )

    def _next(self, events: Sequence[Recorded], after: int) -> str:
        """Return where the next page begins; it must know the last event that this one knows."""
        return self.reading.cursor("events", (after,), events[-1].position or 0)


def _as_recorded(recorded: Recorded) -> dict[str, object]:
    return {
        "version": recorded.version,
        "position": recorded.position,
        "topic": recorded.event.TOPIC,
        "meta": recorded.meta,
        "data": recorded.event,
    }
