"""Definitions as people see them: the versions in force, or a certain one."""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.views.queries.snapshot import Page, Shown, Snapshot, columns, one
from projections.workspace.definitions import DEFINITION


@dataclass(frozen=True)
class DefinitionQueries:
    """Questions about definitions. Each is one statement."""

    snapshot: Snapshot

    def one(self, name: str, version: int | None) -> tuple[Shown, Mapping[str, object] | None]:
        """Return a version, the one in force if none is named; None if there is none."""
        where, values = "", [name]
        if version is not None:
            where, values = " AND definition_version = %s", [name, version]  # type: ignore[list-item]
        shown, found = self.snapshot.read(
            f"SELECT {columns(DEFINITION)} FROM {{definition}} WHERE definition = %s{where}"
            " ORDER BY definition_version DESC LIMIT 1",
            values,
        )
        row = one(DEFINITION, found)
        return shown, row

    def in_force(self, above: int, limit: int) -> Page:
        """Return the version in force of each definition, by when it was published.

        `above` is the number of the last one that was seen.
        """
        rows = (
            f"SELECT {columns(DEFINITION, 'd')} FROM {{definition}} d WHERE d.number > %s AND NOT"
            " EXISTS (SELECT 1 FROM {definition} l WHERE l.definition = d.definition"
            " AND l.definition_version > d.definition_version)"
            f" ORDER BY d.number LIMIT {limit + 1}"
        )
        return self.snapshot.page(DEFINITION, rows, (above,), "number", limit)
