"""Workers killed while they send, databases that go away: no mail twice, none forgotten."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from infra.eventstore.errors import ConnectionLostError
from infra.home import CHECKOUT
from infra.mail.deliveries import Deliveries, Delivery, Ending
from infra.mail.due import QUEUE_KEY, enqueue_due_mail
from infra.stack import MariaDBServer
from tests.integration.api_world import World, a_company
from tests.integration.observing import wait_until
from tests.mail_server import MailServer, a_mail_server
from tests.post_office import PostOffice, a_post_office, give_addresses

MAILS = 30
KILLS = 6

#: Sends mail until it is killed.
WORKER = """
from infra.bootstrap import Parts
from infra.settings import Settings
from time import sleep

parts = Parts(Settings.load())
with parts.identity:
    while True:
        parts.mail.run()
        print("run", flush=True)
        sleep(0.05)
"""


@pytest.fixture(scope="module")
def world(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_company(server, tmp_path_factory.mktemp("redis"), "mailfault") as world:
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


@contextmanager
def a_process(office: PostOffice, *program: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Give a process with the settings of this office; it is killed at the end."""
    world, settings = office.world, office.parts.settings
    given = {
        "RINGI_HOME": str(settings.mail_folder.parent),
        "RINGI_DATABASE_URL": world.store.env()["MARIADB_URL"],
        "RINGI_LOG": world.store.log,
        "RINGI_VIEWS": world.store.views,
        "RINGI_REDIS_URL": world.redis.url,
        "RINGI_MAIL_FROM": settings.mail_from,
        "RINGI_SMTP_URL": str(settings.smtp_url),
        "PYTHONPATH": str(CHECKOUT),
    }
    plain = {name: text for name, text in os.environ.items() if not name.startswith("RINGI_")}
    child = subprocess.Popen(
        [sys.executable, *program], env={**plain, **given}, stdout=subprocess.PIPE
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def judge(office: PostOffice, smtp: MailServer) -> dict[str, str]:
    """Check that each mail is accounted for and none was sent twice; return states by id."""
    states = {
        f"{UUID(bytes=notice)}.{login}": state
        for notice, login, state in office.rows("notice, login, state")
    }
    ids = [str(mail["Message-ID"]) for mail in smtp.mails]
    assert len(ids) == len(set(ids)), "a mail was sent twice"
    sent = sum(state == "sent" for state in states.values())
    # What a worker was sending when it was killed is uncertain as soon as somebody looks.
    perhaps = sum(state in ("uncertain", "sending") for state in states.values())
    assert sent <= len(ids) <= sent + perhaps
    return states


@pytest.mark.parametrize("seed", [1])
def test_workers_killed_at_any_moment_send_nothing_twice_and_forget_nothing(
    office: PostOffice, smtp: MailServer, seed: int
) -> None:
    rng = random.Random(seed)
    for _ in range(MAILS):
        office.waits_for_mia()
    office.world.pump()
    smtp.slow_s = 0.01
    for _ in range(KILLS):
        before, pause_s = smtp.connections, rng.uniform(0, 0.25)
        with a_process(office, "-c", WORKER) as child:
            wait_until(lambda before=before: smtp.connections > before, "it talks to the server")
            try:
                child.wait(pause_s)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
            assert child.wait(10) == -signal.SIGKILL
    judge(office, smtp)
    smtp.slow_s = 0.0
    wait_until(lambda: _is_done(office), "all mail has an end")
    states = judge(office, smtp)
    assert len(states) == MAILS
    assert set(states.values()) <= {"sent", "uncertain"}
    assert list(states.values()).count("uncertain") <= KILLS


def _is_done(office: PostOffice) -> bool:
    office.run()
    return not {"waiting", "sending"} & {state for _, state in office.rows()}


def test_a_worker_killed_between_the_end_of_the_data_and_its_answer_leaves_it_uncertain(
    office: PostOffice, smtp: MailServer
) -> None:
    smtp.hangs_at = "verdict"
    office.waits_for_mia()
    office.world.pump()
    with a_process(office, "-c", WORKER) as child:
        wait_until(lambda: smtp.taken != [], "the server has the message")
        child.kill()
    smtp.hangs_at = ""
    smtp.released()
    wait_until(lambda: _is_done(office), "its lock is free")
    assert office.states == {"mia": "uncertain"}
    assert len(smtp.taken) == 1


def test_the_process_of_jobs_sends_mail_when_it_is_told(
    office: PostOffice, smtp: MailServer
) -> None:
    with a_process(office, "-m", "workers.jobs"):
        office.waits_for_mia()
        office.world.pump()
        wait_until(lambda: office.states == {"mia": "sent"}, "the hint after the commit is enough")
    assert smtp.recipients == ["mia@example.org"]


def test_a_lost_hint_is_given_again_and_hints_do_not_pile_up(
    office: PostOffice, smtp: MailServer
) -> None:
    office.waits_for_mia()
    office.world.pump()
    redis = office.parts.broker_redis
    redis.flushall()
    for _ in range(5):
        assert enqueue_due_mail(office.parts)
    assert redis.llen(QUEUE_KEY) == 2
    office.run()
    assert not enqueue_due_mail(office.parts)
    assert len(smtp.taken) == 1


# ---- the database goes away around a message


def lost(*_: object) -> bool:
    raise ConnectionLostError("the server went away")


def test_a_claim_whose_answer_was_lost_is_given_back_and_made_anew(
    office: PostOffice, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Deliveries.claim

    def claim(self: Deliveries, delivery: Delivery, worker: str) -> bool:
        real(self, delivery, worker)
        return lost()

    office.waits_for_mia()
    office.world.pump()
    monkeypatch.setattr(Deliveries, "claim", claim)
    with pytest.raises(ConnectionLostError):
        office.parts.mail.run()
    assert office.states == {"mia": "sending"}
    monkeypatch.undo()
    office.run()
    assert office.rows("state, attempts") == [("sent", 2)]
    assert len(smtp.taken) == 1


@pytest.mark.parametrize("found_dead", [False, True])
def test_an_answer_that_could_not_be_written_is_written_later(
    office: PostOffice,
    smtp: MailServer,
    monkeypatch: pytest.MonkeyPatch,
    found_dead: bool,
) -> None:
    office.waits_for_mia()
    office.world.pump()
    monkeypatch.setattr(Deliveries, "end", lost)
    with pytest.raises(ConnectionLostError):
        office.parts.mail.run()
    with pytest.raises(ConnectionLostError):
        office.parts.mail.run()
    assert office.states == {"mia": "sending"}
    monkeypatch.undo()
    if found_dead:  # by another process, for the lock went with the connection
        Deliveries(office.parts.writing).orphan(office.parts.identity.worker)
        assert office.states == {"mia": "uncertain"}
    office.run()
    assert office.states == {"mia": "sent"}
    assert len(smtp.taken) == 1


def test_an_interruption_while_it_is_sent_leaves_it_uncertain(
    office: PostOffice, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from infra.mail.smtp import Session  # noqa: PLC0415

    real = Session.send

    def send(self: Session, message: bytes) -> Ending:
        real(self, message)
        raise KeyboardInterrupt

    office.waits_for_mia()
    office.world.pump()
    monkeypatch.setattr(Session, "send", send)
    with pytest.raises(KeyboardInterrupt):
        office.parts.mail.run()
    monkeypatch.undo()
    office.run()
    assert office.states == {"mia": "uncertain"}
    assert len(smtp.taken) == 1
