"""Private servers and fresh databases for tests and benchmarks."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from eventsourcing.utils import Environment

from infra.eventstore import MariaDBFactory
from infra.eventstore.recorders import MariaDBApplicationRecorder
from infra.eventstore.stall import Alarm, log_alarm
from infra.replica_server import ReplicaServer, give_replication_account
from infra.schema.accounts import Account, Accounts, create_accounts
from infra.stack import MariaDBServer

ACCOUNTS = Accounts(
    application=Account("ringi_application", "application-secret"),
    migration=Account("ringi_migration", "migration-secret"),
    operation=Account("ringi_operation", "operation-secret"),
)


def prepared_server(folder: Path, overrides: Mapping[str, str] | None = None) -> MariaDBServer:
    """Return a running private server with the three accounts."""
    server = MariaDBServer(folder, overrides or {}).start()
    with server.admin() as admin:
        create_accounts(admin, ACCOUNTS, "%")
    return server


@dataclass(frozen=True)
class ReplicaPair:
    """A private server with the three accounts, and a replica that follows it."""

    primary: MariaDBServer
    replica: ReplicaServer

    def stop(self) -> None:
        self.replica.stop()
        self.primary.stop()


def replica_pair(folder: Path) -> ReplicaPair:
    """Return a running pair. Takes some seconds."""
    primary, replica = MariaDBServer(folder / "primary"), ReplicaServer(folder / "replica")
    replica.copy(primary)
    primary = prepared_server(folder / "primary")
    replica.start().follow(primary, give_replication_account(primary))
    return ReplicaPair(primary, replica)


class TestStore:
    """A pair of databases on a private server, and factories on it."""

    __test__ = False  # pytest: not a test class

    def __init__(self, server: MariaDBServer, name: str) -> None:
        self.server = server
        self.name = name
        self.factories: list[MariaDBFactory] = []

    @property
    def log(self) -> str:
        return f"{self.name}_log"

    @property
    def views(self) -> str:
        return f"{self.name}_views"

    def env(self, **settings: str) -> dict[str, str]:
        """Return what PERSISTENCE_MODULE and its settings must be for this store."""
        accounts = ACCOUNTS
        return {
            "PERSISTENCE_MODULE": "infra.eventstore",
            "MARIADB_URL": self._url(accounts.application),
            "MARIADB_MIGRATION_URL": self._url(accounts.migration),
            "MARIADB_LOG": self.log,
            "MARIADB_VIEWS": self.views,
            **settings,
        }

    def factory(self, alarm: Alarm = log_alarm, **settings: str) -> MariaDBFactory:
        """Return a new factory, closed when the store is dropped."""
        factory = MariaDBFactory(Environment(self.name, self.env(**settings)), alarm)
        self.factories.append(factory)
        return factory

    def recorder(self, alarm: Alarm = log_alarm, **settings: str) -> MariaDBApplicationRecorder:
        """Return a new application recorder with a pool of its own."""
        return self.factory(alarm, **settings).application_recorder()

    def drop(self) -> None:
        """Close the factories and drop the databases."""
        for factory in self.factories:
            factory.close()
        with self.server.admin() as admin, admin.cursor() as cursor:
            for database in (self.log, self.views):
                cursor.execute(f"DROP DATABASE IF EXISTS {database}")

    def _url(self, account: Account) -> str:
        url = self.server.url(account.name, account.password)
        return url.render_as_string(hide_password=False)
