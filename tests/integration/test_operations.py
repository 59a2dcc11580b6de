"""What docs/operations.md tells an operator to do works, as the account that it names."""

import re
from pathlib import Path

import pymysql
import pytest

from infra.eventstore.append import LARGEST_STATE
from infra.eventstore.datastore import (
    CONNECT_TIMEOUT_S,
    IDLE_TRANSACTION_TIMEOUT_S,
    READ_TIMEOUT_S,
    STATEMENT_TIMEOUT_S,
)
from infra.eventstore.idempotency import LONGEST_KEY, Idempotency
from infra.eventstore.reading import ROOM
from infra.schema.names import LONGEST_ACCOUNT, LONGEST_DATABASE
from infra.stack import SETTINGS
from tests.integration.observing import admin_of, an_event, rows, wait_until
from tests.raw import raw_append
from tests.servers import ACCOUNTS, TestStore

PAGE = (Path(__file__).parents[2] / "docs/operations.md").read_text()

#: Heading to the statements below it, in order.
STATEMENTS = {
    section.partition("\n")[0]: [
        statement.strip()
        for block in re.findall(r"```sql\n(.*?)```", section, re.DOTALL)
        for statement in block.split(";\n")
        if statement.strip()
    ]
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
}


@pytest.fixture
def operated(store: TestStore) -> TestStore:
    factory = store.factory()
    recorder = factory.process_recorder()
    recorder.insert_events([an_event()], idempotency=Idempotency("k", bytes(32)))
    recorder.settle()
    return store


def run(store: TestStore, sql: str, connection_id: int = 0) -> list[tuple]:
    """Run a statement of the page as the account that it is for."""
    by_administrator = sql.startswith("-- administrator")
    account = ACCOUNTS.operation
    connection = (
        admin_of(store.server)
        if by_administrator
        else pymysql.connect(
            unix_socket=str(store.server.socket),
            user=account.name,
            password=account.password,
            autocommit=True,
            ssl_disabled=True,
        )
    )
    sql = sql.replace("ringi_log", store.log)
    sql = re.sub(r"\b42\b", str(connection_id), sql)
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def test_the_page_has_statements_and_this_file_runs_them_all() -> None:
    assert {heading: len(found) for heading, found in STATEMENTS.items() if found} == {
        "A stall alarm": 3,
        "A hole that is too wide": 1,
        "A new epoch": 2,
        "Idempotency keys": 1,
        "How it is doing": 4,
    }


def test_a_stall_is_looked_at_and_ended(operated: TestStore) -> None:
    look, kill, transactions = STATEMENTS["A stall alarm"]
    recorder, late = operated.recorder(), an_event()
    with raw_append(operated, [an_event()]) as in_flight:
        recorder.insert_events([late])
        number = in_flight.connection.thread_id()
        assert run(operated, look, number)[0][0] == number
        wait_until(  # InnoDB's tables of transactions are a picture of up to 0.1 s ago
            lambda: number in [row[0] for row in run(operated, transactions)], "it is listed"
        )
        run(operated, kill, number)
        found = recorder.select_notifications(2, 10)
        in_flight.connection._force_close()
    assert [event.originator_id for event in found] == [late.originator_id]


def test_a_wide_hole_is_looked_at(operated: TestStore) -> None:
    (look,) = STATEMENTS["A hole that is too wide"]
    rows(
        operated.server,
        f"INSERT INTO {operated.log}.event (position, stream, version, topic, state)"
        " VALUES (5000000, 'somebody elses..', 1, 't', '')",
    )
    assert [row[0] for row in run(operated, look)] == [5000000]


def test_an_epoch_is_started_with_the_lanes_of_the_log(store: TestStore) -> None:
    start, lift = STATEMENTS["A new epoch"]
    before = store.factory(MARIADB_LANES="7")
    before.application_recorder()
    run(store, start)
    after = store.factory(MARIADB_LANES="7")
    after.application_recorder()
    assert after.log_facts.epoch != before.log_facts.epoch
    assert after.log_facts.lanes == 7
    run(store, lift)
    assert store.recorder().insert_events([an_event()]) == [5001]


def test_old_keys_are_cleaned_and_young_ones_stay(operated: TestStore) -> None:
    (clean,) = STATEMENTS["Idempotency keys"]
    recorder = operated.recorder()
    recorder.insert_events([an_event()], idempotency=Idempotency("old", bytes(32)))
    rows(
        operated.server,
        f"UPDATE {operated.log}.idempotency SET recorded_at = '2020-01-01'"
        " WHERE command_id = 'old'",
    )
    run(operated, clean)
    assert rows(operated.server, f"SELECT command_id FROM {operated.log}.idempotency") == [("k",)]


def test_how_it_is_doing_is_seen_by_operation(operated: TestStore) -> None:
    marks, epochs, guards, migrations = (
        run(operated, sql) for sql in STATEMENTS["How it is doing"]
    )
    assert marks == [(1, 1, 0)]
    assert [lanes for _, _, lanes, *_ in epochs] == [4]
    assert len(guards) == 6
    assert migrations


def test_the_settings_of_the_page_are_those_of_our_own_servers() -> None:
    (block,) = re.findall(r"```ini\n\[mariadbd\]\n(.*?)```", PAGE, re.DOTALL)
    told = dict(line.split(" = ") for line in block.splitlines() if not line.startswith("#"))
    assert {name: SETTINGS[name] for name in told} == told
    ours = {"server_id", "gtid_strict_mode", "binlog_expire_logs_seconds"}
    assert set(SETTINGS) - set(told) == {*ours, "innodb_log_file_size", "performance_schema"}


@pytest.mark.parametrize(
    "limit",
    [
        f"| state of an event | {LARGEST_STATE:_} bytes".replace("_", " "),
        f"| idempotency key | 1 to {LONGEST_KEY} characters",
        f"| a page | {ROOM // 2**20} MiB of states",
        f"| name of a database | {LONGEST_DATABASE} characters",
        f"| name of an account | {LONGEST_ACCOUNT} characters",
        f"| a statement | {STATEMENT_TIMEOUT_S} s, then the server ends it; {READ_TIMEOUT_S} s",
        f"| connecting | {CONNECT_TIMEOUT_S} s",
        f"| a transaction of ours without a statement | {IDLE_TRANSACTION_TIMEOUT_S} s",
    ],
)
def test_the_limits_of_the_page_are_those_of_the_code(limit: str) -> None:
    assert limit in PAGE
