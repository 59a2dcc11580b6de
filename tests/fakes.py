"""In-memory ports, which keep the contracts of `tests.contracts` and check how they are used."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from commands.ports import ConflictError, KeyReusedError, Outcome, Request
from domain.actor import ADMIN
from domain.document.facts import DirectoryFacts, Needs, PersonFacts, Published
from domain.metadata import Event, Meta, Recorded
from projections.base import Change, Key, Kind, Projection, Row, Table


class InMemoryEventLog:
    """The port EventLog: one list. Safe to use from many threads."""

    def __init__(self) -> None:
        self.events: list[Recorded] = []
        self._outcomes: dict[str, tuple[bytes, Outcome]] = {}
        self._lock = threading.Lock()

    def load(self, stream: UUID) -> Sequence[Recorded]:
        with self._lock:
            return [each for each in self.events if each.stream == stream]

    def append(
        self, stream: UUID, version: int, events: Sequence[Event], meta: Meta, request: Request
    ) -> Outcome:
        with self._lock:
            first = self._first(request)
            if first is not None:
                return first
            if sum(each.stream == stream for each in self.events) != version:
                raise ConflictError(f"the stream is not at {version}")
            for number, event in enumerate(events, version + 1):
                self.events.append(Recorded(stream, number, event, meta, len(self.events) + 1))
            outcome = Outcome(stream, version + len(events), len(self.events))
            self._outcomes[request.command_id] = (request.digest, outcome)
            return outcome

    def first_outcome(self, request: Request) -> Outcome | None:
        with self._lock:
            return self._first(request)

    def _first(self, request: Request) -> Outcome | None:
        if request.command_id not in self._outcomes:
            return None
        digest, outcome = self._outcomes[request.command_id]
        if digest != request.digest:
            raise KeyReusedError(request.command_id)
        return replace(outcome, repeated=True)


@dataclass(frozen=True)
class Known:
    """A person as the directory has them."""

    active: bool = True
    manager: str | None = None
    roles: frozenset[str] = frozenset()


@dataclass
class InMemoryDirectory:
    """The port Directory, on people by login; remembers what it was asked."""

    people: dict[str, Known]
    asked: list[Needs] = field(default_factory=list)

    def facts(self, needs: Needs, but_not: str) -> DirectoryFacts:
        self.asked.append(needs)
        asked = {login: self.people[login] for login in needs.people & self.people.keys()}
        managers = {known.manager for known in asked.values()}
        return DirectoryFacts(
            {
                login: PersonFacts(known.active, known.manager)
                for login, known in self.people.items()
                if login in asked or login in managers
            },
            frozenset(
                role
                for login, known in self.people.items()
                for role in known.roles & needs.roles
                if known.active and login != but_not
            ),
        )

    def managers_above(self, login: str) -> Sequence[str]:
        above: list[str] = []
        while login in self.people and len(above) < 100:
            manager = self.people[login].manager
            if manager is None:
                break
            above.append(manager)
            login = manager
        return above

    def is_active(self, login: str) -> bool | None:
        return self.people[login].active if login in self.people else None

    def other_admins(self, login: str) -> int:
        return sum(
            each != login and known.active and ADMIN in known.roles
            for each, known in self.people.items()
        )


@dataclass
class InMemoryDefinitions:
    """The port Definitions, on the versions of each definition, oldest first."""

    versions: dict[str, list[Published]] = field(default_factory=dict)

    def latest(self, name: str) -> Published | None:
        return (self.versions.get(name) or [None])[-1]

    def version(self, name: str, version: int) -> Published | None:
        for each in self.versions.get(name, []):
            if each.version == version:
                return each
        return None


_TYPES: Mapping[Kind, type] = {
    Kind.KEY: str,
    Kind.TEXT: str,
    Kind.INTEGER: int,
    Kind.BOOLEAN: bool,
    Kind.INSTANT: datetime,
    Kind.UUID: UUID,
    Kind.JSON: object,
}

#: Characters that a key column takes.
LONGEST_KEY = 120


class InMemoryRows:
    """The tables of projections. Within a batch a fold gets what was put; after it, what a
    database would give back. Refuses what a database would, and every `get` of a key that
    `reads` did not name."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[Key, Row]] = {}
        self._named: set[tuple[str, Key]] = set()

    def run(self, projection: Projection, batch: Sequence[Recorded]) -> list[Change]:
        """Fold a batch; return all changes, as JSON has them."""
        changes: list[Change] = []
        for each in batch:
            if each.event.TOPIC in projection.topics:
                self._named = {(table.name, key) for table, key in projection.reads(each)}
                changes += projection.fold(self, each)
        self._settle(projection)
        return [replace(change, data=as_json(change.data)) for change in changes]

    def get(self, table: Table, key: Key) -> Row | None:
        assert (table.name, key) in self._named, f"{table.name} {key} was not named by reads"
        return self._tables.get(table.name, {}).get(key)

    def put(self, table: Table, row: Row) -> None:
        assert row.keys() == {column.name for column in table.columns}, (table.name, row)
        for column in table.columns:
            value = row[column.name]
            if value is None:
                assert column.optional, (table.name, column.name)
                assert column.name not in table.key, (table.name, column.name)
                continue
            assert isinstance(value, _TYPES[column.kind]), (table.name, column.name, value)
            if column.kind is Kind.KEY:
                assert len(str(value)) <= LONGEST_KEY, (table.name, column.name, value)
        self._tables.setdefault(table.name, {})[table.key_of(row)] = row

    def delete(self, table: Table, key: Key) -> None:
        self._tables.get(table.name, {}).pop(key, None)

    def all(self, table: Table) -> Mapping[Key, Row]:
        """Return the table's rows by their keys."""
        return dict(self._tables.get(table.name, {}))

    def _settle(self, projection: Projection) -> None:
        for table in projection.tables:
            json_columns = [each.name for each in table.columns if each.kind is Kind.JSON]
            for key, row in self._tables.get(table.name, {}).items() if json_columns else ():
                stored = {name: as_json(row[name]) for name in json_columns}
                self._tables[table.name][key] = {**row, **stored}


def as_json(value: object) -> object:
    """Return what comes back of a value that was written as JSON."""
    return json.loads(json.dumps(value, allow_nan=False))


def in_batches(events: Sequence[Recorded], sizes: Iterator[int]) -> Iterator[Sequence[Recorded]]:
    """Yield `events` in batches of these sizes; the last size goes on."""
    begin = 0
    while begin < len(events):
        size = next(sizes, len(events))
        yield events[begin : begin + size]
        begin += size
