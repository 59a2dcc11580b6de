"""`ringi up --replicas N`: made from whatever data there is, kept, supervised, taken away again."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.home import Home
from infra.local.decisions import decide
from infra.local.errors import InstallationError
from infra.local.installation import Installation
from infra.local.starting import up
from infra.local.stopping import down
from infra.migrate import migrate_store
from infra.stack import MariaDBServer
from tests.integration.observing import rows, wait_until
from tests.integration.test_local import a_directory, an_environ, pids


@pytest.fixture(autouse=True, scope="module")
def _migrating_alone() -> Iterator[None]:
    """Leave out what Ringi's own roles need: tables that projections keep, time to import."""
    with pytest.MonkeyPatch.context() as alone:
        alone.setattr("infra.local.starting.migrate", migrate_store)
        alone.setattr("infra.local.config.ROLE_START_S", 1)
        yield


@pytest.fixture(scope="module")
def one() -> Iterator[Installation]:
    """Give an installation that has data, and whose first binlogs are gone."""
    with tempfile.TemporaryDirectory(prefix="ringi-test-", dir="/tmp") as name:
        directory = a_directory(Path(name) / "dir", "api")
        installation = Installation(Home(Path(name) / "home"), an_environ(), directory)
        up(installation, print)
        rows(installation.mariadb, "CREATE TABLE ringi_views.before_it (a INT PRIMARY KEY)")
        rows(installation.mariadb, "INSERT INTO ringi_views.before_it VALUES (41)")
        purge(installation.mariadb)
        yield installation
        down(installation, print)


def purge(server: MariaDBServer) -> None:
    """Let the server forget every binlog but a new one."""
    rows(server, "FLUSH BINARY LOGS")

    def only_one_is_left() -> bool:
        newest = rows(server, "SHOW BINARY LOGS")[-1][0]
        rows(server, f"PURGE BINARY LOGS TO '{newest}'")
        return len(rows(server, "SHOW BINARY LOGS")) == 1

    wait_until(only_one_is_left, "the older binlogs are gone")


def level(one: Installation) -> bool:
    """Tell whether every replica has executed what the primary has written."""
    wanted = rows(one.mariadb, "SELECT @@gtid_binlog_pos")
    return all(rows(each, "SELECT @@gtid_slave_pos") == wanted for each in one.replicas)


def seen_by_the_application(server: MariaDBServer, one: Installation) -> object:
    """Return what the application's account sees of the table, and whether it may write."""
    urls = one.settings().replica_urls
    (url,) = [each for each in urls if each.query["unix_socket"] == str(server.socket)]
    assert url.username == "ringi_application"
    return rows(server, "SELECT MAX(a), @@read_only, @@log_bin FROM ringi_views.before_it")[0]


def test_replicas_are_made_of_the_data_that_is_there_and_follow(one: Installation) -> None:
    """One after the other test: each finds what the one before has left."""
    first_binlog = rows(one.mariadb, "SHOW BINARY LOGS")[0][0]
    assert first_binlog != "binlog.000001", "the first binlogs are gone"
    up(one, print, replicas=2)
    assert set(pids(one)) == {"mariadb", "redis", "api", "replica1", "replica2"}
    assert len(one.settings().replica_urls) == 2
    rows(one.mariadb, "INSERT INTO ringi_views.before_it VALUES (42)")
    wait_until(lambda: level(one), "the replicas have it")
    for replica in one.replicas:
        assert seen_by_the_application(replica, one) == (42, 1, 0)
    secrets = {str(url.password) for url in one.settings().replica_urls}
    conf = (one.home.folder / "supervisord.conf").read_text()
    assert not any(secret in conf for secret in secrets)


def test_they_are_kept_until_the_number_is_changed(one: Installation) -> None:
    down(one, print)
    assert [replica.pid for replica in one.replicas] == [None, None]
    up(one, print)
    assert {"replica1", "replica2"} <= set(pids(one))
    rows(one.mariadb, "INSERT INTO ringi_views.before_it VALUES (43)")
    wait_until(lambda: level(one), "the replicas have it")
    up(one, print, replicas=1)
    assert "replica2" not in pids(one)
    assert len(one.settings().replica_urls) == 1


def test_a_killed_replica_is_started_again_and_follows_by_itself(one: Installation) -> None:
    before = pids(one)["replica1"]
    os.kill(before, signal.SIGKILL)
    rows(one.mariadb, "INSERT INTO ringi_views.before_it VALUES (44)")
    wait_until(lambda: pids(one).get("replica1", before) != before, "a restart")
    (replica,) = one.replicas
    wait_until(replica.is_ready, "it answers")
    wait_until(lambda: level(one), "the replica has it")


def test_one_that_cannot_go_on_is_said_and_made_anew(one: Installation) -> None:
    (replica,) = one.replicas
    rows(replica, "STOP SLAVE")
    rows(one.mariadb, "INSERT INTO ringi_views.before_it VALUES (45)")
    purge(one.mariadb)
    down(one, print)
    with pytest.raises(InstallationError, match=r"Replica 1 cannot follow.*`ringi up` once more"):
        up(one, print)
    up(one, print)
    wait_until(lambda: level(one), "the replica has it")
    assert seen_by_the_application(one.replicas[0], one) == (45, 1, 0)


def test_without_replicas_there_is_nothing_of_them(one: Installation) -> None:
    up(one, print, replicas=0)
    assert set(pids(one)) == {"mariadb", "redis", "api"}
    assert one.settings().replica_urls == ()
    assert "REPLICA" not in one.home.environment.read_text()


def test_a_mariadb_that_is_given_gets_no_replica_of_ours(tmp_path: Path) -> None:
    installation = Installation(Home(tmp_path), {"RINGI_DATABASE_URL": "given"})
    with pytest.raises(InstallationError, match="RINGI_REPLICA_URLS"):
        decide(installation, replicas=1)
