"""What these tests see of a store from outside, as the server's administrator."""

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any
from uuid import UUID, uuid4

import pymysql
from eventsourcing.persistence import StoredEvent
from pymysql.connections import Connection

from infra.stack import MariaDBServer
from tests.servers import ACCOUNTS, TestStore

#: Seconds until a condition that should come true is given up.
PATIENCE_S = 20


def an_event(
    stream: UUID | None = None, version: int = 1, topic: str = "t", state: bytes = b"{}"
) -> StoredEvent:
    """Return an event, of a new stream unless one is given."""
    return StoredEvent(stream or uuid4(), version, topic, state)


def some_events(count: int, stream: UUID | None = None, state: bytes = b"{}") -> list[StoredEvent]:
    """Return the first events of one stream."""
    stream = stream or uuid4()
    return [an_event(stream, version, state=state) for version in range(1, count + 1)]


def admin_of(server: MariaDBServer) -> Connection:
    """Return what `server.admin()` does, without the TLS context that costs PyMySQL 40 ms."""
    return pymysql.connect(
        unix_socket=str(server.socket), user=getpass.getuser(), autocommit=True, ssl_disabled=True
    )


def rows(server: MariaDBServer, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Return what a statement gives to the administrator."""
    with admin_of(server) as admin, admin.cursor() as cursor:
        cursor.execute(sql, values or None)
        return list(cursor.fetchall())


def events_in(store: TestStore, stream: UUID | None = None) -> list[tuple[int, UUID, int]]:
    """Return position, stream and version of every event, or of a stream's; no tombstones."""
    found = rows(
        store.server,
        f"SELECT position, stream, version FROM {store.log}.event"
        " WHERE stream <> %s AND (stream = %s OR %s) ORDER BY position",
        bytes(16),
        stream.bytes if stream else b"",
        stream is None,
    )
    return [(position, UUID(bytes=raw), version) for position, raw, version in found]


def written(store: TestStore) -> dict[str, list[tuple[Any, ...]]]:
    """Return everything that an append leaves behind."""
    tables = {
        "event": f"SELECT position, stream, version FROM {store.log}.event"
        " WHERE stream <> REPEAT('\\0', 16) ORDER BY position",
        "idempotency": f"SELECT * FROM {store.log}.idempotency ORDER BY command_id",
        "tracking": f"SELECT * FROM {store.views}.tracking ORDER BY application_name",
        "snapshot": f"SELECT stream, version FROM {store.views}.snapshot ORDER BY stream, version",
    }
    found = {}
    with admin_of(store.server) as admin, admin.cursor() as cursor:
        for table, sql in tables.items():
            cursor.execute(sql)
            found[table] = list(cursor.fetchall())
    return found


@contextmanager
def nothing_written(store: TestStore) -> Iterator[None]:
    """Assert that the block leaves nothing behind; there was something before."""
    before = written(store)
    assert all(before.values()), "an empty store shows no loss"
    yield
    assert written(store) == before


class MigratedStore(TestStore):
    """A store whose factories need not look for missing migrations."""

    def env(self, **settings: str) -> dict[str, str]:
        return super().env(**{"MARIADB_MIGRATION_URL": "", **settings})


def migrated(server: MariaDBServer, name: str) -> MigratedStore:
    """Return a fresh store, whose tables are there."""
    factory = TestStore(server, name).factory()
    factory.process_recorder()
    factory.close()
    return MigratedStore(server, name)


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Return the condition's value as soon as it is true."""
    deadline = monotonic() + PATIENCE_S
    while not (value := condition()):
        assert monotonic() < deadline, f"waited in vain until {what}"
        sleep(0.005)
    return value


def connections(server: MariaDBServer, running: str = "%") -> list[int]:
    """Return the ids of the application's connections, of those that run such a statement."""
    found = rows(
        server,
        "SELECT id FROM information_schema.processlist WHERE user = %s"
        " AND (%s = '%%' OR (command = 'Query' AND info LIKE %s))",
        ACCOUNTS.application.name,
        running,
        running,
    )
    return [number for (number,) in found]


def kill_idle(server: MariaDBServer) -> int:
    """End every connection of the application; return how many there were."""
    ids = connections(server)
    for number in ids:
        rows(server, f"KILL CONNECTION {number}")
    wait_until(lambda: not set(ids) & set(connections(server)), "the connections are gone")
    return len(ids)
