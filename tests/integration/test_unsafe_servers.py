"""A server or an account on which a promise would not hold is refused, with what to set."""

from collections.abc import Iterator

import pytest

from infra.eventstore.checks import GUARDS
from infra.eventstore.errors import ForeignSchemaError, UnsafeServerError
from infra.stack import MariaDBServer
from tests.integration.observing import admin_of, an_event, rows
from tests.servers import ACCOUNTS, TestStore, prepared_server

#: Setting to a value that breaks a promise, the safe value, and what the refusal says.
UNSAFE = {
    "sync_binlog": ("0", "1", "sync_binlog is 0, must be 1: an event could be seen before"),
    "innodb_flush_log_at_trx_commit": ("2", "1", "innodb_flush_log_at_trx_commit is 2, must be 1"),
    "binlog_format": ("MIXED", "ROW", "binlog_format is MIXED, must be ROW: a replica could"),
    "auto_increment_increment": ("2", "1", "auto_increment_increment is 2, must be 1: a save's"),
    "max_allowed_packet": ("16777216", "67108864", "max_allowed_packet is 16777216, must be at"),
}


@pytest.fixture(scope="module")
def unsafe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestStore]:
    """Give a store on a server on which everything is set wrongly."""
    overrides = {name: wrong for name, (wrong, _, _) in UNSAFE.items()}
    server = prepared_server(tmp_path_factory.mktemp("unsafe"), overrides)
    yield TestStore(server, "unsafe")
    server.stop()


def refusal(store: TestStore, **settings: str) -> list[str]:
    """Return the reasons for which a new process is refused."""
    factory = store.factory(**settings)
    with pytest.raises(UnsafeServerError, match="cannot be used safely") as refused:
        factory.application_recorder()
    with pytest.raises(UnsafeServerError):
        factory.aggregate_recorder()
    return str(refused.value).split("\n- ")[1:]


def test_every_unsafe_setting_is_refused_at_once(unsafe: TestStore) -> None:
    reasons = refusal(unsafe)
    assert len(reasons) == len(UNSAFE)
    for _, _, explanation in UNSAFE.values():
        assert sum(explanation in reason for reason in reasons) == 1


@pytest.mark.parametrize("name", UNSAFE)
def test_one_unsafe_setting_is_enough(unsafe: TestStore, name: str) -> None:
    with admin_of(unsafe.server) as admin, admin.cursor() as cursor:
        for other, (wrong, right, _) in UNSAFE.items():
            value = wrong if other == name else right
            cursor.execute(f"SET GLOBAL {other} = {value}")
        (reason,) = refusal(unsafe)
        assert UNSAFE[name][2] in reason
        cursor.execute(f"SET GLOBAL {name} = {UNSAFE[name][1]}")
    assert unsafe.recorder().insert_events([an_event()])


def test_a_server_without_a_binlog_is_refused(tmp_path: object) -> None:
    server = prepared_server(tmp_path, {"skip_log_bin": "1"})  # type: ignore[arg-type]
    try:
        (reason,) = refusal(TestStore(server, "unlogged"))
        assert reason.startswith("log_bin is OFF, must be ON: an event could be seen before")
    finally:
        server.stop()


# ---- accounts


@pytest.fixture
def clerk(server: MariaDBServer) -> Iterator[str]:
    """Give an account like the application's, and a role; both without any grant yet."""
    rows(server, "CREATE USER clerk@'%' IDENTIFIED BY 'clerk-secret'")
    rows(server, "CREATE ROLE clerks")
    rows(server, "GRANT clerks TO clerk@'%'")
    rows(server, "SET DEFAULT ROLE clerks FOR clerk@'%'")
    yield server.url("clerk", "clerk-secret").render_as_string(hide_password=False)
    rows(server, "DROP USER clerk@'%'")
    rows(server, "DROP ROLE clerks")


@pytest.fixture(scope="module")
def granting(server: MariaDBServer) -> Iterator[TestStore]:
    """Give a store on which each test lets a new clerk work."""
    store = TestStore(server, "granting")
    yield store
    store.drop()


def test_the_migrations_account_is_refused_as_the_applications(store: TestStore) -> None:
    url = store.env()["MARIADB_MIGRATION_URL"]
    powers, process = refusal(store, MARIADB_URL=url)
    assert "ALTER, CREATE, DELETE, DROP, INDEX, TRIGGER, UPDATE events" in powers
    assert "only SELECT and INSERT" in powers
    assert "PROCESS" in process


def test_the_administrator_is_refused_as_the_application(store: TestStore) -> None:
    store.recorder()
    admin = store.server.url("clerk_admin", "secret")
    rows(store.server, "GRANT ALL ON *.* TO clerk_admin@'%' IDENTIFIED BY 'secret'")
    try:
        (reason,) = refusal(
            store,
            MARIADB_URL=admin.render_as_string(hide_password=False),
            MARIADB_MIGRATION_URL="",
        )
        assert "SUPER" in reason
    finally:
        rows(store.server, "DROP USER clerk_admin@'%'")


@pytest.mark.parametrize(
    "grant", ["GRANT USAGE ON *.* TO clerk@'%'", "GRANT SELECT ON mysql.* TO clerk@'%'"]
)
def test_an_account_that_cannot_see_who_blocks_is_refused(
    granting: TestStore, clerk: str, grant: str
) -> None:
    rows(granting.server, grant)
    (reason,) = refusal(granting, MARIADB_URL=clerk)
    assert "lacks PROCESS" in reason
    rows(granting.server, "GRANT PROCESS ON *.* TO clerk@'%'")
    assert granting.recorder(MARIADB_URL=clerk).insert_events([an_event()])


@pytest.mark.parametrize(
    ("power", "grant"),
    [
        ("DELETE", "GRANT DELETE ON *.* TO clerk@'%'"),
        ("DELETE", "GRANT DELETE ON {log}.* TO clerk@'%'"),
        ("DELETE", "GRANT DELETE ON `{name}\\_%`.* TO clerk@'%'"),
        ("DELETE", "GRANT DELETE ON {log}.event TO clerk@'%'"),
        ("UPDATE", "GRANT UPDATE (topic) ON {log}.event TO clerk@'%'"),
        ("DROP", "GRANT DROP ON {log}.event TO clerks"),
        ("DROP", "GRANT DROP ON {log}.* TO clerks"),
        ("SUPER", "GRANT SUPER ON *.* TO clerks"),
    ],
)
def test_a_power_over_events_is_found_however_it_was_granted(
    granting: TestStore, clerk: str, power: str, grant: str
) -> None:
    rows(granting.server, "GRANT PROCESS ON *.* TO clerk@'%'")
    granting.recorder(MARIADB_URL=clerk)
    rows(granting.server, grant.format(log=granting.log, name=granting.name))
    (reason,) = refusal(granting, MARIADB_URL=clerk, MARIADB_MIGRATION_URL="")
    assert f"may {power} events" in reason


@pytest.mark.parametrize(
    ("power", "grant"),
    [
        ("DELETE events", "GRANT DELETE ON {log}.event TO deputies"),
        ("SUPER events", "GRANT SUPER ON *.* TO deputies"),
        ("UPDATE events", "GRANT UPDATE ON {log}.event TO substitutes"),
        ("DELETE on idempotency", "GRANT DELETE ON {log}.idempotency TO deputies"),
    ],
)
@pytest.mark.parametrize("default", [None, "clerks"])
def test_a_power_of_a_role_that_is_not_taken_yet_is_found(
    granting: TestStore, clerk: str, power: str, grant: str, default: str | None
) -> None:
    rows(granting.server, "GRANT PROCESS ON *.* TO clerk@'%'")
    rows(granting.server, f"SET DEFAULT ROLE {default or 'NONE'} FOR clerk@'%'")
    granting.recorder(MARIADB_URL=clerk)
    for statement in (
        "CREATE ROLE deputies",
        "CREATE ROLE substitutes",
        "GRANT substitutes TO deputies",
        "GRANT deputies TO clerk@'%'",
        grant.format(log=granting.log),
    ):
        rows(granting.server, statement)
    try:
        (reason,) = refusal(granting, MARIADB_URL=clerk, MARIADB_MIGRATION_URL="")
        assert f"may {power}" in reason
    finally:
        rows(granting.server, "DROP ROLE deputies, substitutes")


def test_looking_at_roles_leaves_the_usual_one(granting: TestStore, clerk: str) -> None:
    rows(granting.server, "GRANT PROCESS ON *.* TO clerk@'%'")
    rows(granting.server, "CREATE ROLE harmless")
    rows(granting.server, "GRANT harmless TO clerk@'%'")
    try:
        for usual in ("clerks", "NONE"):
            rows(granting.server, f"SET DEFAULT ROLE {usual} FOR clerk@'%'")
            factory = granting.factory(
                MARIADB_URL=clerk, MARIADB_POOL_SIZE="1", MARIADB_MAX_OVERFLOW="0"
            )
            factory.application_recorder()
            with factory.datastore.cursor() as cursor:
                cursor.execute("SELECT COALESCE(CURRENT_ROLE(), 'NONE')")
                assert cursor.fetchone() == (usual,)
    finally:
        rows(granting.server, "DROP ROLE harmless")


def test_the_right_to_see_who_blocks_must_not_need_a_role_to_be_taken(
    granting: TestStore, clerk: str
) -> None:
    rows(granting.server, "SET DEFAULT ROLE NONE FOR clerk@'%'")
    rows(granting.server, "GRANT PROCESS ON *.* TO clerks")
    (reason,) = refusal(granting, MARIADB_URL=clerk)
    assert "lacks PROCESS" in reason


@pytest.mark.parametrize(
    ("excess", "grant"),
    [
        ("DELETE on idempotency", "GRANT DELETE ON {log}.idempotency TO clerk@'%'"),
        ("INSERT on epoch", "GRANT INSERT ON {log}.epoch TO clerks"),
        ("DROP on settled", "GRANT DROP ON {log}.settled TO clerk@'%'"),
        ("UPDATE on migration", "GRANT UPDATE (checksum) ON {log}.migration TO clerk@'%'"),
    ],
)
def test_a_power_over_the_logs_other_tables_is_refused(
    store: TestStore, clerk: str, excess: str, grant: str
) -> None:
    rows(store.server, "GRANT PROCESS ON *.* TO clerk@'%'")
    store.recorder(MARIADB_URL=clerk)
    rows(store.server, grant.format(log=store.log))
    (reason,) = refusal(store, MARIADB_URL=clerk)
    assert f"may {excess}: revoke it" in reason


@pytest.mark.parametrize(
    "grant",
    [
        "GRANT ALL ON elsewhere.* TO clerk@'%'",
        "GRANT SELECT ON mysql.* TO clerk@'%'",  # who may read there sees everybody's grants
    ],
)
def test_a_power_over_other_things_or_of_others_is_no_reason(
    granting: TestStore, clerk: str, grant: str
) -> None:
    rows(granting.server, "GRANT PROCESS ON *.* TO clerk@'%'")
    rows(granting.server, grant)
    assert granting.recorder(MARIADB_URL=clerk).insert_events([an_event()])


# ---- the log itself


def test_a_log_without_its_triggers_is_refused_with_their_names(store: TestStore) -> None:
    store.recorder()
    dropped: list[str] = []
    for guard in sorted(GUARDS):
        rows(store.server, f"DROP TRIGGER {store.log}.{guard.split()[0]}")
        dropped.append(guard)
        (reason,) = refusal(store, MARIADB_MIGRATION_URL="")
        assert f"triggers are missing ({', '.join(dropped)})" in reason


@pytest.mark.parametrize(
    "other",
    ["BEFORE UPDATE ON settled", "BEFORE UPDATE ON migration", "AFTER DELETE ON event"],
    ids=["right", "another table", "another time"],
)
def test_a_trigger_that_only_has_the_name_of_one_is_none(store: TestStore, other: str) -> None:
    store.recorder()
    name = "settled_only_grows" if "event" not in other else "event_is_never_deleted"
    rows(store.server, f"DROP TRIGGER {store.log}.{name}")
    when, on_table = other.split(" ON ")
    rows(
        store.server,
        f"CREATE TRIGGER {store.log}.{name} {when} ON {store.log}.{on_table} FOR EACH ROW"
        " SIGNAL SQLSTATE '45000'",
    )
    if f"{name} {other}" in GUARDS:
        assert store.recorder().insert_events([an_event()])
    else:
        (reason,) = refusal(store, MARIADB_MIGRATION_URL="")
        assert f"triggers are missing ({name} BEFORE" in reason


def test_a_log_whose_next_position_is_settled_is_refused(store: TestStore) -> None:
    store.recorder().insert_events([an_event()])
    rows(store.server, f"UPDATE {store.log}.settled SET mark = 1000")
    (reason,) = refusal(store)
    assert "next position would be 2, but everything up to 1000 is settled" in reason
    assert "AUTO_INCREMENT = 1001" in reason
    rows(store.server, f"ALTER TABLE {store.log}.event AUTO_INCREMENT = 1001")
    assert store.recorder().insert_events([an_event()]) == [1001]


@pytest.mark.parametrize("table", ["epoch", "settled"])
def test_a_log_that_lost_its_epoch_or_its_mark_is_refused(store: TestStore, table: str) -> None:
    store.recorder()
    rows(store.server, f"TRUNCATE TABLE {store.log}.{table}")
    with pytest.raises(ForeignSchemaError, match="lost its epoch or its settled mark"):
        store.recorder(MARIADB_MIGRATION_URL="")


def test_the_three_accounts_of_these_tests_are_safe(store: TestStore) -> None:
    assert ACCOUNTS.application.name in store.env()["MARIADB_URL"]
    assert store.recorder().insert_events([an_event()])
