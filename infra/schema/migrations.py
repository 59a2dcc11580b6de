"""Bring a database to the newest schema, forward only."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

import pymysql
from eventsourcing.persistence import OperationalError, ProgrammingError
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from infra.schema.advice import advised
from infra.schema.names import account_name, database_name

Schema = Literal["log", "views"]

#: How long a migration waits for another one of the same database, in seconds.
LOCK_WAIT_S = 30

_LEDGER = """
CREATE TABLE IF NOT EXISTS migration (
    number     INT UNSIGNED NOT NULL PRIMARY KEY,
    name       VARCHAR(64) NOT NULL,
    checksum   BINARY(32) NOT NULL,
    applied_at DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_nopad_bin
"""


#: To whom `grants.sql` was applied, and which text of it.
_GRANTED = """
CREATE TABLE IF NOT EXISTS granted (
    account  VARCHAR(80) NOT NULL PRIMARY KEY,
    checksum BINARY(32) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_nopad_bin
"""

#: Without NO_AUTO_CREATE_USER, a GRANT to an account that is missing would create it, with no
#: password, if the migrating account has the right to.
_SESSION = (
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_CREATE_USER', completion_type = 'NO_CHAIN'"
)


class ForeignSchemaError(ProgrammingError):
    """The database is missing, not ours, or not at this code's version."""


def _checksum(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _grants(schema: Schema) -> str:
    return (files("infra.schema") / schema / "grants.sql").read_text("utf-8")


def _checksum_of_grants(schema: Schema) -> bytes:
    return _checksum(_grants(schema))


@dataclass(frozen=True)
class Migration:
    """One numbered file; its statements may be run again after a crash between two of them."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> bytes:
        """SHA-256 of the file as it was applied."""
        return _checksum(self.text)


def migrations(schema: Schema) -> list[Migration]:
    """Return the migrations of a schema, in order."""
    folder = files("infra.schema") / schema
    numbered = sorted(file.name for file in folder.iterdir() if file.name[0].isdigit())
    return [
        Migration(int(name[:4]), name.removesuffix(".sql"), (folder / name).read_text("utf-8"))
        for name in numbered
    ]


def migrate(
    connection: Connection,
    schema: Schema,
    database: str,
    *,
    application: str,
    operation: str,
    lanes: int = 4,
) -> list[str]:
    """Create `database` if it is missing, apply what it lacks, grant. Idempotent.

    Rivals wait for each other. Interrupted anywhere, the next run completes it.
    Returns the names of the migrations applied, in order.

    Raises:
        ForeignSchemaError: the database holds tables of somebody else, a migration was edited
            after it was applied, or the database is newer than this code.
        OperationalError: another migration of this database ran for too long.
        ProgrammingError: an account or a right is missing; the message says which.
    """
    words = {
        "database": database_name(database),
        "pattern": database.replace("_", r"\_"),  # in a GRANT on a database, _ is any character
        "lanes": str(lanes),
        "application": f"{account_name(application)}@'%'",
        "operation": f"{account_name(operation)}@'%'",
    }
    with advised(words), _alone(connection, database), connection.cursor() as cursor:
        cursor.execute(_SESSION)
        cursor.execute(
            f"CREATE DATABASE IF NOT EXISTS `{database}`"
            " CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"
        )
        connection.select_db(database)
        _refuse_foreign_tables(cursor, database)
        cursor.execute(_LEDGER)
        missing = pending(migrations(schema), _applied(cursor), database)
        cursor.execute(_GRANTED)
        for migration in missing:
            _run(cursor, migration.text, words)
            cursor.execute(
                "INSERT INTO migration (number, name, checksum) VALUES (%s, %s, %s)",
                (migration.number, migration.name, migration.checksum),
            )
            connection.commit()
        _run(cursor, _grants(schema), words)
        for account in (application, operation):
            cursor.execute(
                "REPLACE INTO granted VALUES (%s, %s)", (account, _checksum_of_grants(schema))
            )
        connection.commit()
    return [migration.name for migration in missing]


def pending(
    wanted: Sequence[Migration], applied: dict[int, bytes], database: str
) -> list[Migration]:
    """Return which of `wanted` are not among `applied` (number to checksum).

    Raises:
        ForeignSchemaError: `applied` has a number or a checksum that this code does not know.
    """
    known = {migration.number: migration for migration in wanted}
    for number, checksum in applied.items():
        if number not in known:
            raise ForeignSchemaError(
                f"database {database!r} is at migration {number}, which this version of Ringi "
                "does not know: run the version that made it, or a newer one"
            )
        if known[number].checksum != checksum:
            raise ForeignSchemaError(
                f"database {database!r}: migration {known[number].name} was edited after it was "
                "applied; migrations only go forward: restore the file and add a new one"
            )
    return [migration for migration in wanted if migration.number not in applied]


def require_granted(cursor: Cursor, schema: Schema, database: str, accounts: set[str]) -> None:
    """Refuse a database whose grants were not given to these accounts, or not those of this code.

    Raises:
        ForeignSchemaError: it needs to be migrated again.
    """
    cursor.execute(
        f"SELECT account FROM {database}.granted WHERE checksum = %s",
        (_checksum_of_grants(schema),),
    )
    missing = accounts - {account for (account,) in cursor.fetchall()}
    if missing:
        raise ForeignSchemaError(
            f"database {database!r} has not been granted to {', '.join(sorted(missing))}: "
            "migrate it again"
        )


@contextmanager
def _alone(connection: Connection, database: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, %s)", (f"ringi.migrate.{database}"[:64], LOCK_WAIT_S))
        row = cursor.fetchone()
        if row is None or row[0] != 1:
            raise OperationalError(
                f"another migration of {database!r} has been running for {LOCK_WAIT_S} s"
            )
        try:
            yield
        finally:
            cursor.execute("SELECT RELEASE_LOCK(%s)", (f"ringi.migrate.{database}"[:64],))


def _refuse_foreign_tables(cursor: Cursor, database: str) -> None:
    cursor.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
    )
    tables = {name for (name,) in cursor.fetchall()}
    if tables and "migration" not in tables:
        raise ForeignSchemaError(
            f"database {database!r} holds tables that are not Ringi's "
            f"({', '.join(sorted(tables)[:5])}): name an empty or a new database"
        )


def _applied(cursor: Cursor) -> dict[int, bytes]:
    try:
        cursor.execute("SELECT number, checksum FROM migration ORDER BY number")
    except pymysql.MySQLError as error:
        raise ForeignSchemaError(
            "the table 'migration' is not the ledger of Ringi's migrations: "
            "name an empty or a new database"
        ) from error
    return dict(cursor.fetchall())


def _run(cursor: Cursor, text: str, words: dict[str, str]) -> None:
    """Run the statements of `text`; a blank line ends each."""
    for statement in text.split(";\n\n"):
        for word, value in words.items():
            statement = statement.replace("{" + word + "}", value)  # noqa: PLW2901
        cursor.execute(statement)
