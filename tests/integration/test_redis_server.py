"""Private Redis servers: start, stop, keep to themselves, and say why they cannot."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from eventsourcing.persistence import OperationalError, ProgrammingError

from infra.private_server import LONGEST_SOCKET_PATH
from infra.redis_server import CacheRedis, PubsubRedis, RedisServer


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("one") / "new" / 'an "odd" näme')
    yield server
    server.stop()


@pytest.fixture
def running(one: RedisServer) -> Iterator[RedisServer]:
    yield one.start()
    one.start()


@pytest.fixture
def client(running: RedisServer) -> Iterator[redis.Redis]:
    with redis.from_url(running.url, decode_responses=True) as client:
        yield client


def test_a_fresh_server_keeps_a_journal_and_refuses_when_full(client: redis.Redis) -> None:
    wanted = {
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory": str(256 * 2**20),
        "maxmemory-policy": "noeviction",
        "port": "0",
        "unixsocketperm": "700",
    }
    for name, value in wanted.items():
        assert client.config_get(name) == {name: value}


def test_a_full_server_refuses_and_evicts_nothing(client: redis.Redis) -> None:
    client.set("kept", "x")
    client.config_set("maxmemory", "8mb")
    try:
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            client.set("more", "x" * 2**24)
        assert client.get("kept") == "x"
    finally:
        client.config_set("maxmemory", str(256 * 2**20))
        client.flushall()


@pytest.mark.parametrize(
    ("kind", "policy"), [(PubsubRedis, "noeviction"), (CacheRedis, "allkeys-lru")]
)
def test_a_server_of_one_role_beside_has_its_settings_and_keeps_nothing(
    kind: type[RedisServer], policy: str, tmp_path: Path
) -> None:
    server = kind(tmp_path).start()
    try:
        with redis.from_url(server.url, decode_responses=True) as client:
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": policy}
            assert client.config_get("appendonly", "save") == {"appendonly": "no", "save": ""}
            client.set("a", "b")
        server.stop()
        server.start()
        with redis.from_url(server.url) as client:
            assert client.get("a") is None
    finally:
        server.stop()


def test_a_server_that_runs_is_not_started_again(running: RedisServer) -> None:
    pid = running.pid
    assert pid
    assert running.start() is running
    assert RedisServer(running.folder).start().pid == pid


def test_a_stopped_server_may_be_stopped_again_and_keeps_what_was_queued(
    running: RedisServer,
) -> None:
    with redis.from_url(running.url) as client:
        client.rpush("a", "b")
    pid = running.pid
    running.stop()
    running.stop()
    running.kill()
    assert running.pid is None
    assert not Path(f"/proc/{pid}").exists()
    assert not running.is_ready()
    running.start()
    with redis.from_url(running.url) as client:
        assert client.lrange("a", 0, -1) == [b"b"]


def test_a_killed_server_starts_again(running: RedisServer) -> None:
    pid = running.pid
    running.kill()
    assert running.pid is None
    assert running.start().pid not in {pid, None}


def test_another_process_object_stops_the_same_server(running: RedisServer) -> None:
    assert running.pid is not None
    RedisServer(running.folder).stop()
    assert running.pid is None


def test_a_server_that_never_ran_may_be_stopped(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.stop()
    server.kill()
    assert server.pid is None
    assert list(tmp_path.iterdir()) == []


def test_only_its_own_process_is_a_servers_process(running: RedisServer, tmp_path: Path) -> None:
    neighbour = RedisServer(tmp_path)
    for process in (running.pid, os.getpid(), 2**22 + 1, ""):
        (tmp_path / "redis.pid").write_text(f"{process}\n")
        assert neighbour.pid is None


def test_only_the_owner_of_the_folder_gets_in(running: RedisServer) -> None:
    assert running.folder.stat().st_mode & 0o077 == 0
    assert running.socket.stat().st_mode & 0o077 == 0


def test_a_folder_too_deep_for_a_socket_takes_a_folder_for_it() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as base:
        folder = Path(base) / ("x" * LONGEST_SOCKET_PATH)
        with pytest.raises(ProgrammingError, match="too long for a unix socket"):
            RedisServer(folder).start()
        assert list(Path(base).iterdir()) == []
        server = RedisServer(folder, sockets=Path(base)).start()
        try:
            assert server.socket == Path(base) / "redis.sock"
            assert server.is_ready()
        finally:
            server.stop()


def test_a_missing_program_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_args, **_kwargs: None)
    with pytest.raises(ProgrammingError, match=r"redis-server is not on.*make setup.*package"):
        RedisServer(tmp_path / "new").start()


def test_a_server_that_cannot_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RedisServer, "settings", {"no-such-setting": "1"})
    server = RedisServer(tmp_path)
    with pytest.raises(OperationalError, match=r"(?s)Redis did not start.*no-such-setting"):
        server.start()
    assert server.pid is None
