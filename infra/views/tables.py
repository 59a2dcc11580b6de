"""Questions in SQL to the tables of one projection, whichever generation serves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infra.eventstore.datastore import Datastore
from infra.eventstore.reading import READ_AGAIN
from infra.eventstore.retrying import retrying
from infra.projecting.generations import Generations
from projections.base import Projection


@dataclass(frozen=True)
class Tables:
    """Asks one server about one projection. Safe to use from many threads."""

    datastore: Datastore
    generations: Generations
    projection: Projection

    def select(self, sql: str, values: Sequence[object] = ()) -> list[Sequence[Any]]:
        """Return the rows of one statement, in which `{table}` stands for a table of ours.

        Asked again where the connection broke, and where a rebuild has just put other tables in
        place.
        """
        return retrying(lambda: self.select_once(sql, values), READ_AGAIN)

    def select_once(self, sql: str, values: Sequence[object] = ()) -> list[Sequence[Any]]:
        """Do what `select` does, but raise where the connection broke: another server may do."""

        def attempt() -> list[Sequence[Any]]:
            with self.datastore.cursor() as cursor:
                cursor.execute(sql.format_map(self), tuple(values))
                return list(cursor.fetchall())

        return self.generations.reading_again(attempt)

    def __getitem__(self, table: str) -> str:
        """Return the qualified name that a table has now: what `{table}` becomes."""
        return self.generations.table(self.projection.name, table)
