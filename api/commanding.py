"""From a request to a command's effect, and from its outcome to the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import falcon
import msgspec

from api.authentication import actor_of
from api.command_headers import CommandHeaders, headers_of
from api.observing import correlation_of
from api.rights import require_history, require_reasons
from api.waiting import Waiting
from commands.bus import CrowdedError, StaleVersionError
from commands.envelope import Envelope
from commands.ports import KeyReusedError, Outcome
from domain.calendar.commands import CalendarCommand
from domain.command import Command
from domain.definition.commands import DefinitionCommand
from domain.directory.commands import PersonCommand
from domain.document.commands import DocumentCommand
from domain.errors import RefusedError
from domain.job.commands import JobCommand
from domain.metadata import Channel
from infra.bootstrap import Parts

#: What a command that was not done counts as; any other error, as failed.
_OUTCOMES: Mapping[type[Exception], str] = {
    RefusedError: "refused",
    StaleVersionError: "stale",
    KeyReusedError: "key_reused",
    CrowdedError: "crowded",
}


@dataclass(frozen=True)
class Commanding:
    """Gives commands to the bus. Safe to use from many threads."""

    parts: Parts
    waiting: Waiting

    def headers(self, req: falcon.Request, *names: str) -> CommandHeaders:
        """Return what surrounds the command, once the views show `?after_position=`.

        The URL may have the parameters `names` beside it.

        A command that needs what another one did, a manager or a definition, names its position.

        Raises:
            ApiError: MALFORMED_HEADER, MALFORMED_QUERY, OTHER_EPOCH, NOT_YET_SHOWN.
        """
        self.waiting.begin(req, *names)
        return headers_of(req, actor_of(req).login)

    def give(self, req: falcon.Request, headers: CommandHeaders, command: Command) -> Outcome:
        """Let the command take effect once; return what it did, the first time.

        Raises what `Bus.handle` does.
        """
        envelope = Envelope(
            command=command,
            command_id=headers.command_id,
            actor=actor_of(req),
            at=datetime.now(UTC),  # noqa: TID251  # here time comes to a command
            channel=Channel.API,
            expected_version=headers.expected_version,
            correlation_id=correlation_of(req),
        )
        try:
            return self._counted(envelope)
        except StaleVersionError as error:
            require_history(self.parts, envelope.actor, command, error)
            raise
        except RefusedError:
            require_reasons(self.parts, envelope.actor, command)
            raise

    def _counted(self, envelope: Envelope) -> Outcome:
        """Hand the command to the bus, and count what became of it."""
        name, count = envelope.command.NAME, self.parts.metrics.commands.handled
        try:
            outcome = self.parts.bus.handle(envelope)
        except Exception as error:
            count(name, _OUTCOMES.get(type(error), "failed"))
            raise
        count(name, "repeated" if outcome.repeated else "done")
        return outcome

    def answer(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        headers: CommandHeaders,
        command: Command,
        location: str = "",
    ) -> None:
        """Let the command take effect, and tell what it did; `location` is what it created."""
        self.tell(resp, command, self.give(req, headers, command), location)

    def tell(
        self,
        resp: falcon.Response,
        command: Command,
        outcome: Outcome,
        location: str = "",
        **members: object,
    ) -> None:
        """Make `resp` what a command's outcome is to clients."""
        name, value = subject_of(command)
        body = {
            name: value,
            "version": outcome.version,
            "position": str(self.parts.position(outcome)),
            "repeated": outcome.repeated,
        }
        resp.data = msgspec.json.encode(body | members)
        resp.set_header("ETag", f'"{outcome.version}"')
        if location:
            resp.status = falcon.HTTP_CREATED
            resp.set_header("Location", location)


def subject_of(command: Command) -> tuple[str, object]:
    """Return what the command is about: which kind of thing, and its id."""
    match command:
        case DocumentCommand(document):
            return "document", document
        case PersonCommand(login):
            return "person", login
        case DefinitionCommand(definition):
            return "definition", definition
        case CalendarCommand(calendar):
            return "calendar", calendar
        case JobCommand(job):
            return "job", job
    raise TypeError(f"{command.NAME} is about nothing known")
