"""Private MariaDB servers, each in a folder of its own.

For tests, benchmarks and a single machine: nothing of the system's own servers is touched or
needed. A server listens on a unix socket in its folder and on a free port of 127.0.0.1, has the
settings that the log demands, and is ready in less than two seconds.
"""

import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

import pymysql
from eventsourcing.persistence import OperationalError, ProgrammingError
from pymysql.connections import Connection
from sqlalchemy.engine import URL

#: Bytes of the longest path of a unix socket (sun_path, with its closing NUL).
LONGEST_SOCKET_PATH = 107

#: Seconds a server may take to become ready, and to stop when asked to.
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 60

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


@dataclass
class MariaDBServer:
    """One server in `folder`, for whoever may read the folder.

    `start` and `stop` are idempotent; data survives between them, and survives `kill`.
    """

    folder: Path
    overrides: Mapping[str, str] = field(default_factory=dict)
    """Settings other than `SETTINGS`, for tests of what is refused."""
    _process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """Where the server listens for processes of this machine."""
        return self.folder / "mariadb.sock"

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 that the server keeps from its first start on."""
        return int((self.folder / "port").read_text())

    @property
    def pid(self) -> int | None:
        """The process id of the running server, None if it does not run."""
        try:
            pid = int((self.folder / "mariadb.pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            program = Path(f"/proc/{pid}/exe").readlink().name
        except (OSError, ValueError):
            return None
        is_ours = os.fsencode(self._defaults) in command.split(b"\0")
        return pid if is_ours and program.startswith("mariadbd") else None

    @property
    def _defaults(self) -> str:
        return f"--defaults-file={self.folder / 'my.cnf'}"

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

    def start(self) -> "MariaDBServer":
        """Start the server, with an empty data folder the first time; wait until it is ready.

        Raises:
            ProgrammingError: no MariaDB on this machine, or the folder's path is too long.
            OperationalError: the server did not start; the message shows the end of its log.
        """
        if self.pid is not None:
            return self
        if self._process is not None:
            self._process.wait(STOP_TIMEOUT_S)  # somebody else has stopped it
        if len(os.fsencode(self.socket)) > LONGEST_SOCKET_PATH:
            raise ProgrammingError(
                f"{self.socket} is too long for a unix socket "
                f"({LONGEST_SOCKET_PATH} bytes): take a folder nearer to the root"
            )
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)  # whoever gets at the socket may log in as the owner
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # of two who start it, one does
            if self.pid is None:
                self._start_alone()
            else:
                self._wait_until_ready()
        return self

    def _start_alone(self) -> None:
        if not (self.folder / "data" / "mysql").is_dir():
            self._install()
        self._write_settings()
        with (self.folder / "mariadb.log").open("ab") as log:
            self._process = subprocess.Popen(
                [_program("mariadbd"), self._defaults, *_as_root()],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise

    def stop(self) -> None:
        """Ask the server to stop, wait until it has."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the server as a power cut would; what it acknowledged is on disk."""
        self._end(signal.SIGKILL)

    def _end(self, sign: signal.Signals) -> None:
        pid = self.pid
        if pid is not None:
            os.kill(pid, sign)
        if self._process is not None:
            self._process.wait(STOP_TIMEOUT_S)
            self._process = None
        deadline = monotonic() + STOP_TIMEOUT_S
        while self.pid is not None:
            if monotonic() > deadline:
                raise OperationalError(
                    f"MariaDB (process {pid}) did not stop: {self._last_words()}"
                )
            sleep(0.02)

    def _install(self) -> None:
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        done = subprocess.run(
            [
                _program("mariadb-install-db"),
                "--no-defaults",
                f"--datadir={self.folder / 'data'}",
                "--auth-root-authentication-method=socket",
                f"--auth-root-socket-user={_owner()}",
                "--skip-test-db",
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

    def _write_settings(self) -> None:
        port = self.port if (self.folder / "port").exists() else _free_port()
        (self.folder / "port").write_text(str(port))
        settings = {
            "datadir": self.folder / "data",
            "socket": self.socket,
            "pid_file": self.folder / "mariadb.pid",
            "bind_address": "127.0.0.1",
            "port": port,
            "tmpdir": self.folder,
            **SETTINGS,
            **self.overrides,
        }
        lines = [f"{name} = {value}" for name, value in settings.items()]
        (self.folder / "my.cnf").write_text("\n".join(["[mariadbd]", *lines, ""]))

    def _wait_until_ready(self) -> None:
        deadline = monotonic() + START_TIMEOUT_S
        while True:
            try:
                self.admin().close()
            except pymysql.MySQLError:
                exited = self._process is not None and self._process.poll() is not None
                if exited or monotonic() > deadline:
                    raise OperationalError(f"MariaDB did not start: {self._last_words()}") from None
                sleep(0.02)
            else:
                return

    def _last_words(self) -> str:
        lines = (self.folder / "mariadb.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-15:])


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
    if found is None:
        raise ProgrammingError(
            f"{name} is not on this machine: as root, run `make setup`; otherwise ask for the "
            "packages mariadb-server-core and mariadb-client-core"
        )
    return found


def _owner() -> str:
    """Return who we are to the kernel, whatever LOGNAME says: the socket log-in asks it too."""
    return pwd.getpwuid(os.geteuid()).pw_name


def _as_root() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
