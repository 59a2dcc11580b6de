"""Cleaning: what is old goes, what readers need stays, and who comes too late is told so."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from uuid import uuid4

import pytest
from eventsourcing.persistence import PersistenceError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.cleaning import feed as cleaning_feed
from infra.cleaning.feed import clean_feed
from infra.cleaning.keys import clean_keys
from infra.eventstore.datastore import Datastore
from infra.eventstore.idempotency import Idempotency
from infra.redis_server import RedisServer
from infra.stack import MariaDBServer
from realtime.items import Push, SnapshotNeeded
from realtime.protocol import Place
from tests.integration.api_world import VALUES, a_company
from tests.integration.observing import an_event, rows
from tests.running_gateway import Parts, run, running, some_access
from tests.servers import ACCOUNTS, TestStore
from tests.telling import Teller


def never() -> bool:
    return False


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(Path(tmp_path_factory.mktemp("redis"))).start()
    yield server
    server.stop()


@pytest.fixture
def teller(store: TestStore, redis_server: RedisServer) -> Teller:
    return Teller(store, redis_server.url)


def datastore_of(store: TestStore) -> Datastore:
    return store.factory().datastore


def age(store: TestStore, where: str, days: int = 30) -> None:
    rows(
        store.server,
        f"UPDATE {store.views}.feed SET recorded_at = recorded_at - INTERVAL {days} DAY"
        f" WHERE {where}",
    )


def seqs(store: TestStore, lane: int) -> list[int]:
    found = rows(
        store.server, f"SELECT seq FROM {store.views}.feed WHERE lane = {lane} ORDER BY seq"
    )
    return [seq for (seq,) in found]


# The feed


def test_rows_ahead_of_the_clock_keep_no_others_back(store: TestStore, teller: Teller) -> None:
    """The clock was a year ahead while they were written; they are not among the newest."""
    teller.tell(0, *[("all",)] * 40, published=False)
    age(store, "lane = 0 AND seq <= 30")
    age(store, "lane = 0 AND seq BETWEEN 5 AND 9", days=-400)
    age(store, "lane = 0 AND seq > 38", days=-400)
    assert clean_feed(datastore_of(store), 7, never, kept_rows=3) == 30
    assert seqs(store, 0) == list(range(31, 41))


def test_old_rows_go_but_the_newest_of_each_lane_stay(store: TestStore, teller: Teller) -> None:
    for lane, count in ((0, 500), (1, 30), (2, 0)):
        teller.tell(lane, *[("all",)] * count, published=False)
    age(store, "seq <= 450")
    assert clean_feed(datastore_of(store), 7, never, kept_rows=100) == 400
    assert seqs(store, 0) == list(range(401, 501))
    assert seqs(store, 1) == list(range(1, 31))
    assert teller.feed.oldest() == {0: 401, 1: 1, 2: 1, 3: 1}
    assert clean_feed(datastore_of(store), 7, never, kept_rows=100) == 0
    assert clean_feed(datastore_of(store), 7, never, kept_rows=0) == 50 + 30
    assert seqs(store, 0) == list(range(451, 501))
    assert teller.feed.oldest()[1] == teller.feed.heads()[1] + 1 == 31
    assert teller.tell(1, ("all",), published=False)[0].seq == 31


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ages=st.lists(st.sampled_from([0, 6, 8, 400]), max_size=12), kept=st.integers(0, 5))
def test_what_stays_has_no_hole_whatever_the_clock_said(
    store: TestStore, teller: Teller, ages: list[int], kept: int
) -> None:
    rows(store.server, f"DELETE FROM {store.views}.feed")
    before = teller.feed.heads()[0]
    teller.tell(0, *[("all",)] * len(ages), published=False)
    for seq, days in enumerate(ages, before + 1):
        age(store, f"seq = {seq}", days)
    clean_feed(datastore_of(store), 7, never, kept)
    head = before + len(ages)
    left = seqs(store, 0)
    young = [before + 1 + at for at, days in enumerate(ages) if days < 7]
    first_needed = min([*young, head - kept + 1, head + 1])
    assert left == list(range(max(before + 1, first_needed), head + 1))


def test_cleaning_stops_when_it_is_enough_and_goes_on_from_there(
    store: TestStore, teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning_feed, "BATCH", 10)
    teller.tell(0, *[("all",)] * 35, published=False)
    age(store, "TRUE")
    answers = iter([False, False, True])
    assert clean_feed(datastore_of(store), 7, lambda: next(answers, True), kept_rows=0) == 20
    assert seqs(store, 0) == list(range(21, 36))
    assert clean_feed(datastore_of(store), 7, never, kept_rows=0) == 15


def test_two_cleaners_and_a_writer_do_not_hinder_each_other(
    store: TestStore, teller: Teller
) -> None:
    teller.tell(0, *[("all",)] * 3000, published=False)
    age(store, "TRUE")
    deleted, told, failed, done = list[int](), list[int](), list[Exception](), Event()

    def clean() -> None:
        try:
            deleted.append(clean_feed(datastore_of(store), 7, never, kept_rows=0))
        except PersistenceError as error:
            failed.append(error)

    def write() -> None:
        while not done.is_set():
            told.append(teller.tell(0, ("all",), published=False)[0].seq)

    writer = Thread(target=write)
    writer.start()
    cleaners = [Thread(target=clean) for _ in range(2)]
    for thread in cleaners:
        thread.start()
    for thread in cleaners:
        thread.join(60)
    done.set()
    writer.join(60)
    assert not failed
    assert sum(deleted) >= 3000
    assert seqs(store, 0) == list(range(3001, 3001 + len(told)))


def test_who_comes_back_to_rows_that_are_gone_is_told_to_fetch_a_snapshot(
    store: TestStore, teller: Teller, redis_server: RedisServer
) -> None:
    parts = Parts(teller.feed, redis_server.url, some_access())
    teller.tell(0, *[("role:clerk",)] * 300, published=False)
    age(store, "TRUE")
    assert clean_feed(datastore_of(store), 7, never, kept_rows=50) == 250

    async def test() -> None:
        async with running(parts) as gateway, gateway.client("ann") as late:
            epoch = teller.feed.epoch()
            await late.subscribe("inbox:ann", since=Place(epoch, {"0": 100}))
            notice = await anext(late)
            assert isinstance(notice, SnapshotNeeded)
            assert (notice.reason, notice.since.lanes["0"]) == ("too_old", 300)
            async with gateway.client("ann") as in_time:
                await in_time.subscribe("inbox:ann", since=Place(epoch, {"0": 260}))
                missed = [await anext(in_time) for _ in range(40)]
                assert [item.seq for item in missed if isinstance(item, Push)] == [*range(261, 301)]
                # Cleaning below a client that follows is nothing to it.
                await asyncio.to_thread(clean_feed, datastore_of(store), 7, never, 0)
                await asyncio.to_thread(teller.tell, 0, ("role:clerk",))
                for client in (late, in_time):
                    item = await anext(client)
                    assert isinstance(item, Push)
                    assert item.seq == 301

    run(test)


# The keys


def operation_of(store: TestStore) -> Datastore:
    url = store.server.url(ACCOUNTS.operation.name, ACCOUNTS.operation.password)
    return Datastore(replace(store.factory().settings, url=url))


def test_old_keys_go_and_a_repetition_is_then_another_append(store: TestStore) -> None:
    recorder = store.recorder()
    events = {key: [an_event()] for key in ("old", "new")}
    for key, some in events.items():
        recorder.insert_events(some, idempotency=Idempotency(key, bytes(32)))
    rows(
        store.server,
        f"UPDATE {store.log}.idempotency SET recorded_at = recorded_at - INTERVAL 31 DAY"
        " WHERE command_id = 'old'",
    )
    assert clean_keys(operation_of(store), 30, never) == 1
    assert clean_keys(operation_of(store), 30, never) == 0
    assert rows(store.server, f"SELECT command_id FROM {store.log}.idempotency") == [("new",)]
    # The version protects the stream where the key no longer does.
    with pytest.raises(PersistenceError, match="version"):
        recorder.insert_events(events["old"], idempotency=Idempotency("old", bytes(32)))
    repeated = recorder.insert_events(events["new"], idempotency=Idempotency("new", bytes(32)))
    assert repeated == [2]


def test_the_application_may_clean_no_key(store: TestStore) -> None:
    store.recorder().insert_events([an_event()], idempotency=Idempotency("k", bytes(32)))
    with pytest.raises(PersistenceError, match="DELETE command denied"):
        clean_keys(store.factory().datastore, 30, never)


def test_a_key_that_is_cleaned_while_it_is_repeated_is_found_or_made_anew(
    store: TestStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the order, the repetition ends: with the first outcome, or as the first one."""
    recorder, operation = store.recorder(), operation_of(store)
    for _ in range(10):
        key = Idempotency(uuid4().hex, bytes(32))
        recorder.insert_events([an_event()], idempotency=key)
        rows(
            store.server,
            f"UPDATE {store.log}.idempotency SET recorded_at = recorded_at - INTERVAL 31 DAY",
        )
        cleaner = Thread(target=clean_keys, args=(operation, 30, never))
        cleaner.start()
        assert len(recorder.insert_events([an_event()], idempotency=key) or ()) == 1
        cleaner.join(30)


def test_a_command_that_is_repeated_after_its_key_was_cleaned_happens_no_second_time(
    server: MariaDBServer, tmp_path: Path
) -> None:
    with a_company(server, tmp_path, "cleaned_keys") as world:
        headers = {"Idempotency-Key": "k-1"}
        new = {"definition": "purchase", "values": VALUES}
        made = world.do("POST", "/v1/documents", by="ann", body=new, headers=headers)
        rows(
            server,
            f"UPDATE {world.store.log}.idempotency SET recorded_at = recorded_at - INTERVAL 99 DAY",
        )
        assert clean_keys(operation_of(world.store), 30, never) >= 1
        repeated = world.call("POST", "/v1/documents", by="ann", body=new, headers=headers)
        assert (repeated.status_code, repeated.json["type"]) == (
            409,
            "urn:ringi:problem:already-exists",
        )
        assert world.shown(made["document"])["version"] == made["version"]
