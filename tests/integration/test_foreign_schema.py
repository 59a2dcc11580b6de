"""A database that is not ours, or not at this code's version, is left as it is."""

from collections.abc import Iterator

import pytest
from eventsourcing.persistence import OperationalError, ProgrammingError

from infra.eventstore import MariaDBFactory
from infra.eventstore.errors import ForeignSchemaError
from infra.stack import MariaDBServer
from tests.integration.observing import an_event, migrated, rows
from tests.servers import TestStore

#: What makes a recorder that needs the database.
NEEDS = {
    "log": MariaDBFactory.application_recorder,
    "views": MariaDBFactory.tracking_recorder,
}

WITH_AND_WITHOUT = pytest.mark.parametrize("migrates", [False, True], ids=["checks", "migrates"])
EACH = pytest.mark.parametrize("schema", NEEDS)


def contents(server: MariaDBServer, database: str) -> list[tuple]:
    """Return every table and trigger of a database."""
    return rows(
        server,
        "SELECT table_name, create_time FROM information_schema.tables WHERE table_schema = %s"
        " UNION SELECT trigger_name, created FROM information_schema.triggers"
        " WHERE trigger_schema = %s",
        database,
        database,
    )


def database_of(store: TestStore, schema: str) -> str:
    return store.log if schema == "log" else store.views


def check_refused(store: TestStore, schema: str, message: str, *, migrates: bool) -> None:
    """Assert that the database is refused so, with nothing changed in it."""
    database = database_of(store, schema)
    before = contents(store.server, database)
    settings = {} if migrates else {"MARIADB_MIGRATION_URL": ""}
    with pytest.raises(ForeignSchemaError, match=message):
        NEEDS[schema](store.factory(**settings))
    assert contents(store.server, database) == before


def create(store: TestStore, schema: str, *statements: str) -> None:
    """Create the database by hand, with these tables, readable by the application."""
    database = database_of(store, schema)
    rows(store.server, f"CREATE DATABASE {database}")
    rows(store.server, f"GRANT SELECT ON {database}.* TO ringi_application@'%'")
    for statement in statements:
        rows(store.server, statement.format(database=database))


@pytest.fixture(scope="module")
def known(server: MariaDBServer) -> Iterator[TestStore]:
    """Give a store at this code's version, at which each test leaves it."""
    migrated(server, "known")
    store = TestStore(server, "known")
    yield store
    store.drop()


@EACH
def test_without_the_migrations_account_a_missing_database_is_refused(
    store: TestStore, schema: str
) -> None:
    check_refused(store, schema, "migrate", migrates=False)


@EACH
def test_a_missing_database_is_not_created_if_tables_are_not_to_be(
    store: TestStore, schema: str
) -> None:
    with pytest.raises(ForeignSchemaError, match="migrate"):
        NEEDS[schema](store.factory(CREATE_TABLE="no"))
    assert rows(store.server, f"SHOW DATABASES LIKE '{database_of(store, schema)}'") == []


@pytest.mark.parametrize("text", ["maybe", "2", "ja"])
def test_create_table_is_yes_or_no(store: TestStore, text: str) -> None:
    with pytest.raises(ProgrammingError, match=f"CREATE_TABLE must be yes or no, not '{text}'"):
        store.factory(CREATE_TABLE=text)


@EACH
@WITH_AND_WITHOUT
def test_a_database_with_somebody_elses_tables_is_refused(
    store: TestStore, schema: str, migrates: bool
) -> None:
    create(store, schema, "CREATE TABLE {database}.invoice (id INT)")
    message = r"not Ringi's \(invoice\)" if migrates else "migrate"
    check_refused(store, schema, message, migrates=migrates)


@EACH
@WITH_AND_WITHOUT
@pytest.mark.parametrize(
    "columns", ["version_num VARCHAR(32)", "number VARCHAR(9), name TEXT, applied DATE"]
)
def test_a_database_with_another_kind_of_ledger_is_refused(
    store: TestStore, schema: str, migrates: bool, columns: str
) -> None:
    create(store, schema, f"CREATE TABLE {{database}}.migration ({columns})")
    check_refused(store, schema, "not", migrates=migrates)


@EACH
@WITH_AND_WITHOUT
def test_a_ledger_with_rows_of_somebody_else_is_refused(
    store: TestStore, schema: str, migrates: bool
) -> None:
    create(
        store,
        schema,
        "CREATE TABLE {database}.migration (number INT, checksum VARCHAR(64))",
        "INSERT INTO {database}.migration VALUES (1, 'abc')",
    )
    check_refused(store, schema, "edited after it was applied", migrates=migrates)


@EACH
@WITH_AND_WITHOUT
@pytest.mark.parametrize("how", ["edited", "newer"])
def test_a_ledger_that_this_code_does_not_know_is_refused(
    known: TestStore, schema: str, migrates: bool, how: str
) -> None:
    ledger = f"{database_of(known, schema)}.migration"
    change, undo, message = {
        "edited": (
            "UPDATE {ledger} SET checksum = REVERSE(checksum) WHERE number = 1",
            "UPDATE {ledger} SET checksum = REVERSE(checksum) WHERE number = 1",
            "migration 0001_.* was edited after it was applied",
        ),
        "newer": (
            "INSERT INTO {ledger} (number, name, checksum) VALUES (99, 'later', 'x')",
            "DELETE FROM {ledger} WHERE number = 99",
            "is at migration 99, which this version of Ringi does not know",
        ),
    }[how]
    rows(known.server, change.format(ledger=ledger))
    check_refused(known, schema, message, migrates=migrates)
    rows(known.server, undo.format(ledger=ledger))
    NEEDS[schema](known.factory())


@EACH
def test_a_database_that_lacks_a_migration_is_refused_by_its_name(
    known: TestStore, schema: str
) -> None:
    rows(known.server, f"DELETE FROM {database_of(known, schema)}.migration")
    check_refused(known, schema, "lacks the migrations 0001_.*: migrate it", migrates=False)
    NEEDS[schema](known.factory())
    NEEDS[schema](known.factory(MARIADB_MIGRATION_URL=""))


def test_one_database_cannot_be_both_log_and_views(store: TestStore) -> None:
    store.recorder()
    factory = store.factory(MARIADB_VIEWS=store.log)
    with pytest.raises(ForeignSchemaError):
        factory.tracking_recorder()


def test_a_wrong_password_is_said_without_showing_it(store: TestStore) -> None:
    wrong = store.env()["MARIADB_URL"].replace("application-secret", "guessed-secret")
    store.recorder()
    with pytest.raises(OperationalError, match="account and the password in MARIADB_URL") as said:
        store.recorder(MARIADB_URL=wrong, MARIADB_MIGRATION_URL="").insert_events([an_event()])
    assert "guessed-secret" not in str(said.value)
