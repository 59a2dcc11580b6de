"""The life of a version: draft, proposal, publication, deprecation."""

from dataclasses import dataclass

import falcon

from api.authentication import actor_of
from api.body import read_body, read_raw
from api.commanding import Commanding
from api.definition_reading import Read, read_text
from api.problems import ApiError, Fault
from api.reading import Reading
from api.resources.definition_texts import MEDIA_TYPES, publish, require_stands
from api.schemas.definition_life import Approval, Deprecation, FromDraft
from domain.actor import ADMIN
from domain.definition.commands import (
    ApprovePublication,
    DeprecateVersion,
    ProposePublication,
    PublishDefinition,
    SaveDraft,
)
from domain.definition.definition import Definition, evolve
from domain.definition.publishing import LARGEST_SOURCE
from domain.errors import Reason, RefusedError
from domain.streams import definition_stream
from infra.definitions.reading import language_of
from infra.views.access import reads_all
from projections.workspace.definitions import work_as_sent

_FROM_DRAFT, _APPROVAL, _DEPRECATION = FromDraft(), Approval(), Deprecation()


@dataclass(frozen=True)
class Draft:
    """/v1/definitions/{name}/draft."""

    commanding: Commanding
    reading: Reading

    def on_put(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Keep a text; its faults are told, and refuse nothing."""
        headers = self.commanding.headers(req)
        raw = read_raw(req, MEDIA_TYPES, LARGEST_SOURCE)
        try:
            command = SaveDraft(name, raw.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise ApiError(
                Fault.MALFORMED_JSON, f"the body is not UTF-8: byte {error.start + 1}"
            ) from None
        outcome = self.commanding.give(req, headers, command)
        findings = [each.plain for each in read_draft(name, command.source).findings]
        self.commanding.tell(resp, command, outcome, findings=findings)

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Show the last draft with its faults, and what waits for a second person.

        Raises:
            RefusedError: NOT_ALLOWED, NOT_FOUND.
        """
        self.reading.begin(req)
        if not reads_all(actor_of(req)):
            raise RefusedError(Reason.NOT_ALLOWED, "drafts are for admins and auditors")
        shown, row = self.reading.queries.definitions.work(name)
        if row is None:
            raise RefusedError(Reason.NOT_FOUND, "there is no such definition", "name")
        source = row["source"]
        read = None if source is None else read_draft(name, str(source))
        body = {
            **work_as_sent(row),
            "source": source,
            "findings": [each.plain for each in read.findings] if read else [],
        }
        self.reading.tell(resp, shown, definition_stream(name), body)
        resp.set_header("ETag", f'"{row["version"]}"')


@dataclass(frozen=True)
class Publication:
    """/v1/definitions/{name}/publish: puts the draft that `draft` names in force."""

    commanding: Commanding

    def on_post(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Publish what the draft says."""
        headers = self.commanding.headers(req)
        given = read_body(req, _FROM_DRAFT)
        read = draft_of(self.commanding, req, name, given["draft"])
        _, content = require_stands(read)
        publish(self.commanding, req, resp, headers, PublishDefinition(name, content, **given))


@dataclass(frozen=True)
class Proposal:
    """/v1/definitions/{name}/propose: asks a second person to publish a draft."""

    commanding: Commanding

    def on_post(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Let what the draft says wait for another admin."""
        headers = self.commanding.headers(req)
        given = read_body(req, _FROM_DRAFT)
        read = draft_of(self.commanding, req, name, given["draft"])
        _, content = require_stands(read)
        command = ProposePublication(name, content, **given)
        outcome = self.commanding.give(req, headers, command)
        self.commanding.tell(resp, command, outcome, content_hash=content.hash)


@dataclass(frozen=True)
class SecondPerson:
    """/v1/definitions/{name}/approve: publishes what another person has proposed."""

    commanding: Commanding

    def on_post(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Put the proposal in force, if it is the one that was seen."""
        headers = self.commanding.headers(req)
        command = ApprovePublication(name, **read_body(req, _APPROVAL))
        publish(self.commanding, req, resp, headers, command)


@dataclass(frozen=True)
class End:
    """/v1/definitions/{name}/deprecate."""

    commanding: Commanding

    def on_post(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Let no document begin under a version any more."""
        headers = self.commanding.headers(req)
        command = DeprecateVersion(name, **read_body(req, _DEPRECATION))
        self.commanding.answer(req, resp, headers, command)


def read_draft(name: str, source: str) -> Read:
    """Return what a draft says."""
    return read_text(source.encode(), language_of(source), name)


def draft_of(commanding: Commanding, req: falcon.Request, name: str, draft: int) -> Read:
    """Return what the last draft says, by the log.

    Raises:
        RefusedError: NOT_ALLOWED, for drafts are not for everybody; NOT_FOUND; STALE_REVISION, it
            is not the one that was seen.
    """
    actor_of(req).require(ADMIN)
    state: Definition | None = None
    for recorded in commanding.parts.log.load(definition_stream(name)):
        state = evolve(state, recorded.event)
    if state is None or not state.draft:
        raise RefusedError(Reason.NOT_FOUND, "there is no draft", "draft")
    if state.draft != draft:
        raise RefusedError(
            Reason.STALE_REVISION, f"the last draft is number {state.draft}", "draft"
        )
    return read_draft(name, state.draft_source)
