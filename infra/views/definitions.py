"""Published definitions, as decisions need them: asked on the primary; versions never change."""

from math import inf

import msgspec

from commands.ports import Definitions
from domain.definition.content import Content
from domain.document.facts import Published
from infra.views.remembered import Remembered
from infra.views.tables import Tables

#: Versions kept in memory; a system has some dozens in use, and each is some kilobytes.
KEPT = 500


class DefinitionView(Definitions):
    """The port `commands.ports.Definitions` on the view. Safe to use from many threads."""

    def __init__(self, tables: Tables, remembered: Remembered) -> None:
        self._tables = tables
        self._remembered = remembered
        self._kept: dict[tuple[str, int], Published] = {}

    def latest(self, name: str) -> Published | None:
        """Return the version in force, None if there is none; as `Remembered` remembers it."""
        version = self._remembered.recall(("definition", name), lambda: (self._newest(name), inf))
        return None if version is None else self.version(name, version)

    def _newest(self, name: str) -> int | None:
        rows = self._tables.select(
            "SELECT MAX(definition_version) FROM {definition} WHERE definition = %s", (name,)
        )
        version: int | None = rows[0][0]
        return version

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
