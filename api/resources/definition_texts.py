"""Definitions as they are sent: texts in YAML or JSON, refused with everything that is wrong."""

from datetime import datetime
from typing import Any

import falcon
from marshmallow import ValidationError

from api.body import media_type, read_raw
from api.command_headers import CommandHeaders
from api.commanding import Commanding
from api.definition_reading import Read, read_body, read_text
from api.problems import ApiError, Fault
from api.query import malformed
from api.schemas.members import Instant
from commands.ports import Outcome
from domain.definition.commands import DefinitionCommand
from domain.definition.content import Content
from domain.definition.events import DefinitionPublished
from domain.definition.publishing import LARGEST_SOURCE
from domain.errors import Reason, RefusedError, refuse_all
from domain.streams import definition_stream
from infra.definitions.reading import Language

#: As what a definition may be sent.
MEDIA_TYPES = tuple(language.value for language in Language)


def read_sent(req: falcon.Request, name: str = "") -> Read:
    """Return what the body says; `name` is the definition's where the body need not say it.

    Raises:
        ApiError: too large, of another type, or a text that cannot be read at all.
    """
    raw = read_raw(req, MEDIA_TYPES, LARGEST_SOURCE)
    if not raw:
        return read_body({}, name)
    read = read_text(raw, Language(media_type(req)), name)
    unread = read.unreadable
    if unread is not None:
        at: dict[str, Any] = (
            {} if unread.line is None else {"line": unread.line, "column": unread.column}
        )
        raise ApiError(Fault.MALFORMED_JSON, unread.message, **at)
    return read


def require_stands(read: Read) -> tuple[str, Content]:
    """Return the definition's name and content, if nothing is wrong with it.

    Raises:
        RefusedError: with everything that is wrong.
    """
    refuse_all(read.findings)
    if read.content is None:
        raise RefusedError(Reason.INVALID, "this is no definition")
    return read.name, read.content


def instant_of(text: object) -> datetime | None:
    """Return the instant that the parameter `effective_from` is; None where it is not given.

    Raises:
        ApiError: MALFORMED_QUERY.
    """
    if text is None:
        return None
    try:
        found: datetime = Instant().deserialize(text)
    except ValidationError as error:
        raise malformed(str(error.messages[0]), "effective_from") from None
    return found


def publish(
    commanding: Commanding,
    req: falcon.Request,
    resp: falcon.Response,
    headers: CommandHeaders,
    command: DefinitionCommand,
) -> None:
    """Let a publication take effect, and tell which version it made."""
    outcome = commanding.give(req, headers, command)
    version = _version_made(commanding, command, outcome)
    location = f"/v1/definitions/{command.definition}?version={version}"
    commanding.tell(resp, command, outcome, location, definition_version=version)


def _version_made(commanding: Commanding, command: DefinitionCommand, outcome: Outcome) -> int:
    """Return the number of the version that a publication made, by the log."""
    history = commanding.parts.log.load(definition_stream(command.definition))
    made = history[outcome.version - 1].event
    if not isinstance(made, DefinitionPublished):
        raise TypeError(f"{made.TOPIC} is no publication")
    return made.definition_version
