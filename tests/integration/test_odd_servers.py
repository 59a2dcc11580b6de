"""Whatever a server's global settings are, a session of ours means what it says."""

from collections.abc import Iterator

import pytest
from eventsourcing.persistence import Tracking

from infra.eventstore.errors import TrackingConflictError, VersionConflictError
from infra.eventstore.idempotency import FirstOutcome
from tests.contracts.history import name
from tests.contracts.idempotency_contract import a_key
from tests.contracts.log_contract import read_all, some_events
from tests.integration.observing import rows
from tests.raw import burn_positions
from tests.servers import TestStore

ODD = {
    "completion_type": "CHAIN",
    "lc_messages": "de_DE",
    "sql_select_limit": "2",
    "sql_mode": "ORACLE",
    "sql_safe_updates": "1",
    "group_concat_max_len": "64",
    "unique_checks": "0",
    "tx_isolation": "SERIALIZABLE",
    "autocommit": "0",
    "time_zone": "+09:00",
    "innodb_lock_wait_timeout": "1",
}


@pytest.fixture(params=[*ODD, "all of them", "empty sql_mode"])
def odd(store: TestStore, request: pytest.FixtureRequest) -> Iterator[TestStore]:
    """Give a store on a server with one global setting, or all, as nobody should have them."""
    wanted = ODD if request.param == "all of them" else {request.param: ODD.get(request.param)}
    if request.param == "empty sql_mode":
        wanted = {"sql_mode": ""}
    before = {setting: rows(store.server, f"SELECT @@GLOBAL.{setting}")[0][0] for setting in wanted}
    for setting, value in wanted.items():
        rows(store.server, f"SET GLOBAL {setting} = %s", number_or_text(value))
    yield store
    for setting, value in before.items():
        rows(store.server, f"SET GLOBAL {setting} = %s", value)


def number_or_text(value: str) -> object:
    return int(value) if value.isdigit() else value


def test_everything_is_kept_and_told_apart_on_an_odd_server(odd: TestStore) -> None:
    factory = odd.factory(MARIADB_POOL_SIZE="1", MARIADB_MAX_OVERFLOW="0")
    recorder, key = factory.process_recorder(), a_key()
    first, second, third = some_events(30), some_events(), some_events(2)
    positions = recorder.insert_events(first, idempotency=key, tracking=Tracking("up", 5))
    assert positions == list(range(1, 31))
    assert isinstance(recorder.insert_events(first, idempotency=key), FirstOutcome)
    with pytest.raises(VersionConflictError):
        recorder.insert_events([*some_events(), first[3]])
    for position in (5, 3):
        with pytest.raises(TrackingConflictError):
            recorder.insert_tracking(Tracking("up", position))
    recorder.insert_events(second)
    burn_positions(odd, 3)
    recorder.insert_events(third)
    factory.close()
    other = odd.recorder()
    assert len(other.select_events(first[0].originator_id)) == 30
    assert [name(event) for event in read_all(other)] == [
        name(event) for event in (*first, *second, *third)
    ]


def test_positions_stay_consecutive_when_the_servers_increment_changes(store: TestStore) -> None:
    recorder = store.recorder()
    recorder.insert_events(some_events())
    rows(store.server, "SET GLOBAL auto_increment_increment = 10")
    try:
        recorder._appender._datastore._engine.dispose()  # new connections, as after a while
        positions = recorder.insert_events(some_events(3))
    finally:
        rows(store.server, "SET GLOBAL auto_increment_increment = 1")
    assert [seen.id for seen in read_all(recorder)][1:] == positions
