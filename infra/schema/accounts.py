"""The three accounts that work on a log: who may do what is decided by the server."""

import hashlib
from dataclasses import dataclass

from pymysql.connections import Connection

from infra.schema.names import account_name


@dataclass(frozen=True)
class Account:
    """An account and its secret; any host may log in with it, the server binds to loopback."""

    name: str
    password: str

    def __repr__(self) -> str:
        return f"Account(name={self.name!r}, password=…)"


@dataclass(frozen=True)
class Accounts:
    """Everybody who works on a log."""

    application: Account
    """Appends, reads, settles; never changes or deletes an event; DDL on the views alone."""
    migration: Account
    """Creates databases, tables and triggers, and grants on them to the other two."""
    operation: Account
    """Looks, starts an epoch, cleans idempotency rows by age, ends a blocking connection."""


def create_accounts(admin: Connection, accounts: Accounts, databases: str) -> None:
    r"""Create the accounts, or give existing ones these passwords. Idempotent.

    `databases` is a LIKE pattern of GRANT, such as `ringi\_%`: what `migration` may create.
    PROCESS lets the application name the connection that blocks the log's head.
    """
    with admin.cursor() as cursor:
        for account in (accounts.application, accounts.migration, accounts.operation):
            name = account_name(account.name)
            hashed = native_hash(account.password)  # the binlog keeps these statements
            for verb in ("CREATE USER IF NOT EXISTS", "ALTER USER"):
                cursor.execute(f"{verb} {name}@'%%' IDENTIFIED BY PASSWORD %s", (hashed,))
        cursor.execute(
            f"GRANT ALL ON `{databases}`.* TO {accounts.migration.name}@'%' WITH GRANT OPTION"
        )
        cursor.execute(f"GRANT PROCESS ON *.* TO {accounts.application.name}@'%'")
        cursor.execute(f"GRANT PROCESS, CONNECTION ADMIN ON *.* TO {accounts.operation.name}@'%'")


def native_hash(password: str) -> str:
    """Return what mysql_native_password stores: `*` and SHA-1 of SHA-1, in hexadecimals."""
    inner = hashlib.sha1(password.encode()).digest()  # noqa: S324  # the plugin's, not our choice
    return "*" + hashlib.sha1(inner).hexdigest().upper()  # noqa: S324
