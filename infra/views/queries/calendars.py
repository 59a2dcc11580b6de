"""Calendars as people see them: the versions in force, or a certain one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from domain.calendar.content import Content, hours_of
from domain.calendar.hours import Calendar
from infra.views.queries.snapshot import Page, Shown, Snapshot, columns, one
from projections.workspace.calendars import CALENDAR


@dataclass(frozen=True)
class CalendarQueries:
    """Questions about calendars. Each is one statement."""

    snapshot: Snapshot

    def one(self, name: str, version: int | None) -> tuple[Shown, Mapping[str, object] | None]:
        """Return a version, the one in force if none is named; None if there is none."""
        where, values = "", [name]
        if version is not None:
            where, values = " AND calendar_version = %s", [name, version]  # type: ignore[list-item]
        shown, found = self.snapshot.read(
            f"SELECT {columns(CALENDAR)} FROM {{calendar}} WHERE calendar = %s{where}"
            " ORDER BY calendar_version DESC LIMIT 1",
            values,
        )
        return shown, one(CALENDAR, found)

    def in_force(self, above: int, limit: int) -> Page:
        """Return the version in force of each calendar, by when it was defined.

        `above` is the number of the last one that was seen.
        """
        rows = (
            f"SELECT {columns(CALENDAR, 'c')} FROM {{calendar}} c WHERE c.number > %s AND NOT"
            " EXISTS (SELECT 1 FROM {calendar} l WHERE l.calendar = c.calendar"
            " AND l.calendar_version > c.calendar_version)"
            f" ORDER BY c.number LIMIT {limit + 1}"
        )
        return self.snapshot.page(CALENDAR, rows, (above,), "number", limit)


def hours_shown(row: Mapping[str, Any]) -> Calendar:
    """Return what a calendar's row is calculated with."""
    return hours_of(msgspec.convert(row["content"], Content))
