"""`ringi up` where something is in the way, or killed on the way; and Redis split by role."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic
from types import SimpleNamespace

import pytest
import redis
from sqlalchemy.engine import make_url

from infra.home import Home
from infra.local import processes
from infra.local.decisions import decide
from infra.local.errors import InstallationError
from infra.local.fitness import ROOM_FOR_NEW
from infra.local.installation import Installation
from infra.local.starting import up
from infra.local.stopping import down
from tests.benchmarks.memory import taken, total
from tests.integration.installations import (
    RINGI,
    a_directory,
    all_run,
    an_environ,
    lines_of,
    migrating_alone,
    pids,
    ringi,
    supervisor_pid,
    wait_until,
)

#: `up` as a process of its own, which a test can kill.
UP = """
import os, sys
from pathlib import Path
from infra.home import Home
from infra.local.installation import Installation
from infra.local import config, starting
from infra.migrate import migrate_store
starting.migrate = migrate_store
config.ROLE_START_S = 1
home, directory = map(Path, sys.argv[1:])
starting.up(Installation(Home(home), os.environ, directory), lambda line: print(line, flush=True))
"""


@pytest.fixture(autouse=True, scope="module")
def _migrating_alone() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as alone:
        migrating_alone(alone)
        yield


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ringi-test-", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def one(base: Path) -> Iterator[Installation]:
    installation = Installation(Home(base / "home"), an_environ(), a_directory(base / "dir", "api"))
    yield installation
    down(installation, print)


def nothing_runs(installation: Installation) -> bool:
    return not processes.marked(installation.home.folder)


# ---- killed, and what is left over


def test_an_up_that_is_killed_in_whatever_phase_is_completed_by_the_next(base: Path) -> None:
    directory = a_directory(base / "phases", "api")
    installation = Installation(Home(base / "killed"), an_environ(), directory)
    phases = ["MariaDB: its files", "Redis: its files", "waiting for MariaDB", "migrating"]
    phases.append("waiting for api")
    try:
        for phase in phases:
            _killed_at(phase, installation)
        assert "Ringi is up." in lines_of(up, installation)
        assert all_run(installation)
        assert set(pids(installation)) == {"mariadb", "redis", "api"}
    finally:
        down(installation, print)
    assert nothing_runs(installation)
    assert len(list((base / "killed" / "mariadb").glob("data*"))) == 1


def _killed_at(phase: str, installation: Installation) -> None:
    """Kill an `up`, with what it has begun and not left to the supervisor, when it says this."""
    with subprocess.Popen(
        [sys.executable, "-c", UP, str(installation.home.folder), str(installation.directory)],
        env=installation.environ,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = iter(process.stdout.readline, "")
        assert any(line.startswith(phase) for line in said), f"{phase} is no phase of it"
        process.kill()


def test_files_that_a_crash_left_do_not_stop_up_and_hit_nobody_else(one: Installation) -> None:
    down(one, print)
    with subprocess.Popen(["sleep", "1000"]) as stranger:
        try:
            home = one.home.folder
            for name in ("supervisord.pid", "mariadb/mariadb.pid", "redis/redis.pid"):
                path = home / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"{stranger.pid}\n")
            for name in ("supervisor.sock", "mariadb.sock", "redis.sock"):
                with socket.socket(socket.AF_UNIX) as left_over:  # bound, and nobody listens
                    left_over.bind(str(one.home.sockets / name))
            (home / "lock").write_text("")
            (home / "mariadb" / "lock").write_text("")
            up(one, print)
            assert all_run(one)
            assert stranger.poll() is None
        finally:
            stranger.kill()


# ---- what is in the way before anything starts


def test_a_folder_that_cannot_be_made_is_named_with_the_setting_to_change(base: Path) -> None:
    (base / "a file").write_text("")
    for place in (base / "a file" / "home", Path("/proc/ringi")):
        installation = Installation(Home(place), an_environ(), base)
        with pytest.raises(InstallationError, match=r"cannot be used \(.*RINGI_HOME"):
            up(installation, print)


def test_a_disk_without_room_is_found_before_anything_is_made(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = SimpleNamespace(free=ROOM_FOR_NEW - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: free)
    installation = Installation(Home(base / "full"), an_environ(), a_directory(base / "d", "api"))
    with pytest.raises(InstallationError, match=r"399 MB are free .* 400 MB are needed"):
        up(installation, print)
    assert not (base / "full" / "mariadb").exists()


def test_ports_that_are_given_never_meet_a_usual_one(base: Path) -> None:
    environ = an_environ()
    environ |= {"RINGI_API_PORT": "8401", "RINGI_GATEWAY_PORT": ""}
    decided = decide(Installation(Home(base / "ports"), environ))
    assert decided["RINGI_GATEWAY_PORT"] != "8401" == decided["RINGI_API_PORT"]


def test_servers_that_are_given_and_not_fit_are_refused_with_all_reasons(
    one: Installation, base: Path
) -> None:
    up(one, print)
    decided = one.home.read_environment()
    wrong_secret = make_url(decided["RINGI_DATABASE_URL"]).set(password="wrong-secret")
    environ = an_environ(
        RINGI_DATABASE_URL=wrong_secret.render_as_string(hide_password=False),
        RINGI_REDIS_URL=decided["RINGI_REDIS_URL"],
    )
    foreign = Installation(Home(base / "foreign"), environ, one.directory)
    with redis.from_url(one.redis.url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            with pytest.raises(InstallationError) as refused:
                up(foreign, print)
        finally:
            client.config_set("maxmemory-policy", "noeviction")
    assert "refuses ringi_application" in str(refused.value)
    assert "must be noeviction" in str(refused.value)
    assert "wrong-secret" not in str(refused.value)
    assert nothing_runs(foreign)


def test_a_database_that_is_not_durable_or_on_nobodys_address_is_refused_in_time(
    one: Installation, base: Path
) -> None:
    up(one, print)
    decided = one.home.read_environment()
    begin = monotonic()
    for url, said in (
        ("mysql+pymysql://ann:secret@127.0.0.1:1/", "no server answers"),
        ("mysql+pymysql://ann:secret@no-such-host.invalid/", "no server answers"),
    ):
        environ = an_environ(RINGI_DATABASE_URL=url, RINGI_REDIS_URL=decided["RINGI_REDIS_URL"])
        foreign = Installation(Home(base / "nobody"), environ, one.directory)
        with pytest.raises(InstallationError, match=said):
            up(foreign, print)
    with one.mariadb.admin() as admin, admin.cursor() as cursor:
        cursor.execute("SET GLOBAL sync_binlog = 0")
        try:
            foreign = replace(
                foreign, environ={**foreign.environ, **decided, "RINGI_API_PORT": "8400"}
            )
            with pytest.raises(InstallationError, match="sync_binlog is 0"):
                up(foreign, print)
        finally:
            cursor.execute("SET GLOBAL sync_binlog = 1")
    assert monotonic() - begin < 30


# ---- one Redis or three


def test_redis_is_split_by_role_and_joined_again_without_losing_what_is_queued(
    one: Installation,
) -> None:
    up(one, print, split_redis=False)
    with redis.from_url(one.redis.url) as client:
        client.rpush("dramatiq:probe", "queued")
    assert "stopping" in lines_of(up, one, split_redis=True)
    assert set(pids(one)) == {"mariadb", "redis", "redis-pubsub", "redis-cache", "api"}
    assert _queued(one) == [b"queued"]
    settings = one.settings()
    urls = {settings.broker_url, settings.pubsub_url, settings.cache_url}
    assert len(urls) == 3
    assert settings.broker_url == settings.redis_url
    assert _policies(*sorted(urls)) == {
        one.redis.url: ("yes", "noeviction"),
        settings.pubsub_url: ("no", "noeviction"),
        settings.cache_url: ("no", "allkeys-lru"),
    }
    down(one, print)
    assert nothing_runs(one)
    up(one, print)
    assert one.has_split_redis
    assert "redis-cache" in pids(one)
    up(one, print, split_redis=False)
    assert set(pids(one)) == {"mariadb", "redis", "api"}
    assert one.settings().cache_url == one.redis.url
    assert _queued(one) == [b"queued"]
    assert "up already" in lines_of(up, one, split_redis=False)


def _queued(one: Installation) -> list[bytes]:
    with redis.from_url(one.redis.url) as client:
        found: list[bytes] = client.lrange("dramatiq:probe", 0, -1)
        return found


def _policies(*urls: str) -> dict[str, tuple[str, str]]:
    found = {}
    for url in urls:
        with redis.from_url(url, decode_responses=True) as client:
            kept = client.config_get("appendonly", "maxmemory-policy")
        found[url] = (kept["appendonly"], kept["maxmemory-policy"])
    return found


def test_a_split_server_that_dies_with_its_supervisor_is_ended_by_down(one: Installation) -> None:
    up(one, print, split_redis=True)
    os.kill(supervisor_pid(one), signal.SIGKILL)
    wait_until(lambda: not one.supervisor.is_up(), "supervisord is gone")
    assert any(server.pid for server in one.split_redis.values())
    down(one, print)
    assert not any(server.pid for server in one.split_redis.values())
    assert nothing_runs(one)


def test_a_redis_that_is_given_cannot_be_split_here(base: Path) -> None:
    installation = Installation(
        Home(base / "given"), an_environ(RINGI_REDIS_URL="redis://127.0.0.1/"), base
    )
    with pytest.raises(InstallationError, match="RINGI_REDIS_URL is given"):
        up(installation, print, split_redis=True)


def test_what_each_program_takes_of_memory_is_told_with_its_children(one: Installation) -> None:
    up(one, print)
    found = taken(one)
    assert set(pids(one)) | {"supervisord"} == set(found)
    assert min(found.values()) > 1
    assert total(found) == pytest.approx(found["api"] + found["supervisord"])


# ---- check-config


def test_check_config_finds_nothing_wrong_with_what_up_made(one: Installation) -> None:
    up(one, print)
    done = ringi(one, "check-config")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert {line.split()[0] for line in lines[lines.index("") + 1 :]} == {"ok"}
    secret = str(make_url(one.home.read_environment()["RINGI_DATABASE_URL"]).password)
    assert "RINGI_DATABASE_URL" in done.stdout
    assert secret not in done.stdout
    assert "***" in done.stdout
    shown = [line for line in lines if line.startswith("RINGI_API_PORT ")]
    assert "local installation" in shown[0]


def test_check_config_lists_every_problem_for_programs_too(one: Installation, base: Path) -> None:
    up(one, print)
    environ = an_environ(
        RINGI_DATABASE_URL="mysql+pymysql://ann:hidden@127.0.0.1:1/",
        RINGI_REDIS_URL="redis://:hidden@127.0.0.1:1/",
        RINGI_LANES="many",
        RINGI_HOME=str(base / "none"),
    )
    done = subprocess.run(
        [RINGI, "check-config", "--json"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    found = json.loads(done.stdout)
    problems = [problem for check in found["checks"] for problem in check["problems"]]
    assert done.returncode == 1
    assert len(problems) == 3
    assert "hidden" not in done.stdout
    assert {row["name"]: row["source"] for row in found["settings"]}["RINGI_LANES"] == "environment"
