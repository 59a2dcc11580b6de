"""The whole core in memory: commands go in, and the workspace shows what they did."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from commands.bus import Bus
from commands.ports import Outcome, Ports
from domain.actor import SYSTEM, Actor
from domain.calendar.content import PublishedCalendar
from domain.calendar.events import CalendarDefined
from domain.command import Command
from domain.definition.commands import PublishDefinition
from domain.definition.events import DefinitionPublished
from domain.directory.absence import Absence
from domain.directory.authority import Limit
from domain.directory.commands import AddPerson, AssignManager, GrantRole
from domain.document.facts import Published
from projections.base import Change, Row, Table
from projections.workspace import WORKSPACE, calendars
from projections.workspace.calendars import CALENDAR
from projections.workspace.definitions import DEFINITION, WORK, as_sent, work_as_sent
from projections.workspace.directory import ABSENCE, AUTHORITY, PERSON
from projections.workspace.documents import DOCUMENT
from projections.workspace.inbox import TASK
from projections.workspace.jobs import JOB
from projections.workspace.plain import plain_row
from projections.workspace.timeline import ENTRY
from tests.builders import ANN, FAY, FIN, ZOE, an_envelope, content
from tests.fakes import (
    InMemoryCalendars,
    InMemoryDefinitions,
    InMemoryDirectory,
    InMemoryEventLog,
    InMemoryRows,
    Known,
    as_json,
)

#: The usual world of `tests.builders`, as commands.
USUAL: Sequence[Command] = (
    PublishDefinition("purchase", content()),
    *(AddPerson(login, login.title()) for login in ("ann", "bob", "mia", "fay", "fin", "zoe")),
    *(GrantRole(actor.login, role) for actor in (FAY, FIN, ZOE) for role in sorted(actor.roles)),
    AssignManager("ann", "mia"),
    AssignManager("mia", "zoe"),
)


class WorkspaceOffice:
    """A bus whose directory and definitions are what the workspace shows."""

    def __init__(self, *commands: Command | tuple[Command, Actor]) -> None:
        self.log = InMemoryEventLog()
        self.rows = InMemoryRows()
        self.directory = InMemoryDirectory({})
        self.definitions = InMemoryDefinitions()
        self.calendars = InMemoryCalendars()
        ports = Ports(self.directory, self.definitions, self.calendars)
        self.bus = Bus(self.log, ports, lambda _: None)
        self.projected = 0
        for each in commands:
            self.do(*each) if isinstance(each, tuple) else self.do(each, SYSTEM)

    def do(self, command: Command, by: Actor = ANN) -> list[Change]:
        """Handle the command and show it; return what the feed tells."""
        self.handle(command, by)
        return self.catch_up()

    def handle(self, command: Command, by: Actor = ANN) -> Outcome:
        return self.bus.handle(an_envelope(command, by))

    def catch_up(self) -> list[Change]:
        news = self.log.events[self.projected :]
        changes = self.rows.run(WORKSPACE, news)
        self.projected += len(news)
        for row in self.rows.all(PERSON).values():
            self.directory.people[str(row["login"])] = _known(row, self.rows)
        for each in news:
            if isinstance(each.event, DefinitionPublished):
                event = each.event
                self.definitions.versions.setdefault(event.definition, []).append(
                    Published(
                        event.definition,
                        event.definition_version,
                        event.content,
                        event.content_hash,
                    )
                )
            elif isinstance(each.event, CalendarDefined):
                self._show_calendar(each.event)
        return changes

    def _show_calendar(self, event: CalendarDefined) -> None:
        self.calendars.versions.setdefault(event.calendar, []).append(
            PublishedCalendar(
                event.calendar, event.calendar_version, event.content, event.content_hash
            )
        )

    def snapshot(self) -> "Snapshot":
        """Read everything anew, as the API's clients see it."""
        entries: dict[str, list[Any]] = {}
        for row in self.rows.all(ENTRY).values():
            entries.setdefault(str(row["document"]), []).append(_seen(row))
        return Snapshot(
            self._table(DOCUMENT),
            entries,
            self._table(TASK),
            self._table(PERSON),
            self._table(DEFINITION),
            self._table(JOB),
            calendars=self._table(CALENDAR),
            works=self._table(WORK),
        )

    def _table(self, table: Table) -> dict[str, Any]:
        seen = _AS_SENT.get(table.name, plain_row)
        return {_key(*key): as_json(seen(row)) for key, row in self.rows.all(table).items()}


def usual_office(*further: Command | tuple[Command, Actor]) -> WorkspaceOffice:
    return WorkspaceOffice(*USUAL, *further)


@dataclass
class Snapshot:
    """What a client holds: rows by their keys, as JSON."""

    documents: dict[str, Any] = field(default_factory=dict)
    entries: dict[str, list[Any]] = field(default_factory=dict)
    tasks: dict[str, Any] = field(default_factory=dict)
    people: dict[str, Any] = field(default_factory=dict)
    definitions: dict[str, Any] = field(default_factory=dict)
    jobs: dict[str, Any] = field(default_factory=dict)
    calendars: dict[str, Any] = field(default_factory=dict)
    works: dict[str, Any] = field(default_factory=dict)

    def after(self, changes: Sequence[Change]) -> "Snapshot":
        """Return what a client makes of it by the feed alone."""
        found = copy.deepcopy(self)
        for change in changes:
            found._apply(change, change.data)
        return found

    def _apply(self, change: Change, data: Mapping[str, Any]) -> None:
        if change.document is not None:
            document = str(change.document)
            self.documents.setdefault(document, {}).update(data["document"])
            entry = {**data["entry"], "document": document}
            self.entries.setdefault(document, []).append(entry)
            for slot in data.get("closed", ()):
                del self.tasks[_key(document, slot)]
            for task in data.get("opened", ()):
                self.tasks[_key(document, task["slot"])] = task
        if "person" in data:
            (login,) = [each.partition(":")[2] for each in change.topics]
            self.people.setdefault(login, {}).update(data["person"])
        if "job" in data:
            self.jobs.setdefault(data["job"]["job"], {}).update(data["job"])
        if "work" in data:
            self.works[data["work"]["definition"]] = data["work"]
        if "definition" in data:
            row = data["definition"]
            self.definitions[_key(row["definition"], row["definition_version"])] = row
        if "calendar" in data:
            row = data["calendar"]
            self.calendars[_key(row["calendar"], row["calendar_version"])] = row


_AS_SENT = {DEFINITION.name: as_sent, WORK.name: work_as_sent, CALENDAR.name: calendars.as_sent}


def _key(*parts: object) -> str:
    return "/".join(map(str, parts))


def _seen(row: Row) -> Any:
    return as_json(plain_row(row))


def _known(row: Row, rows: InMemoryRows) -> Known:
    known: Any = row
    authority: Any = rows.all(AUTHORITY).get((known["login"],), {"limits": []})
    absences: Any = [each for each in rows.all(ABSENCE).values() if each["login"] == known["login"]]
    return Known(
        active=known["active"],
        manager=known["manager"],
        roles=frozenset(known["roles"]),
        level=known["level"],
        department=known["department"],
        limits=msgspec.convert(authority["limits"], tuple[Limit, ...]),
        zone=known["zone"],
        absences=tuple(map(_absence, absences)),
    )


def _absence(row: Any) -> Absence:
    named = {name: value for name, value in row.items() if name not in ("login", "absence")}
    return msgspec.convert({**named, "id": row["absence"]}, Absence)
