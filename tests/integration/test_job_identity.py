"""A worker's name is good as long as its lock: lost with the connection, renewed at will."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from infra.eventstore.datastore import Datastore
from infra.jobs.identity import LOOK_EVERY_S, Identity, NoIdentityError, is_alive, lock_prefix
from tests.integration.observing import kill_idle, wait_until
from tests.servers import TestStore, prepared_server


@pytest.fixture
def writing(store: TestStore) -> Datastore:
    factory = store.factory()
    factory.application_recorder()
    return factory.datastore


def identity_on(writing: Datastore) -> Identity:
    return Identity(Datastore(replace(writing.settings, pool_size=1, max_overflow=0)))


@pytest.fixture
def identity(writing: Datastore) -> Iterator[Identity]:
    with identity_on(writing) as identity:
        yield identity


def test_a_worker_is_alive_until_it_ends(writing: Datastore) -> None:
    with identity_on(writing) as identity:
        worker = identity.worker
        assert is_alive(writing, worker)
    assert not is_alive(writing, worker)
    assert not is_alive(writing, "nobody")


def test_two_processes_have_two_names(writing: Datastore, identity: Identity) -> None:
    with identity_on(writing) as other:
        assert other.worker != identity.worker
        assert is_alive(writing, other.worker)
    assert is_alive(writing, identity.worker)


def test_who_renews_its_name_counts_as_dead_under_the_old_one(
    writing: Datastore, identity: Identity
) -> None:
    before = identity.worker
    identity.renew()
    assert identity.worker != before
    assert is_alive(writing, identity.worker)
    assert not is_alive(writing, before)


def test_who_loses_the_connection_takes_another_name(
    store: TestStore, writing: Datastore, identity: Identity
) -> None:
    before = identity.worker
    kill_idle(store.server)
    identity.look()
    assert identity.worker != before
    assert is_alive(writing, identity.worker)
    assert not is_alive(writing, before)


def test_without_the_database_nobody_has_a_name(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = prepared_server(Path(tmp_path_factory.mktemp("mariadb")))
    store = TestStore(server, "identity")
    try:
        factory = store.factory()
        factory.application_recorder()
        with identity_on(factory.datastore) as identity:
            server.kill()
            identity.look()
            with pytest.raises(NoIdentityError):
                _ = identity.worker
            server.start()
            wait_until(lambda: identity._worker is not None, f"a look every {LOOK_EVERY_S} s")
            assert is_alive(factory.datastore, identity.worker)
    finally:
        server.stop()


def test_the_name_of_a_lock_fits() -> None:
    assert len(lock_prefix("v" * 64) + "0" * 32) <= 64
