"""That the database is away wakes somebody once in each process; it is told when it is back."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from uuid import uuid4

import pytest
from sqlalchemy import make_url

from infra import outage as outage_module
from infra.bootstrap import (
    Parts,
    gateway_parts,
    job_parts,
    prepare,
    scheduler_parts,
    worker_parts,
)
from infra.eventstore import datastore, retrying
from infra.eventstore.errors import ConnectionLostError, UnreachableError
from infra.outage import Outage, is_told
from infra.redis_server import RedisServer
from infra.settings import Settings
from infra.stack import MariaDBServer
from tests.integration.api_world import World, settings_of
from tests.integration.observing import migrated
from tests.servers import TestStore, prepared_server
from workers.catch_up import CatchUp
from workers.schedule import ENTRIES
from workers.scheduler import Attendant


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDBServer]:
    server = prepared_server(tmp_path_factory.mktemp("outage"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    running = RedisServer(tmp_path_factory.mktemp("outage") / "redis")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def store(own_server: MariaDBServer) -> TestStore:
    return migrated(own_server.start(), f"outage_{uuid4().hex[:8]}")


def told(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == level]


def test_all_parts_of_a_process_make_one_error_of_an_outage_and_one_line_of_its_end(
    store: TestStore,
    redis_server: RedisServer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retrying, "BACK_OFF_S", (0.001,))
    monkeypatch.setattr(outage_module, "QUIET_S", 0.0)
    settings = settings_of(store, redis_server)
    prepare(settings)
    parts = scheduler_parts(settings)
    world = World(store, redis_server, settings, parts)
    catch_up = CatchUp(parts, lambda *_: None, Event().is_set)
    attendants = [Attendant(each, parts, Event(), "w") for each in ENTRIES if not each.is_claimed]

    def everybody() -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(catch_up.look, range(parts.lanes)))
            list(pool.map(Attendant.run_once, attendants))
            list(pool.map(lambda _: world.client.simulate_get("/v1/inbox"), range(4)))

    everybody()
    caplog.clear()
    with caplog.at_level(logging.INFO):
        store.server.stop()
        everybody()
        everybody()
        (error,) = told(caplog, logging.ERROR)
        assert error.startswith("the database gives no connection: MariaDB error 2")
        assert not [line for line in told(caplog, logging.INFO) if "again" in line]
        caplog.clear()
        store.server.start()
        everybody()
        everybody()
    assert told(caplog, logging.ERROR) == []
    (back,) = [line for line in told(caplog, logging.INFO) if line.startswith("the database")]
    assert back.startswith("the database gives connections again, after ")
    parts.close()


@pytest.mark.parametrize("make", [gateway_parts, worker_parts, scheduler_parts, job_parts])
def test_every_process_that_runs_on_tells_of_it(
    store: TestStore,
    redis_server: RedisServer,
    caplog: pytest.LogCaptureFixture,
    make: Callable[[Settings], Parts],
) -> None:
    parts = make(settings_of(store, redis_server))
    store.server.stop()
    with pytest.raises(UnreachableError), parts.writing.cursor():
        pass
    parts.close()
    assert len(told(caplog, logging.ERROR)) == 1


class Clock:
    """Stands still until told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(outage_module, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_each_outage_is_told_anew(caplog: pytest.LogCaptureFixture, clock: Clock) -> None:
    outage = Outage()
    with caplog.at_level(logging.INFO):
        for attempt in (None, UnreachableError("a"), UnreachableError("b")):
            outage.attempted(attempt)
        clock.now += outage_module.QUIET_S
        outage.attempted(None)
        outage.attempted(None)
        outage.attempted(UnreachableError("c"))
    assert caplog.messages == [
        "the database gives no connection: a",
        "the database gives connections again, after 5.0 s",
        "the database gives no connection: c",
    ]


def test_an_outage_that_comes_and_goes_is_one_and_is_told_again_while_it_lasts(
    caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    outage = Outage()
    with caplog.at_level(logging.INFO):
        for _ in range(301):
            outage.attempted(UnreachableError("full"))
            outage.attempted(None)
            clock.now += 1
    assert caplog.messages == [
        "the database gives no connection: full",
        "the database gives no connection, for 300 s by now: full",
    ]


def test_a_connection_that_works_ends_an_outage_though_none_is_made(
    store: TestStore,
    redis_server: RedisServer,
    caplog: pytest.LogCaptureFixture,
    clock: Clock,
) -> None:
    parts = worker_parts(settings_of(store, redis_server))
    with parts.writing.cursor() as cursor:
        cursor.execute("SELECT 1")
    parts.writing.attempted(UnreachableError("one connection too many"))
    caplog.clear()
    clock.now += outage_module.QUIET_S
    with caplog.at_level(logging.INFO), parts.writing.cursor() as cursor:
        cursor.execute("SELECT 1")
    parts.close()
    assert caplog.messages == ["the database gives connections again, after 5.0 s"]


def test_a_connection_lost_while_the_database_is_there_is_told_by_nobody_else(
    store: TestStore, redis_server: RedisServer
) -> None:
    parts = worker_parts(settings_of(store, redis_server))

    def lost() -> ConnectionLostError:
        with pytest.raises(ConnectionLostError) as found, parts.writing.cursor():
            raise datastore.pymysql.OperationalError(2013, "Lost connection")
        return found.value

    alone = lost()
    parts.writing.attempted(UnreachableError("away"))
    during = lost()
    parts.close()
    assert (is_told(alone), is_told(during)) == (False, True)


def test_an_operations_account_that_cannot_connect_is_told_by_its_entry(
    store: TestStore, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = make_url("mysql+pymysql://ringi_operation:x@127.0.0.1:1/")
    settings = replace(settings_of(store, redis_server), operation_url=nowhere)
    prepare(settings)
    parts = scheduler_parts(settings)
    (entry,) = [each for each in ENTRIES if each.name == "clean the keys"]
    attendant = Attendant(entry, parts, Event(), "w")
    caplog.clear()
    attendant.run_once()
    attendant.run_once()
    parts.close()
    (error,) = told(caplog, logging.ERROR)
    assert error.startswith("clean the keys: UnreachableError: ")
