"""Private MariaDB servers, each in a folder of its own.

For tests, benchmarks and a single machine: nothing of the system's own servers is touched or
needed. A server listens on a unix socket in its folder and on a free port of 127.0.0.1, has the
settings that the log demands, and is ready in less than two seconds.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pymysql
from eventsourcing.persistence import OperationalError
from pymysql.connections import Connection
from sqlalchemy.engine import URL

from infra.ports import free_port
from infra.private_server import LONGEST_SOCKET_PATH, START_TIMEOUT_S, PrivateServer, program

__all__ = ["LONGEST_SOCKET_PATH", "SETTINGS", "MariaDBServer"]

#: What the log demands of its server (docs/eventstore.md), and a size for one machine.
SETTINGS: Mapping[str, str] = {
    "server_id": "1",
    "log_bin": "binlog",
    "sync_binlog": "1",
    "innodb_flush_log_at_trx_commit": "1",
    "binlog_format": "ROW",
    "log_bin_trust_function_creators": "1",  # our triggers, made by an account without SUPER
    "gtid_strict_mode": "1",
    "binlog_expire_logs_seconds": "604800",
    "max_allowed_packet": "64M",
    "transaction_isolation": "READ-COMMITTED",
    "character_set_server": "utf8mb4",
    "collation_server": "utf8mb4_nopad_bin",
    "skip_name_resolve": "1",
    "max_connections": "300",
    "innodb_buffer_pool_size": "256M",
    "innodb_log_file_size": "64M",
    "performance_schema": "0",
}

#: What brings the server's programs on Debian.
PACKAGES = "the packages mariadb-server-core and mariadb-client-core"


@dataclass
class MariaDBServer(PrivateServer):
    """One MariaDB server; data survives between `start` and `stop`, and survives `kill`."""

    overrides: Mapping[str, str] = field(default_factory=dict)
    """Settings other than `SETTINGS`, for tests of what is refused."""

    name = "mariadb"
    title = "MariaDB"
    executable = "mariadbd"

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 that the server keeps from its first start on."""
        return int((self.folder / "port").read_text())

    @property
    def command(self) -> list[str]:
        """The server's program on the settings that `prepare` wrote."""
        return [program("mariadbd", PACKAGES), self._mark, *_as_root()]

    @property
    def _mark(self) -> str:
        return f"--defaults-file={self.folder / 'my.cnf'}"

    @property
    def settings(self) -> Mapping[str, str]:
        """What its configuration says beside the paths."""
        return {**SETTINGS, **self.overrides}

    def url(self, user: str, password: str) -> URL:
        """Return where an account finds this server."""
        return URL.create(
            "mysql+pymysql", user, password, "localhost", query={"unix_socket": str(self.socket)}
        )

    def admin(self) -> Connection:
        """Return a connection with all rights; only the folder's owner gets one, by the socket."""
        return pymysql.connect(
            unix_socket=str(self.socket), user=_owner(), autocommit=True, ssl_disabled=True
        )

    def is_ready(self) -> bool:
        """Tell whether the server lets its owner in."""
        try:
            self.admin().close()
        except pymysql.MySQLError:
            return False
        return True

    def _make_files(self) -> None:
        if not (self.folder / "data" / "mysql").is_dir():
            self._install()
        self._write_settings()

    def _install(self) -> None:
        """Make the data folder, under its name only when it is whole: we may be killed here."""
        for left_over in self.folder.glob("data*"):
            shutil.rmtree(left_over, ignore_errors=True)
        made = tempfile.mkdtemp(prefix="data.", dir=self.folder)
        done = subprocess.run(
            [
                program("mariadb-install-db", PACKAGES),
                "--no-defaults",
                f"--datadir={made}",
                "--auth-root-authentication-method=socket",
                f"--auth-root-socket-user={_owner()}",
                "--skip-test-db",
                "--force",  # also where the machine cannot look up its own name
                f"--tmpdir={self.folder}",  # servers that start beside us clean /tmp
                f"--innodb-log-file-size={SETTINGS['innodb_log_file_size']}",
                *_as_root(),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=START_TIMEOUT_S,
        )
        if done.returncode != 0:
            raise OperationalError(f"mariadb-install-db failed: {done.stdout}{done.stderr}")
        Path(made).rename(self.folder / "data")

    def _write_settings(self) -> None:
        port = self.port if (self.folder / "port").exists() else free_port()
        (self.folder / "port").write_text(str(port))
        settings = {
            "datadir": self.folder / "data",
            "socket": self.socket,
            "pid_file": self.folder / f"{self.name}.pid",
            "bind_address": "127.0.0.1",
            "port": port,
            "tmpdir": self.folder,
            **self.settings,
        }
        lines = [f"{name} = {value}" for name, value in settings.items()]
        (self.folder / "my.cnf").write_text("\n".join(["[mariadbd]", *lines, ""]))


def _owner() -> str:
    """Return who we are to the kernel, whatever LOGNAME says: the socket log-in asks it too."""
    return pwd.getpwuid(os.geteuid()).pw_name


def _as_root() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []
