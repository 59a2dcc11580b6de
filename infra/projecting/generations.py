"""Which of a projection's tables readers are to read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import pymysql
from pymysql.constants import ER

from infra.eventstore.datastore import Datastore
from infra.eventstore.errors import ForeignSchemaError, code_of
from infra.projecting.checkpoint import NotPreparedError
from infra.projecting.tables import table_name

Result = TypeVar("Result")


@dataclass(frozen=True)
class _Live:
    """What was found at one look; the next look replaces the whole of it."""

    generations: Mapping[str, int]
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    """Qualified names by projection and table, as they are asked for."""


class Generations:
    """The live generation of each projection, as this server shows it; remembered.

    A rebuild drops the tables that it replaced: whoever reads by a generation that is no longer
    live gets error 1146, and reads again by `reading_again`. Safe to use from many threads.
    """

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore
        self._live = _Live({})

    def table(self, projection: str, table: str) -> str:
        """Return the qualified name of a live table.

        Raises:
            NotPreparedError: the projection has none.
        """
        live = self._live
        name = live.names.get((projection, table))
        if name is None:
            name = live.names[projection, table] = self._name(projection, table)
        return name

    def _name(self, projection: str, table: str) -> str:
        if projection not in self._live.generations:
            self.refresh()
        generation = self._live.generations.get(projection)
        if generation is None:
            raise NotPreparedError(f"projection {projection!r} has no tables yet")
        return f"{self._datastore.settings.views}.{table_name(projection, table, generation)}"

    def refresh(self) -> None:
        """Look again. One statement."""
        with self._datastore.cursor() as cursor:
            cursor.execute(
                f"SELECT name, generation FROM {self._datastore.settings.views}.projection"
            )
            self._live = _Live(dict(cursor.fetchall()))

    def reading_again(self, read: Callable[[], Result]) -> Result:
        """Return what `read` returns; if a table was gone, look again and read once more."""
        try:
            return read()
        except ForeignSchemaError as error:
            cause = error.__cause__
            if not isinstance(cause, pymysql.MySQLError) or code_of(cause) != ER.NO_SUCH_TABLE:
                raise
        self.refresh()
        return read()
