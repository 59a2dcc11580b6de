"""Private MariaDB replicas: copies of a private server that follow it.

A replica begins as a copy of the primary's data folder, made while the primary is stopped, with
the GTID at which it was. That is right for any primary, also for one whose first binlogs are gone,
and takes none of the tools that a machine may lack. Price: the primary stops for the copy.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from time import monotonic, sleep
from typing import Any

from eventsourcing.persistence import OperationalError
from pymysql.cursors import Cursor, DictCursor

from infra.schema.accounts import Account, native_hash
from infra.stack import SETTINGS, MariaDBServer

#: Of the primary's data folder, what is no data: its binlogs, and what it knows of its own primary.
NOT_COPIED = ("binlog.*", "relay*", "master*.info", "multi-master.info", "*.pid", "*.err")

#: Seconds until a replica must follow its primary, or say why it cannot.
FOLLOW_TIMEOUT_S = 20

#: Who may read the primary's binlog.
REPLICATION = "ringi_replication"

#: What the primary says if the events that the replica needs next are gone, or were never there.
_CANNOT_GO_ON = 1236


class UnfollowableError(OperationalError):
    """The replica can never follow the primary again: it must be made anew."""


@dataclass
class ReplicaServer(MariaDBServer):
    """One replica of a private server. It writes no binlog, and takes no writes but its primary's.

    First `copy`, then `start`, then `follow`; from then on it follows by itself whenever it runs.
    """

    number: int = 1
    """From 1; no two replicas of a primary have the same."""

    def __post_init__(self) -> None:
        """Give it what tells it from its primary."""
        self.name = f"replica{self.number}"  # type: ignore[misc]  # each has its own
        self.title = f"Replica {self.number}"  # type: ignore[misc]

    @property
    def settings(self) -> dict[str, str]:
        """What its configuration says beside the paths."""
        kept = {name: text for name, text in SETTINGS.items() if "binlog" not in name}
        del kept["log_bin"], kept["log_bin_trust_function_creators"]
        return {
            **kept,
            "server_id": str(1 + self.number),
            "read_only": "1",
            "innodb_flush_log_at_trx_commit": "2",  # what a crash loses comes again
            "innodb_buffer_pool_size": "128M",
            "relay_log": "relay",
            "relay_log_recovery": "1",
            "slave_net_timeout": "10",
            **self.overrides,
        }

    @property
    def is_made(self) -> bool:
        """Whether it has the primary's data."""
        return self._made.exists()

    def forget(self) -> None:
        """Let the next `copy` make it anew."""
        self._made.unlink(missing_ok=True)

    def copy(self, primary: MariaDBServer) -> None:
        """Copy the data of the primary, which must not run and may not be started meanwhile.

        Idempotent: interrupted anywhere, it begins again. It starts and stops the primary: what
        a crash has left is made whole, and its GTID is asked for.
        """
        if self.is_made:
            return
        primary.start()
        with primary.admin() as admin, admin.cursor() as cursor:
            cursor.execute("SET GLOBAL read_only = 1")  # for whoever got in: nothing comes after
        position = _written(primary)
        primary.stop()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        data, copying = self.folder / "data", self.folder / "copying"
        for folder in (data, copying):
            shutil.rmtree(folder, ignore_errors=True)
        ignore = shutil.ignore_patterns(*NOT_COPIED)
        shutil.copytree(primary.folder / "data", copying, ignore=ignore)
        copying.rename(data)
        self._begins.write_text(position)
        self._made.touch()

    def follow(self, primary: MariaDBServer, account: Account) -> None:
        """Follow the running primary as this account; wait until it does. Idempotent.

        It does when it has received all that the primary has written so far, or goes on receiving
        it without an error: a long absence takes longer than this waits.

        Raises:
            UnfollowableError: it never can, or not any more; it was told to `forget`.
            OperationalError: it does not, and might later; the message shows the server's reason.
        """
        with self._admin_cursor() as cursor:
            cursor.execute("STOP SLAVE")
            if self._begins.exists():  # never once it has begun to follow: it would repeat
                cursor.execute("SET GLOBAL gtid_slave_pos = %s", (self._begins.read_text(),))
                self._begins.unlink()
            cursor.execute(
                "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = %s, MASTER_USER = %s,"
                " MASTER_PASSWORD = %s, MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1,"
                " MASTER_HEARTBEAT_PERIOD = 2",
                (primary.port, account.name, account.password),
            )
            cursor.execute("START SLAVE")
            self._wait_until_it_follows(cursor, _written(primary))

    def _wait_until_it_follows(self, cursor: Cursor, written: str) -> None:
        deadline = monotonic() + FOLLOW_TIMEOUT_S
        while True:
            cursor.execute("SHOW SLAVE STATUS")
            found: dict[str, Any] = cursor.fetchone() or {}  # type: ignore[assignment]
            runs = found.get("Slave_IO_Running") == found.get("Slave_SQL_Running") == "Yes"
            # "Yes" alone says little: the primary may be about to refuse what is asked for.
            received = _number(str(found.get("Gtid_IO_Pos", "")))
            if runs and (received >= _number(written) or monotonic() > deadline):
                return
            said = found.get("Last_IO_Error") or found.get("Last_SQL_Error") or "it says nothing"
            if found.get("Last_IO_Errno") == _CANNOT_GO_ON or found.get("Last_SQL_Errno"):
                self.forget()
                raise UnfollowableError(f"{self.title} cannot follow its primary: {said}")
            if monotonic() > deadline:
                raise OperationalError(f"{self.title} does not follow its primary: {said}")
            sleep(0.02)

    @contextmanager
    def _admin_cursor(self) -> Iterator[Cursor]:
        with self.admin() as admin, admin.cursor(DictCursor) as cursor:
            yield cursor

    def _install(self) -> None:
        raise OperationalError(f"{self.folder} has no data: it must be copied from the primary's")

    @property
    def _made(self) -> Path:
        return self.folder / "made"

    @property
    def _begins(self) -> Path:
        """The GTID of the copy, until the server has been told."""
        return self.folder / "begins"


def _written(primary: MariaDBServer) -> str:
    """Return the GTID of the last thing that the primary has written."""
    with primary.admin() as admin, admin.cursor() as cursor:
        cursor.execute("SELECT @@gtid_binlog_pos")
        (position,) = cursor.fetchone() or ("",)
        return str(position)


def _number(gtid: str) -> int:
    """Return which of the primary's transactions `0-1-42` is; 0 before the first."""
    return int(gtid.rpartition("-")[2] or 0)


def give_replication_account(primary: MariaDBServer) -> Account:
    """Create the account that replicas follow by, with a new secret, and return it."""
    account = Account(REPLICATION, token_urlsafe(24))
    name, secret = f"{account.name}@'%%'", native_hash(account.password)
    with primary.admin() as admin, admin.cursor() as cursor:
        for verb in ("CREATE USER IF NOT EXISTS", "ALTER USER"):
            cursor.execute(f"{verb} {name} IDENTIFIED BY PASSWORD %s", (secret,))
        cursor.execute(f"GRANT REPLICATION SLAVE ON *.* TO {account.name}@'%'")
    return account
