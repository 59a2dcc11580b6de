"""What the API answers while a server behind it is away."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import make_url

from infra.bootstrap import Parts
from infra.eventstore import retrying
from infra.stack import MariaDBServer
from tests.integration.api_world import VALUES, World, a_company

NEW = {"definition": "purchase", "values": VALUES}


@pytest.fixture(scope="module")
def world(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_company(server, Path(tmp_path_factory.mktemp("redis")), "api_outages") as world:
        yield world


@pytest.fixture
def without_redis(world: World) -> Iterator[World]:
    world.redis.stop()
    yield world
    world.redis.start()


@pytest.fixture
def without_database(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The same company, for whom the database is at an address where nobody is."""
    monkeypatch.setattr(retrying, "BACK_OFF_S", (0.001,))
    nowhere = make_url("mysql+pymysql://nobody:secret@localhost/?unix_socket=/nowhere/the.sock")
    parts = Parts(replace(world.settings, database_url=nowhere))
    yield World(world.store, world.redis, world.settings, parts, world.secrets)
    parts.close()


def test_all_servers_there_is_ready(world: World) -> None:
    answer = world.call("GET", "/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ready", "away": []})


def test_without_redis_commands_take_effect_and_only_tickets_fail(without_redis: World) -> None:
    world = without_redis
    created = world.do("POST", "/v1/documents", by="ann", body=NEW)
    assert world.shown(created["document"])["status"] == "draft"
    answer = world.call("POST", "/v1/tickets", by="ann")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json["type"] == "urn:ringi:problem:unavailable"
    answer = world.call("GET", "/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ready", "away": ["redis"]})


def test_without_the_database_the_process_lives_and_says_what_is_away(
    without_database: World, caplog: pytest.LogCaptureFixture
) -> None:
    world = without_database
    assert world.call("GET", "/healthz").status_code == 200
    assert world.call("GET", "/v1").status_code == 200
    answer = world.call("GET", "/readyz")
    assert (answer.status_code, answer.json["away"]) == (503, ["database"])
    assert answer.json["type"] == "urn:ringi:problem:not-ready"
    for request in (("GET", "/v1/me"), ("POST", "/v1/documents")):
        answer = world.call(*request, by="ann", body=NEW if request[0] == "POST" else None)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert answer.json["type"] == "urn:ringi:problem:unavailable"
        assert "nowhere" not in answer.text
        assert answer.json["correlation_id"] in caplog.text
    assert "secret" not in caplog.text


def test_a_path_writes_no_lines_of_its_own_into_the_log(
    without_database: World, caplog: pytest.LogCaptureFixture
) -> None:
    answer = without_database.call("GET", "/v1/people/x%0aERROR%20forged", by="ann")
    assert answer.status_code == 503
    assert "forged" in caplog.text
    assert "\nERROR forged" not in caplog.text
