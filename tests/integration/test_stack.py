"""Private servers: start, stop, survive, keep to themselves, and say why they cannot."""

import getpass
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest
from eventsourcing.persistence import OperationalError, ProgrammingError

from infra.stack import LONGEST_SOCKET_PATH, SETTINGS, MariaDBServer
from tests.integration.observing import an_event, events_in, rows
from tests.servers import ACCOUNTS, TestStore, prepared_server

LOCAL = "127.0.0.1"


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDBServer]:
    """Give a server that was never started before, on a machine in another time zone."""
    with pytest.MonkeyPatch.context() as machine:
        machine.setenv("TZ", "JST-9")
        server = prepared_server(tmp_path_factory.mktemp("one") / "new" / "folder")
        yield server
        server.stop()


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDBServer]:
    """Give a second server beside it."""
    server = prepared_server(tmp_path_factory.mktemp("other"))
    yield server
    server.stop()


@pytest.fixture
def running(one: MariaDBServer) -> Iterator[MariaDBServer]:
    yield one.start()
    one.start()


def ids(server: MariaDBServer) -> tuple[object, ...]:
    """Return what tells one server, and one run of it, from another."""
    uid = rows(server, "SELECT @@server_uid, @@port, @@datadir")[0]
    return (*uid, server.pid, server.port)


# ---- start and stop


def test_a_fresh_server_is_ready_with_the_settings_of_the_log(running: MariaDBServer) -> None:
    found = dict(rows(running, "SHOW GLOBAL VARIABLES"))
    assert found["log_bin"] == "ON"
    assert found["socket"] == str(running.socket)
    assert int(found["port"]) == running.port
    assert found["bind_address"] == LOCAL
    assert found["system_time_zone"] == "JST"
    sizes = {"M": 2**20, "G": 2**30}
    for name in SETTINGS.keys() - {"log_bin", "transaction_isolation"}:
        text = SETTINGS[name]
        wanted = str(int(text[:-1]) * sizes[text[-1]]) if text[-1] in sizes else text
        switch = {"1": "ON", "0": "OFF"}.get(wanted)
        assert found[name] in {wanted, switch}, name
    assert found["tx_isolation"] == SETTINGS["transaction_isolation"]


def test_a_server_that_runs_is_not_started_again(running: MariaDBServer) -> None:
    before = ids(running)
    assert running.start() is running
    assert MariaDBServer(running.folder).start().pid == running.pid
    assert ids(running) == before


def test_a_stopped_server_may_be_stopped_again(running: MariaDBServer) -> None:
    pid = running.pid
    running.stop()
    running.stop()
    running.kill()
    assert running.pid is None
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(pymysql.MySQLError):
        running.admin()


def test_a_server_that_never_ran_may_be_stopped(tmp_path: Path) -> None:
    server = MariaDBServer(tmp_path)
    server.stop()
    server.kill()
    assert server.pid is None
    assert list(tmp_path.iterdir()) == []


def test_another_process_object_stops_the_same_server(running: MariaDBServer) -> None:
    assert running.pid is not None
    MariaDBServer(running.folder).stop()
    assert running.pid is None


def test_a_second_start_keeps_data_and_port(running: MariaDBServer) -> None:
    store = TestStore(running, "kept")
    store.recorder().insert_events([an_event()])
    before = ids(running)
    running.stop()
    running.start()
    after = ids(running)
    assert (after[:3], after[4]) == (before[:3], before[4])
    assert after[3] != before[3]
    assert len(events_in(store)) == 1
    store.drop()


def test_a_killed_server_keeps_what_it_acknowledged(running: MariaDBServer) -> None:
    store = TestStore(running, "killed")
    recorder = store.recorder()
    acknowledged = [recorder.insert_events([an_event()]) for _ in range(50)]
    running.kill()
    assert running.pid is None
    running.start()
    assert [[row[0]] for row in events_in(store)] == acknowledged
    assert len(recorder.select_notifications(1, 100)) == 50
    store.drop()


def test_the_time_zone_of_the_machine_changes_no_recorded_time(running: MariaDBServer) -> None:
    store = TestStore(running, "zoned")
    store.recorder().insert_events([an_event()])
    rows(  # in a session of the machine's time zone
        running,
        f"INSERT INTO {store.log}.event (stream, version, topic, state) VALUES ('x', 1, '', '')",
    )
    found = rows(
        running,
        "SELECT TIMESTAMPDIFF(SECOND, recorded_at, UTC_TIMESTAMP()),"
        f" ROUND(TIMESTAMPDIFF(SECOND, recorded_at, NOW()) / 3600) FROM {store.log}.event",
    )
    assert len(found) == 2
    for age_s, ahead_h in found:
        assert 0 <= age_s < 60
        assert ahead_h == 9, "the session is in Japan"
    store.drop()


# ---- each for itself


def test_two_servers_run_side_by_side(running: MariaDBServer, other: MariaDBServer) -> None:
    assert len({running.port, other.port, 3306}) == 3
    assert ids(running)[0] != ids(other)[0]
    store = TestStore(other, "beside")
    store.recorder().insert_events([an_event()])
    running.stop()
    assert len(events_in(store)) == 1
    store.drop()


def test_only_its_own_process_is_a_servers_process(
    running: MariaDBServer, other: MariaDBServer
) -> None:
    """A pid file stays behind after a kill, and the number may be another process by now."""
    neighbour = MariaDBServer(other.folder.parent / other.folder.name[:-1])
    neighbour.folder.mkdir()
    for process in (other.pid, running.pid, os.getpid(), 2**22 + 1):
        (neighbour.folder / "mariadb.pid").write_text(f"{process}\n")
        assert neighbour.pid is None
    (neighbour.folder / "mariadb.pid").write_text("")
    assert neighbour.pid is None


@pytest.mark.parametrize("name", ["root", "", "mysql", "mariadb.sys", getpass.getuser()])
@pytest.mark.parametrize("password", ["", "invalid"])
def test_no_account_of_the_installation_gets_in_by_the_port(
    running: MariaDBServer, name: str, password: str
) -> None:
    with pytest.raises(pymysql.MySQLError) as error:
        pymysql.connect(host=LOCAL, port=running.port, user=name, password=password)
    assert error.value.args[0] in {1045, 1130, 1698, 4151}, error.value


def test_our_accounts_get_in_by_the_port_with_their_passwords(running: MariaDBServer) -> None:
    account = ACCOUNTS.application
    pymysql.connect(
        host=LOCAL, port=running.port, user=account.name, password=account.password
    ).close()
    with pytest.raises(pymysql.MySQLError, match="Access denied"):
        pymysql.connect(host=LOCAL, port=running.port, user=account.name, password="guessed")


def test_every_account_has_a_password_or_belongs_to_the_owner(running: MariaDBServer) -> None:
    found = dict(rows(running, "SELECT CONCAT(user, '@', host), priv FROM mysql.global_priv"))
    ours = {f"{a.name}@%" for a in vars(ACCOUNTS).values()}
    for account, privileges in found.items():
        if account in ours:
            assert "mysql_native_password" in privileges
        elif account.startswith(f"{getpass.getuser()}@"):
            assert "unix_socket" in privileges
        else:
            assert 'account_locked":true' in privileges or "unix_socket" in privileges, account
    assert ours < set(found)
    assert f"{getpass.getuser()}@localhost" in found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_somebody_else_on_the_machine_gets_no_admin_connection(running: MariaDBServer) -> None:
    assert running.folder.stat().st_mode & 0o077 == 0
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            pymysql.connect(unix_socket=str(running.socket), user="root", ssl_disabled=True)
        except (pymysql.MySQLError, OSError):
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


# ---- what cannot be


@pytest.mark.parametrize("letter", ["x", "é"])
def test_a_folder_too_deep_for_a_socket_is_refused_before_anything_is_made(letter: str) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as base:
        room = LONGEST_SOCKET_PATH - len(f"{base}//mariadb.sock")
        fits = "x" * room
        too_long = letter * (room // len(letter.encode()) + 1)
        assert len(os.fsencode(MariaDBServer(Path(base) / fits).socket)) == LONGEST_SOCKET_PATH
        with pytest.raises(ProgrammingError, match=r"too long for a unix socket.*nearer to the"):
            MariaDBServer(Path(base) / too_long).start()
        assert list(Path(base).iterdir()) == []


def test_the_limit_is_the_machines() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as base:
        longest = f"{base}/".ljust(LONGEST_SOCKET_PATH, "x")
        for path, fits in ((longest, True), (longest + "x", False)):
            with socket.socket(socket.AF_UNIX) as probe:
                if fits:
                    probe.bind(path)
                else:
                    with pytest.raises(OSError, match="too long"):
                        probe.bind(path)


def test_a_missing_program_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_args, **_kwargs: None)
    with pytest.raises(ProgrammingError, match=r"mariadb-install-db is not on.*mariadb-server"):
        MariaDBServer(tmp_path / "new").start()


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        ({"innodb_page_size": "3"}, "page_size"),
        ({"no_such_setting": "1"}, "unknown variable 'no_such_setting"),
    ],
)
def test_a_server_that_cannot_start_says_why(
    other: MariaDBServer, overrides: dict[str, str], reason: str
) -> None:
    other.stop()
    broken = MariaDBServer(other.folder, overrides)
    with pytest.raises(OperationalError, match=f"(?s)did not start.*({reason})"):
        broken.start()
    assert broken.pid is None
    assert other.start().pid


def test_a_port_that_is_taken_meanwhile_is_said(other: MariaDBServer) -> None:
    other.stop()
    with (
        socket.create_server((LOCAL, other.port)),
        pytest.raises(OperationalError, match=r"(?s)did not start.*port"),
    ):
        other.start()
    assert other.start().pid
