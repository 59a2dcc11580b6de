"""The local installation: up, down, status; what dies comes back, what is foreign is let be."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pymysql
import pytest
from sqlalchemy.engine import make_url

from infra.home import Home
from infra.local import processes
from infra.local.decisions import decide
from infra.local.errors import InstallationError
from infra.local.installation import Installation
from infra.local.starting import up
from infra.local.stopping import down
from infra.ports import free_port
from tests.integration.installations import (
    RINGI,
    a_directory,
    alive,
    all_run,
    an_environ,
    lines_of,
    migrating_alone,
    pids,
    ringi,
    supervisor_pid,
    wait_until,
)

#: supervisord, two servers, three roles, and a child that one of them has
PROCESSES = 7


@pytest.fixture(autouse=True, scope="module")
def _migrating_alone() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as alone:
        migrating_alone(alone)
        yield


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    """Give a folder whose path leaves room for sockets, and that only we write to."""
    with tempfile.TemporaryDirectory(prefix="ringi-test-", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def one(base: Path) -> Iterator[Installation]:
    directory = a_directory(base / "one", "api", "worker", "gateway")
    installation = Installation(Home(base / "home"), an_environ(), directory)
    yield installation
    down(installation, print)


@pytest.fixture
def running(one: Installation) -> Installation:
    up(one, print)
    wait_until(lambda: len(processes.marked(one.home.folder)) >= PROCESSES, "the worker's child")
    return one


@pytest.fixture
def guest(running: Installation, base: Path) -> Iterator[Callable[..., Installation]]:
    """Give a maker of installations on the servers of the running one."""
    made: list[Installation] = []

    def make(*roles: str, home: str = "") -> Installation:
        folder = base / (home or f"guest{len(made)}")
        environ = an_environ(**running.home.read_environment())
        environ |= {"RINGI_API_PORT": str(free_port()), "RINGI_GATEWAY_PORT": str(free_port())}
        made.append(Installation(Home(folder), environ, a_directory(folder / "dir", *roles)))
        return made[-1]

    yield make
    for installation in made:
        down(installation, print)
        shutil.rmtree(installation.home.sockets)


# ---- up


def test_up_starts_servers_and_roles_and_says_where_they_are(one: Installation) -> None:
    down(one, print)
    said = lines_of(up, one)
    settings = one.settings()
    assert f"http://127.0.0.1:{settings.api_port}" in said
    assert f"ws://127.0.0.1:{settings.gateway_port}" in said
    assert set(pids(one)) == {"mariadb", "redis", "api", "worker", "gateway"}
    assert all_run(one)
    for port in (settings.api_port, settings.gateway_port):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    with one.mariadb.admin() as admin, admin.cursor() as cursor:
        cursor.execute("SHOW DATABASES LIKE 'ringi\\_%%'")
        assert {name for (name,) in cursor.fetchall()} == {"ringi_log", "ringi_views"}


def test_a_second_up_says_so_and_starts_nothing(running: Installation) -> None:
    before = pids(running)
    said = lines_of(up, running)
    assert said.startswith("Ringi is up already.\n")
    assert str(running.settings().api_port) in said
    assert pids(running) == before


def test_two_who_start_it_at_once_start_it_once(one: Installation) -> None:
    down(one, print)
    said: list[str] = []
    both = [threading.Thread(target=up, args=(one, said.append)) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join(100)
    assert sum(line.startswith("Ringi is up.") for line in said) == 1
    assert sum(line.startswith("Ringi is up already.") for line in said) == 1
    assert all_run(one)


def test_secrets_are_in_one_file_that_only_its_owner_reads(running: Installation) -> None:
    environment = running.home.environment
    assert environment.stat().st_mode & 0o777 == 0o600
    assert running.home.folder.stat().st_mode & 0o777 == 0o700
    decided = running.home.read_environment()
    urls = [make_url(url) for name, url in decided.items() if url.startswith("mysql")]
    secrets = [str(url.password) for url in urls]
    assert len(set(secrets)) == 3
    assert min(map(len, secrets)) >= 32
    text = lines_of(up, running) + ringi(running, "status").stdout
    files = [running.home.folder / "supervisord.conf", *running.home.logs.iterdir()]
    for shown in [text, *(path.read_text(errors="replace") for path in files)]:
        assert not any(secret in shown for secret in secrets)


def test_the_accounts_work_with_the_decided_secrets(running: Installation) -> None:
    settings = running.settings()
    for url, may_create in ((settings.database_url, False), (settings.migration_url, True)):
        assert url is not None
        connection = pymysql.connect(
            unix_socket=str(running.mariadb.socket),
            user=url.username,
            password=url.password or "",
            ssl_disabled=True,
        )
        with connection, connection.cursor() as cursor:
            if may_create:
                cursor.execute("CREATE TABLE ringi_log.probe (a INT)")
                cursor.execute("DROP TABLE ringi_log.probe")
            else:
                with pytest.raises(pymysql.MySQLError, match="denied"):
                    cursor.execute("CREATE TABLE ringi_log.probe (a INT)")


def test_ports_that_somebody_has_are_left_to_him_and_the_choice_is_kept(tmp_path: Path) -> None:
    environ = {"RINGI_DATABASE_URL": "given", "RINGI_REDIS_URL": "given"}
    installation = Installation(Home(tmp_path), environ)
    with pytest.MonkeyPatch.context() as ports:
        ports.setattr("infra.local.decisions.is_free", lambda _host, port: port != 8400)
        decided = decide(installation)
    assert decided["RINGI_GATEWAY_PORT"] == "8401"
    assert decided["RINGI_API_PORT"] not in {"8400", "8401"}
    installation.home.write_environment(decided)
    assert decide(installation) == decided
    given = Installation(Home(tmp_path), environ | {"RINGI_API_PORT": "9999"})
    assert decide(given)["RINGI_API_PORT"] == "9999"


def test_a_decided_port_that_somebody_took_is_named_with_its_setting(
    guest: Callable[..., Installation],
) -> None:
    installation = guest("api")
    with (
        socket.create_server(("127.0.0.1", int(installation.environ["RINGI_API_PORT"]))),
        pytest.raises(InstallationError, match=r"another process listens.*RINGI_API_PORT"),
    ):
        up(installation, print)
    assert not installation.supervisor.is_up()


def test_servers_that_are_given_are_used_and_none_are_made(
    guest: Callable[..., Installation],
) -> None:
    installation = guest("api")
    up(installation, print)
    assert set(pids(installation)) == {"api"}
    assert not (installation.home.folder / "mariadb").exists()
    assert not (installation.home.folder / "redis").exists()
    assert "mysql" not in installation.home.environment.read_text()


def test_a_path_too_long_for_sockets_takes_a_short_folder_of_our_own(
    guest: Callable[..., Installation],
) -> None:
    installation = guest("api", home="x" * 100)
    up(installation, print)
    sockets = installation.home.sockets
    assert sockets.parent == Path("/tmp")
    assert sockets.stat().st_mode & 0o777 == 0o700
    assert all_run(installation)
    assert "RUNNING" in ringi(installation, "status").stdout


def test_a_role_that_does_not_start_is_named_with_its_last_words(
    guest: Callable[..., Installation],
) -> None:
    installation = guest("api", "broken")
    with pytest.raises(InstallationError, match=r"^broken does not start: broken on purpose"):
        up(installation, print)
    shown = ringi(installation, "status", "--json")
    assert (shown.returncode, json.loads(shown.stdout)["up"]) == (1, False)
    assert "broken on purpose" in ringi(installation, "logs", "broken").stdout


def test_a_program_that_is_not_there_is_named(guest: Callable[..., Installation]) -> None:
    installation = guest("api")
    (installation.directory / "Procfile").write_text("api: no-such-program")
    with pytest.raises(InstallationError, match=r"api cannot be started.*no-such-program"):
        up(installation, print)


# ---- what dies


@pytest.mark.parametrize("name", ["mariadb", "redis", "api"])
def test_a_killed_program_is_started_again(running: Installation, name: str) -> None:
    before = pids(running)
    os.kill(before[name], signal.SIGKILL)
    wait_until(lambda: pids(running).get(name, before[name]) != before[name], "a restart")
    wait_until(lambda: all_run(running), "all run")
    after = pids(running)
    assert {each for each in after if after[each] != before[each]} == {name}


def test_after_its_supervisor_was_killed_up_begins_anew(running: Installation) -> None:
    home = running.home.folder
    before = set(processes.marked(home))
    os.kill(supervisor_pid(running), signal.SIGKILL)
    wait_until(lambda: not running.supervisor.is_up(), "supervisord is gone")
    assert len(before) == PROCESSES
    said = lines_of(up, running)
    assert f"ended {PROCESSES - 1} processes" in said
    assert all_run(running)
    assert not before & set(processes.marked(home))


def test_after_its_supervisor_was_killed_down_ends_everything(running: Installation) -> None:
    before = processes.marked(running.home.folder)
    os.kill(supervisor_pid(running), signal.SIGKILL)
    wait_until(lambda: not running.supervisor.is_up(), "supervisord is gone")
    down(running, print)
    assert before
    assert alive(before) == []


def test_an_up_that_was_killed_is_completed_by_the_next(one: Installation) -> None:
    down(one, print)
    program = (
        "import os, sys; from pathlib import Path; from infra.home import Home;"
        "from infra.local.installation import Installation; from infra.local.starting import up;"
        "home, directory = map(Path, sys.argv[1:]);"
        "up(Installation(Home(home), os.environ, directory), lambda line: print(line, flush=True))"
    )
    arguments = [str(one.home.folder), str(one.directory)]
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env=one.environ,
        stdout=subprocess.PIPE,
        text=True,
    ) as first:
        assert first.stdout is not None
        said = iter(first.stdout.readline, "")
        assert any(line.startswith("waiting for MariaDB") for line in said)
        first.kill()
    assert "worker" not in pids(one)
    assert "Ringi is up." in lines_of(up, one)
    assert all_run(one)


def test_a_supervisor_that_does_not_answer_is_said_and_nothing_is_ended(
    running: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.local.supervisor.ANSWER_TIMEOUT_S", 0.2)
    before = processes.marked(running.home.folder)
    os.kill(supervisor_pid(running), signal.SIGSTOP)
    try:
        for work in (up, down):
            with pytest.raises(InstallationError, match="supervisord does not answer"):
                work(running, print)
    finally:
        os.kill(supervisor_pid(running), signal.SIGCONT)
    assert processes.marked(running.home.folder) == before


# ---- down


def test_down_stops_roles_before_servers_and_leaves_no_process(running: Installation) -> None:
    before = processes.marked(running.home.folder)
    log = running.home.logs / "supervisord.log"
    seen = log.stat().st_size
    down(running, print)
    stopped = re.findall(r"stopped: (\w+)", log.read_text()[seen:])
    assert set(stopped[:3]) == {"gateway", "worker", "api"}
    assert stopped[3:] == ["redis", "mariadb"]
    assert alive(before) == []
    assert processes.marked(running.home.folder) == []


def test_a_second_down_finds_nothing_to_do(running: Installation) -> None:
    down(running, print)
    assert lines_of(down, running) == "Ringi is down."


def test_down_where_nothing_ever_was_makes_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "never")
    assert lines_of(down, Installation(home, {})) == "Ringi is down."
    assert not home.folder.exists()


def test_data_ports_and_secrets_survive_down_and_up(running: Installation) -> None:
    decided = running.home.read_environment()
    with running.mariadb.admin() as admin, admin.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE TABLE ringi_views.kept AS SELECT 42 AS answer")
    down(running, print)
    up(running, print)
    with running.mariadb.admin() as admin, admin.cursor() as cursor:
        cursor.execute("SELECT answer FROM ringi_views.kept")
        assert cursor.fetchall() == ((42,),)
        cursor.execute("DROP TABLE ringi_views.kept")
    assert running.home.read_environment() == decided


def test_a_child_that_a_killed_role_left_behind_is_ended_by_down(running: Installation) -> None:
    before = processes.marked(running.home.folder)
    os.kill(pids(running)["worker"], signal.SIGKILL)
    wait_until(
        lambda: len(processes.marked(running.home.folder)) == len(before) + 1, "two more, one less"
    )
    assert "ended 1 process" in lines_of(down, running)
    assert processes.marked(running.home.folder) == []


# ---- foreign processes


def strangers(home: Path) -> list[Mapping[str, str]]:
    """Return the environments of processes that look like ours and are not."""
    return [
        {"RINGI_HOME": str(home)},
        {processes.MARK: f"{home}2"},
        {processes.MARK: str(home.parent)},
        {"OTHER": f"{processes.MARK}={home}"},
        {f"X{processes.MARK}": str(home)},
    ]


def test_no_foreign_process_is_touched(running: Installation) -> None:
    others = [
        subprocess.Popen(["sleep", "1000"], env={"PATH": os.environ["PATH"], **environ})
        for environ in strangers(running.home.folder)
    ]
    try:
        os.kill(supervisor_pid(running), signal.SIGKILL)
        wait_until(lambda: not running.supervisor.is_up(), "supervisord is gone")
        up(running, print)
        down(running, print)
        assert [other.poll() for other in others] == [None] * len(others)
    finally:
        for other in others:
            other.kill()
            other.wait()


def test_a_process_that_does_not_listen_is_killed_in_the_end(tmp_path: Path) -> None:
    program = "import signal, sys; signal.signal(15, signal.SIG_IGN); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program],
        env={processes.MARK: str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as deaf:
        assert deaf.stdout is not None
        assert deaf.stdout.readline() == b"\n"
        assert processes.end(tmp_path, spare={deaf.pid}, grace_s=0.1) == 0
        assert deaf.poll() is None
        assert processes.end(tmp_path, grace_s=0.1) == 1
        assert deaf.wait(10) == -signal.SIGKILL


# ---- the command line


def test_the_command_line_shows_and_stops_what_runs(running: Installation) -> None:
    shown = ringi(running, "status", "--json")
    found = json.loads(shown.stdout)
    assert (shown.returncode, found["up"]) == (0, True)
    assert {row["name"]: row["pid"] for row in found["programs"]} == pids(running)
    assert all(row["uptime_s"] >= 0 for row in found["programs"])
    assert "RUNNING" in ringi(running, "status").stdout
    assert "the worker has a child" in ringi(running, "logs", "worker").stdout
    assert "ready for connections" in ringi(running, "logs").stdout
    stopped = ringi(running, "down")
    assert (stopped.returncode, stopped.stdout.splitlines()[-1]) == (0, "Ringi is down.")
    assert (ringi(running, "status").returncode, pids(running)) == (1, {})


def test_an_error_of_the_command_line_is_one_line(tmp_path: Path) -> None:
    nowhere = Installation(Home(tmp_path / "nowhere"), {})
    for arguments in (["logs"], ["logs", "worker"], ["migrate"]):
        done = ringi(nowhere, *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert re.fullmatch(r"ringi: .*ringi up.*\n", done.stderr)


def test_followed_logs_show_what_comes(running: Installation) -> None:
    environ = {**os.environ, "RINGI_HOME": str(running.home.folder)}
    with subprocess.Popen(
        [RINGI, "logs", "-f", "worker"], env=environ, stdout=subprocess.PIPE, text=True
    ) as following:
        assert following.stdout is not None
        assert "the worker has a child" in following.stdout.readline()
        os.kill(pids(running)["worker"], signal.SIGKILL)
        said = iter(following.stdout.readline, "")
        assert any(re.match(r"the worker has a child \d+$", line) for line in said)
        following.kill()
    wait_until(lambda: all_run(running), "all run")
