"""Calendars, as decisions need them: asked on the primary; versions never change."""

from math import inf

import msgspec

from commands.ports import Calendars
from domain.calendar.content import Content, PublishedCalendar
from infra.views.remembered import Remembered
from infra.views.tables import Tables

#: Versions kept in memory; a system has a handful in use, each of some dozens of kilobytes.
KEPT = 200


class CalendarView(Calendars):
    """The port `commands.ports.Calendars` on the view. Safe to use from many threads."""

    def __init__(self, tables: Tables, remembered: Remembered) -> None:
        self._tables = tables
        self._remembered = remembered
        self._kept: dict[tuple[str, int], PublishedCalendar] = {}

    def calendar(self, name: str) -> PublishedCalendar | None:
        """Return the version in force, None if there is none; as `Remembered` remembers it."""
        version = self._remembered.recall(("calendar", name), lambda: (self._newest(name), inf))
        return None if version is None else self.version(name, version)

    def _newest(self, name: str) -> int | None:
        rows = self._tables.select(
            "SELECT MAX(calendar_version) FROM {calendar} WHERE calendar = %s", (name,)
        )
        version: int | None = rows[0][0]
        return version

    def version(self, name: str, version: int) -> PublishedCalendar | None:
        """Return a version that was defined, None if it was not. No statement if it is kept."""
        kept = self._kept.get((name, version))
        if kept is not None:
            return kept
        rows = self._tables.select(
            "SELECT content, content_hash FROM {calendar}"
            " WHERE calendar = %s AND calendar_version = %s",
            (name, version),
        )
        if not rows:
            return None
        content, content_hash = rows[0]
        decoded = msgspec.json.decode(content, type=Content)
        published = PublishedCalendar(name, version, decoded, content_hash)
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[name, version] = published
        return published
