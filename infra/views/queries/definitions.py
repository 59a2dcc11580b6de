"""Definitions as people see them: the versions in force, or a certain one, and what is to come."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.views.queries.snapshot import Page, Shown, Snapshot, columns, one
from projections.workspace.definitions import DEFINITION, WORK

#: A version has taken effect, and was not deprecated before that; of the alias `{}`, at %s.
_BEGUN = (
    "({0}.effective_from IS NULL OR ({0}.effective_from <= %s"
    " AND ({0}.deprecated_at IS NULL OR {0}.deprecated_at > {0}.effective_from)))"
)


@dataclass(frozen=True)
class DefinitionQueries:
    """Questions about definitions. Each is one statement."""

    snapshot: Snapshot

    def one(self, name: str, version: int) -> tuple[Shown, Mapping[str, object] | None]:
        """Return a version, None if there is none; with the stream's `version`, as of now."""
        return self._one("d.definition_version = %s", (name, version))

    def current(self, name: str, at: datetime) -> tuple[Shown, Mapping[str, object] | None]:
        """Return the version in force at an instant, None if there is none."""
        shown, row = self._one(_BEGUN.format("d"), (name, _naive(at)))
        return shown, row if row is None or row["deprecated_at"] is None else None

    def _one(
        self, which: str, values: tuple[object, ...]
    ) -> tuple[Shown, Mapping[str, object] | None]:
        shown, found = self.snapshot.read(
            f"SELECT {columns(DEFINITION, 'd')}, w.version FROM {{definition}} d"
            " JOIN {definition_work} w ON w.definition = d.definition"
            f" WHERE d.definition = %s AND {which} ORDER BY d.definition_version DESC LIMIT 1",
            values,
        )
        row = one(DEFINITION, found)
        return shown, None if row is None else {**row, "version": found[0][-1]}

    def work(self, name: str) -> tuple[Shown, Mapping[str, object] | None]:
        """Return what is to come of a definition; None if nobody ever wrote it."""
        shown, found = self.snapshot.read(
            f"SELECT {columns(WORK)} FROM {{definition_work}} WHERE definition = %s", (name,)
        )
        return shown, one(WORK, found)

    def in_force(self, above: int, limit: int, at: datetime) -> Page:
        """Return the version in force of each definition, by when it was published.

        `above` is the number of the last one that was seen.
        """
        rows = (
            f"SELECT {columns(DEFINITION, 'd')} FROM {{definition}} d WHERE d.number > %s"
            f" AND {_BEGUN.format('d')} AND d.deprecated_at IS NULL AND NOT EXISTS"
            " (SELECT 1 FROM {definition} l WHERE l.definition = d.definition"
            f" AND l.definition_version > d.definition_version AND {_BEGUN.format('l')})"
            f" ORDER BY d.number LIMIT {limit + 1}"
        )
        values = (above, _naive(at), _naive(at))
        return self.snapshot.page(DEFINITION, rows, values, "number", limit)

    def versions(self, name: str, above: int, limit: int) -> Page:
        """Return the versions of a definition, oldest first, after the number `above`."""
        rows = (
            f"SELECT {columns(DEFINITION)} FROM {{definition}} WHERE definition = %s"
            f" AND definition_version > %s ORDER BY definition_version LIMIT {limit + 1}"
        )
        return self.snapshot.page(DEFINITION, rows, (name, above), "definition_version", limit)


def _naive(at: datetime) -> datetime:
    """Return an instant as columns have it."""
    return at.astimezone(UTC).replace(tzinfo=None)
