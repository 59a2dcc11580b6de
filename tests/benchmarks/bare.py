"""The floor: PyMySQL with nothing round it, on the log's own tables and account."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pymysql
from eventsourcing.persistence import StoredEvent
from pymysql.connections import Connection
from sqlalchemy.engine import make_url

from tests.benchmarks.sample import events

#: Rows in one INSERT when a log is loaded.
LOAD = 1_000

Env = Mapping[str, str]


@contextmanager
def connection(env: Env, *, autocommit: bool = False) -> Iterator[Connection]:
    """Give a connection of the application's account."""
    url = make_url(env["MARIADB_URL"])
    opened = pymysql.connect(
        unix_socket=str(url.query["unix_socket"]),
        user=url.username,
        password=url.password or "",
        database=env["MARIADB_LOG"],
        charset="utf8mb4",
        autocommit=autocommit,
    )
    try:
        yield opened
    finally:
        opened.close()


INSERT = "INSERT INTO event (stream, version, topic, state) VALUES (%s, %s, %s, %s)"
INSERT_KEY = (
    "INSERT INTO idempotency (command_id, request_hash, stream, version, events)"
    " VALUES (%s, %s, %s, %s, 1)"
)
SELECT = (
    "SELECT stream, version, topic, state, position FROM event"
    " WHERE position > %s ORDER BY position LIMIT %s"
)


def row(event: StoredEvent) -> tuple[object, ...]:
    """Return the parameters of `INSERT`."""
    return (
        event.originator_id.bytes,  # type: ignore[union-attr]  # our streams are UUIDs
        event.originator_version,
        event.topic,
        event.state,
    )


def load(env: Env, number: int) -> None:
    """Append `number` events in few transactions."""
    source = events()
    with connection(env, autocommit=True) as opened, opened.cursor() as cursor:
        for begun in range(0, number, LOAD):
            some = islice(source, min(LOAD, number - begun))
            cursor.executemany(INSERT, [row(event) for event in some])


def burn(env_connection: Connection, width: int) -> None:
    """Use up `width` adjacent positions for nothing, as a save that failed does."""
    with env_connection.cursor() as cursor:
        cursor.executemany(INSERT, [row(event) for event in islice(events(), width)])
    env_connection.rollback()


def pages(opened: Connection, page: int) -> Iterator[tuple[tuple[Any, ...], ...]]:
    """Yield the whole log's rows as PyMySQL gives them, `page` at once."""
    after = 0
    with opened.cursor() as cursor:
        while True:
            cursor.execute(SELECT, (after, page))
            rows = cursor.fetchall()
            if not rows:
                return
            yield rows
            after = rows[-1][4]
