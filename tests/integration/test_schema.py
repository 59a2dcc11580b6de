"""The tables of a log: made by repeatable steps, and true to what they promise."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from uuid import UUID, uuid4
from zlib import crc32

import pymysql
import pytest
from eventsourcing.persistence import OperationalError, ProgrammingError
from hypothesis import given
from hypothesis import strategies as st
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from infra.eventstore.errors import ForeignSchemaError
from infra.schema import migrations as module
from infra.schema.migrations import migrate, migrations
from infra.stack import MariaDBServer
from tests.integration.observing import admin_of, an_event, rows
from tests.servers import ACCOUNTS, TestStore

EACH = pytest.mark.parametrize("schema", ["log", "views"])


def connected(server: MariaDBServer, cursorclass: type[Cursor] = Cursor) -> Connection:
    """Return a connection of the migration's account."""
    return pymysql.connect(
        unix_socket=str(server.socket),
        user=ACCOUNTS.migration.name,
        password=ACCOUNTS.migration.password,
        ssl_disabled=True,
        cursorclass=cursorclass,
    )


def run(connection: Connection, schema: str, store: TestStore, lanes: int = 4) -> list[str]:
    return migrate(
        connection,
        schema,  # type: ignore[arg-type]
        database_of(store, schema),
        application=ACCOUNTS.application.name,
        operation=ACCOUNTS.operation.name,
        lanes=lanes,
    )


def migrated(server: MariaDBServer, schema: str, store: TestStore, lanes: int = 4) -> list[str]:
    with connected(server) as connection:
        return run(connection, schema, store, lanes)


def begin(store: TestStore, schema: str) -> None:
    """Do what a process does when it begins."""
    factory = store.factory()
    if schema == "log":
        factory.application_recorder()
    else:
        factory.tracking_recorder()
    factory.close()


def database_of(store: TestStore, schema: str) -> str:
    return store.log if schema == "log" else store.views


def definition(server: MariaDBServer, database: str) -> dict[str, list[tuple]]:
    """Return everything that a migration makes, without times and random numbers."""
    about = {
        "columns": "SELECT table_name, column_name, column_type, is_nullable, column_default,"
        " generation_expression FROM information_schema.columns WHERE table_schema = %s",
        "keys": "SELECT table_name, index_name, seq_in_index, column_name, non_unique"
        " FROM information_schema.statistics WHERE table_schema = %s",
        "checks": "SELECT table_name, check_clause FROM information_schema.check_constraints"
        " WHERE constraint_schema = %s",
        "triggers": "SELECT trigger_name, action_timing, event_manipulation, action_statement"
        " FROM information_schema.triggers WHERE trigger_schema = %s",
        "tables": "SELECT table_name, engine, table_collation, table_type"
        " FROM information_schema.tables WHERE table_schema = %s",
        "database": "SELECT default_collation_name FROM information_schema.schemata"
        " WHERE schema_name = %s",
        "grants": "SELECT grantee, table_name, privilege_type"
        " FROM information_schema.table_privileges WHERE table_schema = %s",
        "column grants": "SELECT grantee, table_name, column_name, privilege_type"
        " FROM information_schema.column_privileges WHERE table_schema = %s",
        "more grants": "SELECT grantee, privilege_type FROM information_schema.schema_privileges"
        " WHERE table_schema = %s",
    }
    found = {}
    with admin_of(server) as admin, admin.cursor() as cursor:
        for name, sql in about.items():
            cursor.execute(sql, (database,))
            found[name] = sorted(cursor.fetchall(), key=repr)
        cursor.execute(f"SELECT number, name, checksum FROM {database}.migration")
        return found | {"ledger": list(cursor.fetchall())}


@pytest.fixture(scope="module")
def wanted(server: MariaDBServer) -> Iterator[dict[str, dict]]:
    """Give what each schema is after a migration without incident."""
    store = TestStore(server, "wanted")
    for schema in ("log", "views"):
        assert migrated(server, schema, store) == [m.name for m in migrations(schema)]
    yield {s: definition(server, database_of(store, s)) for s in ("log", "views")}
    store.drop()


# ---- migrations


@EACH
def test_migrating_again_changes_nothing(store: TestStore, schema: str) -> None:
    assert migrated(store.server, schema, store)
    before = definition(store.server, database_of(store, schema))
    epoch = rows(store.server, f"SELECT * FROM {store.log}.epoch") if schema == "log" else []
    assert migrated(store.server, schema, store) == []
    assert definition(store.server, database_of(store, schema)) == before
    if schema == "log":
        assert rows(store.server, f"SELECT * FROM {store.log}.epoch") == epoch != []


class InterruptedCursor(Cursor):
    """Dies in place of one statement; the counter says which."""

    left = 0

    def execute(self, query: str, args: object = None) -> int:
        type(self).left -= 1
        if type(self).left < 0:
            self.connection._force_close()  # type: ignore[union-attr]
            raise pymysql.OperationalError(2013, "the migrating process died here")
        return super().execute(query, args)


@EACH
def test_a_migration_that_died_anywhere_is_completed_by_the_next_process(
    server: MariaDBServer, schema: str, wanted: dict
) -> None:
    for statements in count():
        store = TestStore(server, f"interrupted_{statements}")  # grants outlive a database
        InterruptedCursor.left = statements
        try:
            with connected(server, InterruptedCursor) as connection:
                run(connection, schema, store)
            break
        except pymysql.MySQLError:
            begin(store, schema)
        found = definition(server, database_of(store, schema))
        assert found == wanted[schema], f"died before statement {statements + 1}"
        if schema == "log":
            assert rows(server, f"SELECT COUNT(*), SUM(lanes) FROM {store.log}.epoch") == [(1, 4)]
            assert rows(server, f"SELECT one, mark FROM {store.log}.settled") == [(1, 0)]
        store.drop()
    store.drop()
    assert statements > {"log": 25, "views": 10}[schema]


@EACH
def test_racing_migrators_apply_each_migration_once(
    store: TestStore, schema: str, wanted: dict
) -> None:
    with ThreadPoolExecutor(4) as threads:
        races = [threads.submit(migrated, store.server, schema, store) for _ in range(4)]
        applied = sorted(race.result() for race in races)
    assert applied == [[], [], [], [m.name for m in migrations(schema)]]
    assert definition(store.server, database_of(store, schema)) == wanted[schema]
    if schema == "log":
        assert len(rows(store.server, f"SELECT * FROM {store.log}.epoch")) == 1


def test_a_rival_that_never_ends_is_said(store: TestStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOCK_WAIT_S", 0)
    with connected(store.server) as rival, rival.cursor() as cursor:
        cursor.execute(f"SELECT GET_LOCK('ringi.migrate.{store.log}', 0)")
        with pytest.raises(OperationalError, match="another migration of"):
            migrated(store.server, "log", store)
        # By its closing alone the server notices a little later.
        cursor.execute(f"SELECT RELEASE_LOCK('ringi.migrate.{store.log}')")
    assert migrated(store.server, "log", store)


@EACH
def test_the_ledger_says_what_was_applied(store: TestStore, schema: str) -> None:
    migrated(store.server, schema, store)
    ledger = rows(
        store.server,
        f"SELECT number, name, checksum, ABS(TIMESTAMPDIFF(SECOND, applied_at, UTC_TIMESTAMP()))"
        f" FROM {database_of(store, schema)}.migration ORDER BY number",
    )
    assert [row[:3] for row in ledger] == [
        (m.number, m.name, m.checksum) for m in migrations(schema)
    ]
    assert all(age_s < 60 for *_, age_s in ledger)


# ---- columns


@pytest.fixture(scope="module", params=[1, 4, 7, 255])
def laned(server: MariaDBServer, request: pytest.FixtureRequest) -> Iterator[TestStore]:
    store = TestStore(server, f"laned_{request.param}")
    store.lanes = request.param  # type: ignore[attr-defined]
    store.appender = store.recorder(MARIADB_LANES=str(request.param))  # type: ignore[attr-defined]
    yield store
    store.drop()


@given(stream=st.uuids())
def test_a_lane_is_the_crc_32_of_the_stream(laned: TestStore, stream: UUID) -> None:
    (position,) = laned.appender.insert_events([an_event(stream, uuid4().int >> 65)])
    expected = crc32(stream.bytes) % laned.lanes
    assert rows(
        laned.server, f"SELECT lane FROM {laned.log}.event WHERE position = %s", position
    ) == [(expected,)]
    assert [
        notification.originator_id
        for notification in laned.appender.select_notifications(position, 1, lane=expected)
    ] == [stream]


def test_an_existing_log_keeps_its_lanes(store: TestStore) -> None:
    store.recorder(MARIADB_LANES="3").insert_events([an_event() for _ in range(50)])
    with pytest.raises(ProgrammingError, match=r"MARIADB_LANES is 200, and .* made with 3:"):
        store.recorder(MARIADB_LANES="200")
    factory = store.factory()
    factory.application_recorder().insert_events([an_event() for _ in range(50)])
    assert factory.log_facts.lanes == 3
    lanes = rows(store.server, f"SELECT DISTINCT lane FROM {store.log}.event ORDER BY lane")
    assert lanes == [(0,), (1,), (2,)]


def test_an_epoch_with_other_lanes_than_the_table_is_refused(store: TestStore) -> None:
    store.recorder()
    rows(store.server, f"INSERT INTO {store.log}.epoch SELECT 9, 'x', 7, 'a slip', now() FROM DUAL")
    with pytest.raises(ForeignSchemaError, match="made with 4 lanes, and its epoch says 7"):
        store.recorder()


def test_a_migration_that_died_and_went_on_with_other_lanes_agrees_with_itself(
    server: MariaDBServer,
) -> None:
    for statements in count():
        store = TestStore(server, f"lanes_{statements}")
        InterruptedCursor.left = statements
        try:
            with connected(server, InterruptedCursor) as connection:
                run(connection, "log", store, lanes=3)
            break
        except pymysql.MySQLError:
            migrated(server, "log", store, lanes=5)
        factory = store.factory()
        recorder = factory.application_recorder()
        lanes = factory.log_facts.lanes
        recorder.insert_events([an_event() for _ in range(60)])
        found = rows(server, f"SELECT COUNT(DISTINCT lane) FROM {store.log}.event")
        assert found == [(lanes,)], f"died before statement {statements + 1}"
        store.drop()
    store.drop()


# ---- accounts


def test_grants_follow_when_another_account_is_named(store: TestStore) -> None:
    factory = store.factory()
    factory.application_recorder()
    factory.tracking_recorder()
    rows(store.server, "CREATE USER night_shift@'%' IDENTIFIED BY 'secret'")
    try:
        later = store.factory(MARIADB_OPERATION="night_shift")
        later.application_recorder()
        later.tracking_recorder()
        with (
            pymysql.connect(
                unix_socket=str(store.server.socket), user="night_shift", password="secret"
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(f"SELECT * FROM {store.log}.epoch")
            cursor.execute(f"SELECT * FROM {store.views}.tracking")
            cursor.execute(f"DELETE FROM {store.log}.idempotency")
    finally:
        rows(store.server, "DROP USER night_shift@'%'")


def test_what_was_granted_before_is_not_granted_at_every_start(
    store: TestStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.factory().process_recorder()
    monkeypatch.setattr("infra.eventstore.factory.migrate", None)
    store.factory().process_recorder()


@EACH
@pytest.mark.parametrize("creates", [False, True], ids=["may not", "may create accounts"])
def test_a_missing_account_is_named_with_its_setting_and_not_created(
    store: TestStore, schema: str, creates: bool
) -> None:
    if creates:
        rows(store.server, "GRANT CREATE USER ON *.* TO ringi_migration@'%'")
    try:
        factory = store.factory(MARIADB_OPERATION="nobody_yet")
        with pytest.raises(ProgrammingError, match="MARIADB_OPERATION names nobody_yet"):
            factory.application_recorder() if schema == "log" else factory.tracking_recorder()
        assert rows(store.server, "SELECT * FROM mysql.user WHERE user = 'nobody_yet'") == []
    finally:
        if creates:
            rows(store.server, "REVOKE CREATE USER ON *.* FROM ringi_migration@'%'")
    begin(store, schema)


def test_an_account_that_may_not_migrate_is_told_what_to_grant(store: TestStore) -> None:
    rows(store.server, "CREATE USER intern@'%' IDENTIFIED BY 'secret'")
    url = store.server.url("intern", "secret").render_as_string(hide_password=False)
    pattern = store.log.replace("_", r"\\_")
    try:
        with pytest.raises(ProgrammingError, match=rf"GRANT ALL ON `{pattern}`.* WITH GRANT"):
            store.recorder(MARIADB_MIGRATION_URL=url)
    finally:
        rows(store.server, "DROP USER intern@'%'")


def test_a_server_that_does_not_trust_our_triggers_is_told_what_to_set(store: TestStore) -> None:
    rows(store.server, "SET GLOBAL log_bin_trust_function_creators = 0")
    try:
        with pytest.raises(ProgrammingError, match="set log_bin_trust_function_creators = 1"):
            store.recorder()
    finally:
        rows(store.server, "SET GLOBAL log_bin_trust_function_creators = 1")
    assert store.recorder().insert_events([an_event()])


# ---- columns


@pytest.mark.parametrize("zone", ["+09:00", "-11:30", "SYSTEM"])
def test_the_time_of_an_event_is_the_servers_in_utc_whatever_the_time_zone(
    store: TestStore, zone: str
) -> None:
    recorder = store.recorder()
    rows(store.server, f"SET GLOBAL time_zone = '{zone}'")
    try:
        by_us = an_event()
        recorder.insert_events([by_us])
        store.recorder().insert_events([an_event()])
        with admin_of(store.server) as admin, admin.cursor() as cursor:
            cursor.execute(f"SET SESSION time_zone = '{zone}'")
            cursor.execute(
                f"INSERT INTO {store.log}.event (stream, version, topic, state)"
                " VALUES (%s, 1, 't', '')",
                (uuid4().bytes,),
            )
            cursor.execute(
                "SELECT TIMESTAMPDIFF(SECOND, recorded_at, UTC_TIMESTAMP(6)), recorded_at"
                f" FROM {store.log}.event"
            )
            found = cursor.fetchall()
    finally:
        rows(store.server, "SET GLOBAL time_zone = 'SYSTEM'")
    assert len(found) == 3
    assert all(0 <= age_s < 60 for age_s, _ in found)


def test_topics_are_compared_exactly(store: TestStore) -> None:
    topics = ["topic", "Topic", "topic ", " topic", "tópic", "topic\0", ""]
    recorder = store.recorder()
    recorder.insert_events([an_event(topic=topic) for topic in topics])
    for topic in topics:
        (found,) = recorder.select_notifications(1, 100, topics=[topic])
        assert found.topic == topic
    assert len(recorder.select_notifications(1, 100, topics=["topic", "topic "])) == 2
    assert recorder.select_notifications(1, 100, topics=["TOPIC"]) == []
