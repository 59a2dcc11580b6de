"""Cleaning: what is old goes, what readers need stays, and who comes too late is told so."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import PersistenceError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from infra.bootstrap import prepare
from infra.cleaning import feed as cleaning_feed
from infra.cleaning import mail as cleaning_mail
from infra.cleaning.feed import clean_feed
from infra.cleaning.keys import clean_keys
from infra.cleaning.mail import UNANSWERED_DAYS, clean_mail
from infra.eventstore.datastore import Datastore
from infra.eventstore.idempotency import Idempotency
from infra.home import CHECKOUT
from infra.mail.deliveries import SETTLED, Deliveries, State
from infra.redis_server import RedisServer
from infra.results import Results
from infra.stack import MariaDBServer
from realtime.items import Push, SnapshotNeeded
from realtime.protocol import Place
from tests.integration.api_world import VALUES, World, a_company
from tests.integration.observing import an_event, rows, wait_until
from tests.mail_server import MailServer, a_mail_server
from tests.post_office import PostOffice, a_post_office, give_addresses
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


# The mail


@pytest.fixture(scope="module")
def world(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_company(server, tmp_path_factory.mktemp("redis"), "cleaned_mail") as world:
        give_addresses(world)
        yield world


@pytest.fixture
def smtp() -> Iterator[MailServer]:
    with a_mail_server() as smtp:
        yield smtp


@pytest.fixture
def office(world: World, smtp: MailServer, tmp_path: Path) -> Iterator[PostOffice]:
    with a_post_office(world, tmp_path / "mail", smtp) as office:
        yield office


def months_pass(office: PostOffice, days: int = 40, where: str = "TRUE") -> None:
    views = office.world.store.views
    with office.parts.writing.cursor() as cursor:
        for table, column in (("delivery", "changed_at"), ("notice", "handled_at")):
            cursor.execute(
                f"UPDATE {views}.{table} SET {column} = {column} - INTERVAL {days} DAY"
                f" WHERE {where}"
            )


def notices(office: PostOffice) -> int:
    ((count,),) = rows(
        office.world.store.server, f"SELECT COUNT(*) FROM {office.world.store.views}.notice"
    )
    return count


def become(office: PostOffice, state: State, login: str = "mia") -> None:
    with office.parts.writing.cursor() as cursor:
        cursor.execute(
            f"UPDATE {office.world.store.views}.delivery SET state = %s WHERE login = %s",
            (state.value, login),
        )


@pytest.mark.parametrize("state", list(State))
def test_a_notice_goes_when_all_of_it_is_settled_for_long(office: PostOffice, state: State) -> None:
    office.approve(office.waits_for_mia(), by="mia")
    office.run()
    assert office.states == {"mia": "sent", "ann": "sent"}
    become(office, state)
    assert clean_mail(office.parts.writing, 30, never) == 0, "it is young"
    months_pass(office)
    assert clean_mail(office.parts.writing, 30, never) == 1 + (state in SETTLED)
    assert office.states == ({} if state in SETTLED else {"mia": state.value})
    assert notices(office) == len(office.states)
    months_pass(office, UNANSWERED_DAYS)
    answered = state in (State.WAITING, State.SENDING)
    clean_mail(office.parts.writing, 30, never)
    assert office.states == ({"mia": state.value} if answered else {})


def test_all_of_a_notice_stays_while_one_of_it_is_not_settled(office: PostOffice) -> None:
    document = UUID(office.world.pending())
    office.approve(document, by="mia")
    office.run()
    become(office, State.WAITING, "fin")
    months_pass(office)
    assert clean_mail(office.parts.writing, 30, never) == 1
    assert office.states == {"fay": "sent", "fin": "waiting"}
    become(office, State.SENT, "fin")
    months_pass(office, -40, "notice = notice")
    months_pass(office, 40)
    assert clean_mail(office.parts.writing, 30, never) == 1
    assert (office.states, notices(office)) == ({}, 0)


def test_a_notice_that_nobody_wants_goes_and_one_that_failed_is_shown_for_a_year(
    office: PostOffice,
) -> None:
    views = office.world.store.views
    with office.parts.writing.cursor() as cursor:
        for error in ("", "gone wrong"):
            cursor.execute(
                f"INSERT INTO {views}.notice (notice, kind, stream, version, error)"
                " VALUES (%s, 'job_finished', %s, 1, %s)",
                (uuid4().bytes, uuid4().bytes, error),
            )
    months_pass(office)
    assert clean_mail(office.parts.writing, 30, never) == 1
    assert office.counts == {"not_handled": 1}
    months_pass(office, UNANSWERED_DAYS)
    assert clean_mail(office.parts.writing, 30, never) == 1


def test_what_an_operator_lets_be_sent_again_is_not_cleaned_meanwhile(
    office: PostOffice, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    smtp.answers_to["mia@example.org"] = "550 no"
    office.waits_for_mia()
    office.run()
    smtp.answers_to.clear()
    months_pass(office)
    ((notice, login),) = office.rows("notice, login")
    chosen = cleaning_mail._settled

    def retried_meanwhile(*asked: object) -> list[bytes]:
        found = chosen(*asked)  # type: ignore[arg-type]
        Deliveries(office.parts.writing).retry(UUID(bytes=notice), login)
        return found

    monkeypatch.setattr(cleaning_mail, "_settled", retried_meanwhile)
    assert clean_mail(office.parts.writing, 30, never) == 0
    office.run()
    assert smtp.recipients == ["mia@example.org"]


def test_cleaning_mail_stops_when_it_is_enough(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning_mail, "BATCH", 2)
    for _ in range(5):
        office.waits_for_mia()
    office.run()
    months_pass(office)
    answers = iter([False, False])
    assert clean_mail(office.parts.writing, 30, lambda: next(answers, True)) == 4
    assert clean_mail(office.parts.writing, 30, never) == 1
    assert (office.rows(), notices(office)) == ([], 0)


DOINGS = ("ask", "run", "look", "come late", "clean", "drop", "serve", "restart")


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(doings=st.lists(st.sampled_from(DOINGS), max_size=14))
@example(["ask", "look", "run", "clean", "come late"])
@example(["ask", "drop", "run", "look", "clean", "serve", "restart", "come late"])
def test_no_mail_is_sent_twice_whoever_comes_late_after_the_rows_are_cleaned(
    world: World, smtp: MailServer, tmp_path: Path, doings: Sequence[str]
) -> None:
    """Years pass between what a worker sees and what it does, and all that may go is gone."""
    smtp.drops_at = ""
    before = len(smtp.taken)
    with a_post_office(world, tmp_path / "mail", smtp) as office:
        asked, late = 0, Late(office)
        for doing in (*doings, "serve", "run", "come late", "run"):
            world.pump()
            match doing:
                case "ask":
                    office.waits_for_mia()
                    asked += 1
                case "run":
                    office.run()
                case "look":
                    late = Late(office)
                case "come late":
                    late.comes()
                case "clean":
                    months_pass(office, 2 * UNANSWERED_DAYS)
                    clean_mail(office.parts.writing, 30, never)
                case "drop" | "serve":
                    smtp.drops_at = "verdict" if doing == "drop" else ""
                case "restart":
                    prepare(world.settings)
        ids = [str(mail["Message-ID"]) for mail in smtp.mails[before:]]
        assert len(ids) == len(set(ids)), "a mail was sent twice"
        assert len(ids) == asked, "a mail was lost"


class Late:
    """A worker that has looked at what there is, and acts on it ages later."""

    def __init__(self, office: PostOffice) -> None:
        self.mail = office.parts.mail
        self.notices = self.mail.handling._next()
        self.deliveries = self.mail.deliveries.due(100)

    def comes(self) -> None:
        for notice in self.notices:
            self.mail.handling._handle(notice)
        with closing(self.mail.carrier()) as carrier:
            for delivery in self.deliveries:
                self.mail._send(carrier, delivery)


# The results


def test_a_process_of_jobs_cleans_its_folder_without_a_scheduler(
    world: World, tmp_path: Path
) -> None:
    results = Results(tmp_path / "results")
    (tmp_path / "made").write_bytes(b"made")
    digest, _ = results.keep(tmp_path / "made")
    old = results.folder / digest[:2] / digest
    os.utime(old, (1.0, 1.0))
    env = world.store.env()
    given = {
        "RINGI_HOME": str(tmp_path),
        "RINGI_DATABASE_URL": env["MARIADB_URL"],
        "RINGI_LOG": world.store.log,
        "RINGI_VIEWS": world.store.views,
        "RINGI_REDIS_URL": world.redis.url,
    }
    plain = {name: text for name, text in os.environ.items() if not name.startswith("RINGI_")}
    with subprocess.Popen(
        [sys.executable, "-m", "workers.jobs"], env={**plain, **given}, cwd=CHECKOUT
    ) as process:
        try:
            wait_until(lambda: not old.exists(), "the old result is gone")
            wait_until(lambda: bool(status_of(world)), "the status shows it")
        finally:
            process.kill()
    ((error,),) = status_of(world)
    assert error == ""


def status_of(world: World) -> Sequence[tuple[str]]:
    return rows(
        world.store.server,
        f"SELECT error FROM {world.store.views}.schedule WHERE entry = 'clean the results'",
    )
