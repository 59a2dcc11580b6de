"""Handle commands: load, decide, append; again after a conflict; once for each key."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from commands.envelope import Envelope
from commands.handlers import HANDLERS, Handler
from commands.ports import ConflictError, EventLog, Outcome, Ports, Request
from domain.errors import RefusedError
from domain.metadata import Event, Recorded

#: How often a command is decided when others are faster each time. A rival that wins has done
#: something, so eight rounds without a place are a crowd on one document.
ATTEMPTS = 8


class CrowdedError(Exception):
    """Others changed the stream each time this command was decided; nothing was written."""


class StaleVersionError(Exception):
    """The stream is beyond the version that the client saw; nothing was written."""

    def __init__(self, expected: int, since: Sequence[Recorded], version: int) -> None:
        super().__init__(f"the version seen was {expected}, it is {version} now")
        self.expected = expected
        self.version = version
        """The stream's version now."""
        self.since = since
        """What happened after the version that the client saw."""


@dataclass(frozen=True)
class Bus:
    """Handles every command of `HANDLERS`. Safe to use from many threads."""

    log: EventLog
    ports: Ports
    grown: Callable[[Outcome], None]
    """Told after each append: the log has grown. Must not raise."""

    def handle(self, envelope: Envelope) -> Outcome:
        """Let the command take effect once, and return what it did, also if that was before.

        Raises:
            RefusedError: the command is refused, nothing happened.
            StaleVersionError: the stream is not at the version that the client saw.
            KeyReusedError: the command id was used for another request.
            CrowdedError: rivals won several times in a row.
        """
        request = Request(envelope.command_id, digest(envelope))
        handler = HANDLERS[type(envelope.command)]
        for attempt in range(ATTEMPTS):
            unseen = handler.begins and attempt == 0 and envelope.expected_version is None
            try:
                outcome = self._attempt(handler, envelope, request, unseen=unseen)
            except ConflictError:
                continue
            except (RefusedError, StaleVersionError):
                # Perhaps it is refused because it has taken effect: then this is a repetition.
                first = self.log.first_outcome(request)
                if first is None:
                    raise
                return first
            if not outcome.repeated:
                self.grown(outcome)
            return outcome
        raise CrowdedError(
            f"{ATTEMPTS} others changed the stream while this was decided: try again"
        )

    def _attempt(
        self, handler: Handler, envelope: Envelope, request: Request, *, unseen: bool
    ) -> Outcome:
        stream = handler.aggregate.stream(envelope.command)
        history = () if unseen else self.log.load(stream)
        _require_version(envelope, history)
        events = decide(handler, history, envelope, self.ports)
        return self.log.append(stream, len(history), events, envelope.meta, request)


def decide(
    handler: Handler, history: Sequence[Recorded], envelope: Envelope, ports: Ports
) -> Sequence[Event]:
    """Return what follows from the command after this history; no effect.

    Raises:
        RefusedError: nothing follows.
    """
    state: Any = None
    for recorded in history:
        state = handler.aggregate.evolve(state, recorded.event)
    facts = handler.facts(ports, state, envelope.command, envelope.circumstances)
    return handler.decide(state, envelope.command, envelope.circumstances, facts)


def digest(envelope: Envelope) -> bytes:
    """Return the name of what is asked and by whom; the same for a repetition."""
    command = envelope.command
    asked = {field.name: getattr(command, field.name) for field in fields(command) if field.compare}
    canonical = _CANONICAL.encode([command.NAME, envelope.actor.login, asked])
    return hashlib.sha256(canonical.encode()).digest()


def _text(value: object) -> object:
    """Return what JSON can say of a value that it does not know."""
    if hasattr(value, "__dataclass_fields__"):
        return vars(value)
    return str(value)


_CANONICAL = json.JSONEncoder(sort_keys=True, default=_text, check_circular=False)


def _require_version(envelope: Envelope, history: Sequence[Recorded]) -> None:
    expected = envelope.expected_version
    if expected is not None and expected != len(history):
        raise StaleVersionError(expected, history[expected:], len(history))
