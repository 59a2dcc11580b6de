"""Published definitions, as decisions need them: asked on the primary; versions never change."""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import inf

import msgspec

from commands.ports import Definitions
from domain.definition.content import Content
from domain.definition.schedule import Term, in_force
from domain.document.facts import Published
from infra.views.remembered import Remembered
from infra.views.tables import Tables

#: Versions kept in memory; a system has some dozens in use, and each is some kilobytes.
KEPT = 500

#: Versions that are looked at to find the one in force: so many may wait to take effect.
MOST_TERMS = 200


class DefinitionView(Definitions):
    """The port `commands.ports.Definitions` on the view. Safe to use from many threads."""

    def __init__(self, tables: Tables, remembered: Remembered) -> None:
        self._tables = tables
        self._remembered = remembered
        self._kept: dict[tuple[str, int], Published] = {}

    def latest(self, name: str, at: datetime | None = None) -> Published | None:
        """Return the version in force at `at`, None if there is none; as `Remembered` has it."""
        terms = self._remembered.recall(("definition", name), lambda: (self._terms(name), inf))
        version = in_force(terms or (), at or datetime.now(UTC))  # noqa: TID251  # now, if not said
        return None if version is None else self.version(name, version)

    def _terms(self, name: str) -> Sequence[Term] | None:
        rows = self._tables.select(
            "SELECT definition_version, effective_from, deprecated_at FROM {definition}"
            f" WHERE definition = %s ORDER BY definition_version DESC LIMIT {MOST_TERMS}",
            (name,),
        )
        return [Term(version, _utc(begins), _utc(ends)) for version, begins, ends in rows] or None

    def version(self, name: str, version: int) -> Published | None:
        """Return a version that was published, None if it was not. No statement if it is kept."""
        kept = self._kept.get((name, version))
        if kept is not None:
            return kept
        rows = self._tables.select(
            "SELECT content, content_hash FROM {definition}"
            " WHERE definition = %s AND definition_version = %s",
            (name, version),
        )
        if not rows:
            return None
        content, content_hash = rows[0]
        published = Published(
            name, version, msgspec.json.decode(content, type=Content), content_hash
        )
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[name, version] = published
        return published


def _utc(instant: datetime | None) -> datetime | None:
    """Return an instant as the domain has it; columns are in UTC and do not say so."""
    return None if instant is None else instant.replace(tzinfo=UTC)
