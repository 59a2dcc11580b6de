"""In-memory ports, which keep the contracts of `tests.contracts` and check how they are used."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from commands.ports import ConflictError, KeyReusedError, Outcome, Request
from domain.actor import ADMIN
from domain.calendar.content import PublishedCalendar
from domain.directory.absence import USUAL_ZONE, Absence
from domain.directory.authority import Limit
from domain.directory.facts import (
    LONGEST_CHAIN,
    MOST_MEMBERS,
    DirectoryFacts,
    Needs,
    PersonFacts,
)
from domain.document.facts import Published
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
    level: int | None = None
    department: str = ""
    limits: tuple[Limit, ...] = ()
    zone: str = USUAL_ZONE
    absences: tuple[Absence, ...] = ()

    def facts(self, at: datetime | None) -> PersonFacts:
        absences = [each for each in self.absences if at is None or not _is_over(each, at)]
        return PersonFacts(
            self.active,
            self.manager,
            self.level,
            self.department,
            self.limits,
            self.zone,
            tuple(sorted(absences, key=Absence.precedence)),
        )


def _is_over(absence: Absence, at: datetime) -> bool:
    """Tell whether it was over for certain, wherever the person lives."""
    if absence.ended_at is not None and absence.ended_at <= at:
        return True
    return absence.last is not None and absence.last < (at - timedelta(days=1)).date()


@dataclass
class InMemoryDirectory:
    """The port Directory, on people by login; remembers what it was asked."""

    people: dict[str, Known]
    asked: list[Needs] = field(default_factory=list)

    def facts(self, needs: Needs, but_not: str, at: datetime | None = None) -> DirectoryFacts:
        self.asked.append(needs)
        holders = {
            role: sorted(
                login
                for login, known in self.people.items()
                if known.active and role in known.roles
            )
            for role in needs.roles
        }
        named = {*needs.people, *needs.chains}
        named |= {self.people[login].manager or "" for login in needs.people & self.people.keys()}
        for login in needs.chains:
            named.update(self.managers_above(login)[: LONGEST_CHAIN + 1])
        for role in holders.values():
            named.update(role[:MOST_MEMBERS])
        known = {login: each.facts(at) for login, each in self.people.items()}
        for login in named & known.keys():
            named = named | {each.substitute or "" for each in known[login].absences}
        return DirectoryFacts(
            {login: person for login, person in known.items() if login in named},
            frozenset(role for role, found in holders.items() if {*found} - {but_not}),
            {
                role: tuple(found)
                for role, found in holders.items()
                if 0 < len(found) <= MOST_MEMBERS
            },
            frozenset(role for role, found in holders.items() if len(found) > MOST_MEMBERS),
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

    def latest(self, name: str, at: datetime | None = None) -> Published | None:
        return (self.versions.get(name) or [None])[-1]

    def version(self, name: str, version: int) -> Published | None:
        for each in self.versions.get(name, []):
            if each.version == version:
                return each
        return None


@dataclass
class InMemoryCalendars:
    """The port Calendars, on the versions of each calendar, oldest first."""

    versions: dict[str, list[PublishedCalendar]] = field(default_factory=dict)

    def calendar(self, name: str) -> PublishedCalendar | None:
        return (self.versions.get(name) or [None])[-1]

    def version(self, name: str, version: int) -> PublishedCalendar | None:
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
