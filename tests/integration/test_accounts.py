"""Who may do what to a log is decided by the server, for three accounts and the administrator."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pymysql
import pytest
from eventsourcing.persistence import Tracking
from pymysql.connections import Connection

from infra.eventstore.idempotency import Idempotency
from infra.schema.accounts import Account
from infra.stack import MariaDBServer
from tests.integration.observing import (
    admin_of,
    an_event,
    connections,
    nothing_written,
    rows,
    wait_until,
)
from tests.servers import ACCOUNTS, TestStore

#: The server denies it (1044 to 1227), or a trigger refuses it.
DENIED = {1044, 1045, 1142, 1143, 1227, 1370, 1419}
SIGNALLED = 1644

#: Another event at the position of the first.
ROW = "(position, stream, version, topic, state) VALUES (1, '', 1, '', '')"


@pytest.fixture(scope="module")
def used(server: MariaDBServer) -> Iterator[TestStore]:
    """Give a store with rows in every table; its tests leave it as it is."""
    store = TestStore(server, "accounts")
    factory = store.factory()
    recorder = factory.process_recorder()
    recorder.insert_events(
        [an_event()], idempotency=Idempotency("k", bytes(32)), tracking=Tracking("upstream", 1)
    )
    factory.aggregate_recorder("snapshots").insert_events([an_event()])
    assert recorder.settle() == 1
    yield store
    store.drop()


def log_in(server: MariaDBServer, account: Account) -> Connection:
    return pymysql.connect(
        unix_socket=str(server.socket),
        user=account.name,
        password=account.password,
        autocommit=True,
        ssl_disabled=True,
    )


def everything(store: TestStore) -> list:
    tables = ("settled", "epoch", "migration", "guard")
    return [rows(store.server, f"SELECT * FROM {store.log}.{table}") for table in tables]


@contextmanager
def refused(store: TestStore, codes: set[int]) -> Iterator[None]:
    """Assert that the block is refused with one of these errors, and changes nothing."""
    before = everything(store)
    with nothing_written(store), pytest.raises(pymysql.MySQLError) as error:
        yield
    assert error.value.args[0] in codes, error.value
    assert everything(store) == before


def attempt(store: TestStore, account: Account, sql: str) -> list[tuple]:
    with log_in(store.server, account) as connection, connection.cursor() as cursor:
        cursor.execute(sql.format(log=store.log, views=store.views, row=ROW))
        return list(cursor.fetchall())


DENIED_TO_APPLICATION = [
    "UPDATE {log}.event SET topic = 'x'",
    "UPDATE {log}.event SET topic = topic",
    "INSERT INTO {log}.event {row} ON DUPLICATE KEY UPDATE topic = 'x'",
    "REPLACE INTO {log}.event {row}",
    "DELETE FROM {log}.event",
    "DELETE {log}.event FROM {log}.event JOIN {log}.settled",
    "TRUNCATE TABLE {log}.event",
    "DROP TABLE {log}.event",
    "DROP DATABASE {log}",
    "ALTER TABLE {log}.event ADD COLUMN x INT",
    "ALTER TABLE {log}.event AUTO_INCREMENT = 1",
    "RENAME TABLE {log}.event TO {views}.event",
    "CREATE INDEX x ON {log}.event (topic)",
    "CREATE TABLE {log}.x (id INT)",
    "CREATE TRIGGER {log}.x BEFORE INSERT ON {log}.event FOR EACH ROW SET NEW.topic = 'x'",
    "DROP TRIGGER {log}.event_is_never_changed",
    "DROP TRIGGER {log}.settled_only_grows",
    "UPDATE {log}.settled SET one = 2",
    "DELETE FROM {log}.settled",
    "INSERT INTO {log}.settled (one, mark) VALUES (1, 9)",
    "INSERT INTO {log}.epoch (epoch, lanes, reason) VALUES ('x', 4, 'x')",
    "UPDATE {log}.epoch SET lanes = 5",
    "DELETE FROM {log}.epoch",
    "UPDATE {log}.idempotency SET request_hash = 'x'",
    "DELETE FROM {log}.idempotency",
    "INSERT INTO {log}.migration (number, name, checksum) VALUES (9, 'x', 'x')",
    "UPDATE {log}.migration SET checksum = 'x'",
    "DROP VIEW {log}.guard",
    "GRANT SELECT ON {log}.event TO ringi_operation@'%'",
    "SET GLOBAL sync_binlog = 0",
    "SET SESSION sql_log_bin = 0",
    "CREATE USER x@'%'",
    "SELECT * FROM mysql.user",
]


@pytest.mark.parametrize("sql", DENIED_TO_APPLICATION)
def test_the_application_is_denied_what_it_must_not_do(used: TestStore, sql: str) -> None:
    with refused(used, DENIED):
        attempt(used, ACCOUNTS.application, sql)


@pytest.mark.parametrize("mark", [0, "mark - 1"])
def test_the_application_cannot_lower_the_mark(used: TestStore, mark: object) -> None:
    with refused(used, {SIGNALLED}):
        attempt(used, ACCOUNTS.application, f"UPDATE {{log}}.settled SET mark = {mark}")


def test_the_application_cannot_end_anothers_connection(used: TestStore) -> None:
    with log_in(used.server, ACCOUNTS.operation) as other:
        with pytest.raises(pymysql.MySQLError) as error:
            attempt(used, ACCOUNTS.application, f"KILL {other.thread_id()}")
        assert error.value.args[0] == 1095
        other.ping(reconnect=False)


def test_the_application_may_change_its_views(used: TestStore) -> None:
    for sql in (
        "CREATE TABLE {views}.x (id INT PRIMARY KEY, n INT)",
        "INSERT INTO {views}.x VALUES (1, 2)",
        "ALTER TABLE {views}.x ADD INDEX (n)",
        "UPDATE {views}.x SET n = 3",
        "DELETE FROM {views}.x",
        "TRUNCATE TABLE {views}.x",
        "DROP TABLE {views}.x",
    ):
        attempt(used, ACCOUNTS.application, sql)


@pytest.mark.parametrize("who", ["the administrator", "the migration's account"])
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE {log}.event SET topic = 'x'",
        "UPDATE {log}.event SET state = state WHERE position = 1",
        "UPDATE IGNORE {log}.event SET topic = 'x'",
        "DELETE FROM {log}.event",
        "DELETE IGNORE FROM {log}.event WHERE position = 1",
        "REPLACE INTO {log}.event {row}",
        "INSERT INTO {log}.event {row} ON DUPLICATE KEY UPDATE topic = 'x'",
        "UPDATE {log}.settled SET mark = 0",
        "UPDATE {log}.settled SET one = NULL",
        "DELETE FROM {log}.settled",
        "UPDATE {log}.epoch SET reason = 'x'",
        "DELETE FROM {log}.epoch",
    ],
)
def test_nobody_changes_history(used: TestStore, sql: str, who: str) -> None:
    before = (everything(used), rows(used.server, f"SELECT * FROM {used.log}.event"))
    connect = {
        "the administrator": lambda: admin_of(used.server),
        "the migration's account": lambda: log_in(used.server, ACCOUNTS.migration),
    }[who]
    with (
        connect() as connection,
        connection.cursor() as cursor,
        pytest.raises(pymysql.MySQLError) as error,
    ):
        cursor.execute(sql.format(log=used.log, row=ROW))
    assert error.value.args[0] in {SIGNALLED, 1048}, error.value
    assert (everything(used), rows(used.server, f"SELECT * FROM {used.log}.event")) == before


DENIED_TO_OPERATION = [
    "INSERT INTO {log}.event (stream, version, topic, state) VALUES ('x', 1, 'x', '')",
    "UPDATE {log}.event SET topic = 'x'",
    "DELETE FROM {log}.event",
    "TRUNCATE TABLE {log}.event",
    "DROP TABLE {log}.event",
    "UPDATE {log}.settled SET mark = mark + 1",
    "UPDATE {log}.epoch SET reason = 'x'",
    "DELETE FROM {log}.epoch",
    "INSERT INTO {log}.idempotency SELECT * FROM (SELECT * FROM {log}.idempotency) i",
    "UPDATE {log}.idempotency SET events = 9",
    "DROP TRIGGER {log}.event_is_never_deleted",
    "INSERT INTO {views}.tracking VALUES ('x', 1)",
    "DELETE FROM {views}.tracking",
    "DELETE FROM {views}.snapshot",
    "SET GLOBAL sync_binlog = 0",
]


@pytest.mark.parametrize("sql", DENIED_TO_OPERATION)
def test_operation_is_denied_what_it_must_not_do(used: TestStore, sql: str) -> None:
    with refused(used, DENIED):
        attempt(used, ACCOUNTS.operation, sql)


@pytest.mark.parametrize(
    "table",
    [
        "{log}.event",
        "{log}.settled",
        "{log}.epoch",
        "{log}.idempotency",
        "{log}.migration",
        "{views}.tracking",
        "{views}.snapshot",
    ],
)
def test_operation_sees_everything(used: TestStore, table: str) -> None:
    assert attempt(used, ACCOUNTS.operation, f"SELECT * FROM {table}")


def test_operation_starts_an_epoch(store: TestStore) -> None:
    factory = store.factory()
    begun = factory.log_facts.epoch
    epoch = uuid4()
    sql = f"INSERT INTO {{log}}.epoch (epoch, lanes, reason) VALUES (X'{epoch.hex}', 4, 'restore')"
    attempt(store, ACCOUNTS.operation, sql)
    assert store.factory().log_facts.epoch == epoch != begun


def test_operation_cleans_idempotency_rows_by_age(store: TestStore) -> None:
    recorder = store.recorder()
    for key in ("old", "new"):
        recorder.insert_events([an_event()], idempotency=Idempotency(key, bytes(32)))
    rows(
        store.server,
        f"UPDATE {store.log}.idempotency SET recorded_at = '2020-01-01' WHERE command_id = 'old'",
    )
    attempt(
        store,
        ACCOUNTS.operation,
        "DELETE FROM {log}.idempotency WHERE recorded_at < UTC_TIMESTAMP() - INTERVAL 30 DAY",
    )
    assert rows(store.server, f"SELECT command_id FROM {store.log}.idempotency") == [("new",)]
    assert recorder.select_first_outcome(Idempotency("old", bytes(32))) is None


def test_operation_ends_a_blocking_connection(store: TestStore) -> None:
    factory = store.factory()
    factory.application_recorder()
    with factory.datastore.cursor() as cursor:
        cursor.execute("SELECT CONNECTION_ID()")
        ((number,),) = cursor.fetchall()
    seen = attempt(
        store, ACCOUNTS.operation, f"SELECT 1 FROM information_schema.processlist WHERE id={number}"
    )
    assert seen
    attempt(store, ACCOUNTS.operation, f"KILL CONNECTION {number}")
    wait_until(lambda: number not in connections(store.server), "the connection has ended")
