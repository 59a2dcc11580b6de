"""A world in memory for imports: a log by streams, and views that are never behind it."""

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from commands.bus import Bus
from commands.ports import ConflictError, KeyReusedError, Outcome, Ports, Request
from domain.definition.events import DefinitionPublished
from domain.directory.events import PersonAdded, RoleGranted
from domain.document.facts import Published
from domain.metadata import Event, Meta, Recorded
from tests.fakes import InMemoryCalendars, InMemoryDefinitions, InMemoryDirectory, Known


class StreamLog:
    """The port EventLog, by stream, so that whole logs go through it. Keeps the views."""

    def __init__(self, directory: InMemoryDirectory, definitions: InMemoryDefinitions) -> None:
        self.streams: dict[UUID, list[Recorded]] = defaultdict(list)
        self.loads = 0
        self.appends = 0
        self._directory = directory
        self._definitions = definitions
        self._outcomes: dict[str, tuple[bytes, Outcome]] = {}
        self._position = 0
        self._lock = threading.RLock()

    def load(self, stream: UUID) -> Sequence[Recorded]:
        with self._lock:
            self.loads += 1
            return list(self.streams[stream])

    def append(
        self, stream: UUID, version: int, events: Sequence[Event], meta: Meta, request: Request
    ) -> Outcome:
        with self._lock:
            first = self.first_outcome(request)
            if first is not None:
                return first
            there = self.streams[stream]
            if len(there) != version:
                raise ConflictError(f"the stream is at {len(there)}, not at {version}")
            self.appends += 1
            self._position += len(events)
            there += [
                Recorded(stream, number, event, meta)
                for number, event in enumerate(events, version + 1)
            ]
            for event in events:
                self._view(event)
            outcome = Outcome(stream, len(there), self._position)
            self._outcomes[request.command_id] = request.digest, outcome
            return outcome

    def first_outcome(self, request: Request) -> Outcome | None:
        if request.command_id not in self._outcomes:
            return None
        digest, outcome = self._outcomes[request.command_id]
        if digest != request.digest:
            raise KeyReusedError(request.command_id)
        return replace(outcome, repeated=True)

    def forget_requests(self) -> None:
        """Do what cleaning the idempotency rows does."""
        self._outcomes.clear()

    def events(self) -> dict[UUID, list[Event]]:
        """Return what every document's stream says."""
        return {
            stream: [each.event for each in there]
            for stream, there in self.streams.items()
            if there and there[0].event.TOPIC.startswith("document.")
        }

    def _view(self, event: Event) -> None:
        people = self._directory.people
        match event:
            case DefinitionPublished():
                published = Published(
                    event.definition, event.definition_version, event.content, event.content_hash
                )
                self._definitions.versions.setdefault(event.definition, []).append(published)
            case PersonAdded():
                people[event.login] = Known()
            case RoleGranted():
                known = people[event.login]
                people[event.login] = replace(known, roles=known.roles | {event.role})


@dataclass
class World:
    """All that an import needs."""

    directory: InMemoryDirectory = field(default_factory=lambda: InMemoryDirectory({}))
    definitions: InMemoryDefinitions = field(default_factory=InMemoryDefinitions)

    def __post_init__(self) -> None:
        self.log = StreamLog(self.directory, self.definitions)
        self.grown = 0
        self.bus = Bus(
            self.log, Ports(self.directory, self.definitions, InMemoryCalendars()), self._grown
        )
        self._now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def now(self) -> datetime:
        self._now += timedelta(microseconds=1)
        return self._now

    def _grown(self, _outcome: Outcome) -> None:
        self.grown += 1
