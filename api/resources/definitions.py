"""Definitions: what kinds of documents there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import falcon
import msgspec

from api.commanding import Commanding
from api.query import cursor_of, limit_of, no_parameters, whole
from api.reading import PAGING, Reading
from api.resources.definition_texts import instant_of, publish, read_sent, require_stands
from api.schemas.json_schema import definition_schema
from domain.definition.commands import PublishDefinition
from domain.errors import Reason, RefusedError
from domain.streams import definition_stream
from projections.workspace.definitions import as_sent

#: Versions that a definition may have, far beyond what one ever has.
MOST_VERSIONS = 10**9


@dataclass(frozen=True)
class Definitions:
    """/v1/definitions."""

    commanding: Commanding
    reading: Reading

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Put a version in force: the first, or the next one."""
        headers = self.commanding.headers(req)
        name, content = require_stands(read_sent(req))
        publish(self.commanding, req, resp, headers, PublishDefinition(name, content))

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the versions in force, by when they were published."""
        given = self.reading.begin(req, *PAGING)
        above = int((cursor_of(given, "definitions", (int,)) or [0])[0])
        page = self.reading.queries.definitions.in_force(above, limit_of(given), _now())
        self.reading.tell_page(resp, "definitions", page, [as_sent(row) for row in page.rows])


@dataclass(frozen=True)
class Definition:
    """/v1/definitions/{name}."""

    commanding: Commanding
    reading: Reading

    def on_put(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Put a version in force, now or from `?effective_from=` on."""
        headers = self.commanding.headers(req, "effective_from")
        _, content = require_stands(read_sent(req, name))
        command = PublishDefinition(name, content, instant_of(req.params.get("effective_from")))
        publish(self.commanding, req, resp, headers, command)

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Show the version in force, or the one that `?version=` names."""
        given = self.reading.begin(req, "version")
        definitions = self.reading.queries.definitions
        if "version" in given:
            version = whole(given["version"], "version", MOST_VERSIONS)
            shown, row = definitions.one(name, version)
        else:
            shown, row = definitions.current(name, _now())
        if row is None:
            raise RefusedError(Reason.NOT_FOUND, "there is no such definition", "name")
        body, version_of_stream = _parted(row)
        self.reading.tell(resp, shown, definition_stream(name), as_sent(body))
        resp.set_header("ETag", f'"{version_of_stream}"')


@dataclass(frozen=True)
class Versions:
    """/v1/definitions/{name}/versions."""

    reading: Reading

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """List every version, oldest first, deprecated ones and those to come among them."""
        given = self.reading.begin(req, *PAGING)
        above = int((cursor_of(given, "versions", (int,)) or [0])[0])
        page = self.reading.queries.definitions.versions(name, above, limit_of(given))
        self.reading.tell_page(resp, "versions", page, [as_sent(row) for row in page.rows])


@dataclass(frozen=True)
class DefinitionSchema:
    """/v1/definitions/schema: open to all, for editors ask without a token."""

    is_open = True

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the JSON Schema of definitions."""
        no_parameters(req)
        resp.data = msgspec.json.encode(definition_schema())


def _parted(row: Mapping[str, object]) -> tuple[Mapping[str, object], object]:
    """Return what is shown of a version, and the version of its definition's stream."""
    return {name: row[name] for name in row if name != "version"}, row["version"]


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # here time comes to a question
