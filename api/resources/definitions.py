"""Definitions: what kinds of documents there are."""

from dataclasses import dataclass

import falcon

from api.body import read_body
from api.commanding import Commanding
from api.query import cursor_of, limit_of, whole
from api.reading import PAGING, Reading
from api.schemas.definitions import NewDefinition
from domain.definition.commands import PublishDefinition
from domain.errors import Reason, RefusedError
from domain.streams import definition_stream
from projections.workspace.definitions import as_sent

_NEW = NewDefinition()

#: Versions that a definition may have, far beyond what one ever has.
_MOST_VERSIONS = 10**9


@dataclass(frozen=True)
class Definitions:
    """/v1/definitions."""

    commanding: Commanding
    reading: Reading

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Put a version in force: the first, or the next one."""
        headers = self.commanding.headers(req)
        name, content = read_body(req, _NEW)
        command = PublishDefinition(name, content)
        outcome = self.commanding.give(req, headers, command)
        location = f"/v1/definitions/{name}?version={outcome.version}"
        self.commanding.tell(resp, command, outcome, location)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the versions in force, by when they were published."""
        given = self.reading.begin(req, *PAGING)
        above = int((cursor_of(given, "definitions", (int,)) or [0])[0])
        page = self.reading.queries.definitions.in_force(above, limit_of(given))
        self.reading.tell_page(resp, "definitions", page, [as_sent(row) for row in page.rows])


@dataclass(frozen=True)
class Definition:
    """/v1/definitions/{name}."""

    reading: Reading

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Show the version in force, or the one that `?version=` names."""
        given = self.reading.begin(req, "version")
        version = None
        if "version" in given:
            version = whole(given["version"], "version", _MOST_VERSIONS)
        shown, row = self.reading.queries.definitions.one(name, version)
        if row is None:
            raise RefusedError(Reason.NOT_FOUND, "there is no such definition", "name")
        self.reading.tell(resp, shown, definition_stream(name), as_sent(row))
        resp.set_header("ETag", f'"{row["definition_version"]}"')
