"""Calendars: which hours count, and what time is after some of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import falcon

from api.body import read_body
from api.commanding import Commanding
from api.query import cursor_of, limit_of, malformed, whole
from api.reading import PAGING, Reading
from api.schemas.calendars import CalendarBody, MoreHolidays
from domain.calendar.commands import AddHolidays, DefineCalendar
from domain.calendar.content import Holiday
from domain.calendar.duration import parse_duration
from domain.calendar.hours import add, between
from domain.errors import Reason, RefusedError
from domain.streams import calendar_stream
from infra.holidays import national_holidays, years_of
from infra.views.queries.calendars import hours_shown
from infra.views.queries.snapshot import Shown
from projections.workspace.calendars import as_sent
from projections.workspace.plain import instant

_BODY, _MORE = CalendarBody(), MoreHolidays()

#: Versions that a calendar may have, far beyond what one ever has.
_MOST_VERSIONS = 10**9


@dataclass(frozen=True)
class Calendars:
    """/v1/calendars."""

    reading: Reading

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the versions in force, by when they were defined."""
        given = self.reading.begin(req, *PAGING)
        above = int((cursor_of(given, "calendars", (int,)) or [0])[0])
        page = self.reading.queries.calendars.in_force(above, limit_of(given))
        self.reading.tell_page(resp, "calendars", page, [as_sent(row) for row in page.rows])


@dataclass(frozen=True)
class Calendar:
    """/v1/calendars/{name}."""

    commanding: Commanding
    reading: Reading

    def on_put(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Put a version in force: the first, or the next one."""
        headers = self.commanding.headers(req)
        command = DefineCalendar(name, read_body(req, _BODY))
        outcome = self.commanding.give(req, headers, command)
        location = f"/v1/calendars/{name}" if outcome.version == 1 else ""
        self.commanding.tell(resp, command, outcome, location)

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Show the version in force, or the one that `?version=` names."""
        shown, row = _one(self.reading, name, self.reading.begin(req, "version"))
        self.reading.tell(resp, shown, calendar_stream(name), as_sent(row))
        resp.set_header("ETag", f'"{row["calendar_version"]}"')


@dataclass(frozen=True)
class HolidaysOf:
    """/v1/calendars/{name}/holidays."""

    commanding: Commanding

    def on_post(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Put a version in force that has these holidays, too."""
        headers = self.commanding.headers(req)
        command = AddHolidays(name, tuple(_holidays(read_body(req, _MORE))))
        self.commanding.answer(req, resp, headers, command)


@dataclass(frozen=True)
class Adding:
    """/v1/calendars/{name}/add."""

    reading: Reading

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Show what instant is a `duration` after `from`."""
        given = self.reading.begin(req, "from", "duration", "version")
        begins = _instant(given)
        duration = parse_duration(given.get("duration", ""))
        shown, row = _one(self.reading, name, given)
        calendar = hours_shown(row)
        ends = add(calendar, begins, duration)
        body = {
            "calendar": name,
            "calendar_version": row["calendar_version"],
            "from": instant(begins),
            "duration": str(duration),
            "to": instant(ends),
            "local": ends.astimezone(ZoneInfo(calendar.zone)).isoformat(),
            "business_seconds": int(between(calendar, begins, ends).total_seconds()),
        }
        self.reading.tell(resp, shown, calendar_stream(name), body)


def _one(reading: Reading, name: str, given: Mapping[str, str]) -> tuple[Shown, Mapping[str, Any]]:
    version = None
    if "version" in given:
        version = whole(given["version"], "version", _MOST_VERSIONS)
    shown, row = reading.queries.calendars.one(name, version)
    if row is None:
        raise RefusedError(Reason.NOT_FOUND, "there is no such calendar", "name")
    return shown, row


def _instant(given: Mapping[str, str]) -> datetime:
    try:
        found = datetime.fromisoformat(given.get("from", ""))
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise malformed('an instant with its offset, as "2026-11-23T10:00:00Z"', "from")


def _holidays(given: Mapping[str, Any]) -> Sequence[Holiday]:
    if (given["country"] is None) == (not given["holidays"]):
        message = "give `holidays`, or a `country` and `years`"
        raise RefusedError(Reason.MISSING_FIELD, message, "holidays")
    if given["country"] is None:
        found: Sequence[Holiday] = given["holidays"]
        return found
    years = years_of(given["years"] or "")
    return national_holidays(given["country"], years, given["subdivision"])
