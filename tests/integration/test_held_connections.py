"""A thread may hold one connection for a while; nobody else ever gets it, or a broken one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier

import pymysql
import pytest
from eventsourcing.persistence import DatabaseError, PersistenceError
from pymysql.cursors import Cursor

from infra.eventstore.datastore import Datastore
from infra.stack import MariaDBServer
from tests.integration.api_world import VALUES, a_company
from tests.servers import TestStore


@pytest.fixture
def datastore(store: TestStore) -> Iterator[Datastore]:
    factory = store.factory()
    yield factory.datastore
    factory.close()


def number(datastore: Datastore) -> int:
    """Return the server's number of the connection that a statement gets."""
    with datastore.cursor() as cursor:
        return own_number(cursor)


def own_number(cursor: Cursor) -> int:
    cursor.execute("SELECT CONNECTION_ID()")
    (found,) = cursor.fetchone() or (0,)
    return int(found)


def in_use(datastore: Datastore) -> int:
    return datastore._engine.pool.checkedout()  # type: ignore[attr-defined]  # a QueuePool


def test_all_statements_of_a_block_share_one_connection(datastore: Datastore) -> None:
    with datastore.held():
        first = number(datastore)
        with datastore.transaction() as cursor:
            assert own_number(cursor) == first
        with datastore.held():
            assert number(datastore) == first
        assert number(datastore) == first
        assert in_use(datastore) == 1
    assert in_use(datastore) == 0


def test_a_block_without_a_statement_takes_no_connection(datastore: Datastore) -> None:
    with datastore.held():
        assert in_use(datastore) == 0


def test_what_begins_within_a_use_gets_a_connection_of_its_own(datastore: Datastore) -> None:
    with datastore.held(), datastore.transaction() as outer:
        assert number(datastore) != own_number(outer)
    assert in_use(datastore) == 0


def test_threads_hold_different_connections(datastore: Datastore) -> None:
    gate = Barrier(4)

    def hold(_: int) -> int:
        with datastore.held():
            found = number(datastore)
            gate.wait(10)
            return found

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(hold, range(4)))) == 4
    assert in_use(datastore) == 0


def test_a_connection_that_breaks_is_replaced_within_the_block(
    datastore: Datastore, store: TestStore
) -> None:
    with datastore.held():
        broken = number(datastore)
        with store.server.admin() as admin, admin.cursor() as cursor:
            cursor.execute("KILL %s", (broken,))
        with pytest.raises(PersistenceError):
            number(datastore)
        assert number(datastore) != broken
    assert in_use(datastore) == 0


def test_a_statement_that_is_refused_breaks_nothing(datastore: Datastore) -> None:
    with datastore.held():
        first = number(datastore)
        with pytest.raises(DatabaseError), datastore.cursor() as cursor:
            cursor.execute("SELECT nothing_of_this_name")
        assert number(datastore) == first


def test_an_interrupted_use_leaves_its_connection_to_nobody(datastore: Datastore) -> None:
    with datastore.held():
        first = number(datastore)
        with pytest.raises(KeyboardInterrupt), datastore.cursor():
            raise KeyboardInterrupt
        assert number(datastore) != first


def test_the_pool_is_whole_after_a_block_that_raises(datastore: Datastore) -> None:
    with suppress(pymysql.MySQLError), datastore.held():
        number(datastore)
        raise pymysql.MySQLError
    assert in_use(datastore) == 0


def test_a_request_takes_one_connection_from_the_pool(
    server: MariaDBServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[object] = []
    checkout = Datastore._checkout
    with a_company(server, tmp_path, "held_requests") as world:
        world.parts.remembered.close()  # or its thread takes some, too
        monkeypatch.setattr(
            Datastore, "_checkout", lambda *args: taken.append(args) or checkout(*args)
        )
        body = {"definition": "purchase", "values": VALUES}
        document = world.ok("POST", "/v1/documents", by="ann", body=body)["document"]
        assert len(taken) == 1
        world.ok("POST", f"/v1/documents/{document}/submit", by="ann")
        assert len(taken) == 2
        world.call("POST", f"/v1/documents/{document}/submit", by="bob")
        assert len(taken) == 3
