"""A client of the log that takes its time, as only a foreign one or a debugger would."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pymysql
from eventsourcing.persistence import StoredEvent
from pymysql.connections import Connection

from infra.eventstore.errors import duplicate_of
from tests.servers import TestStore


class RawAppend:
    """Events inserted into the log, neither committed nor rolled back yet."""

    def __init__(self, connection: Connection, log: str, events: Sequence[StoredEvent]) -> None:
        self.connection = connection
        self._log = log
        connection.begin()
        self.first_position = self.insert(events)

    def insert(self, events: Sequence[StoredEvent]) -> int:
        """Insert more events in the same transaction; return the first one's position."""
        rows = ", ".join(["(%s, %s, %s, %s)"] * len(events))
        values = [
            value
            for event in events
            for value in (
                event.originator_id.bytes,
                event.originator_version,
                event.topic,
                event.state,
            )
        ]
        with self.connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {self._log}.event (stream, version, topic, state) VALUES {rows}",
                values,
            )
            return int(cursor.lastrowid)

    def commit(self) -> None:
        self.connection.commit()

    def roll_back(self) -> None:
        self.connection.rollback()


@contextmanager
def raw_append(store: TestStore, events: Sequence[StoredEvent]) -> Iterator[RawAppend]:
    """Give `events` in flight in a transaction of the server's administrator."""
    with store.server.admin() as connection:
        yield _insert(connection, store.log, events)


def _insert(connection: Connection, log: str, events: Sequence[StoredEvent]) -> RawAppend:
    """Insert; again if a settler took a position between its allocation and its row.

    It happens: once in some 5 000 of these under load (2026-11-23, two noisy cores).
    """
    while True:
        try:
            return RawAppend(connection, log, events)
        except pymysql.IntegrityError as error:
            connection.rollback()
            if duplicate_of(error) != "PRIMARY":
                raise


def burn_positions(store: TestStore, count: int) -> None:
    """Give out `count` positions in a row that no event takes."""
    with store.server.admin() as admin, admin.cursor() as cursor:
        cursor.execute("START TRANSACTION")  # BEGIN alone is no statement in every sql_mode
        for number in range(count):
            cursor.execute(
                f"INSERT INTO {store.log}.event (stream, version, topic, state)"
                " VALUES (%s, %s, 'burnt', '')",
                (b"\xff" * 16, number),
            )
        admin.rollback()
