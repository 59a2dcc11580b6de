"""Mail, to a real SMTP server that takes it, refuses, hangs and hangs up: each once, none lost."""

from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from time import monotonic
from uuid import UUID

import pytest

from domain.directory.commands import DeactivatePerson, SetMailAddress, SetNotices
from domain.streams import person_stream
from infra.mail.deliveries import Deliveries
from infra.mail.due import enqueue_due_mail
from infra.mail.overview import Unreached, deliveries, unreached
from infra.mail.patience import ATTEMPTS
from infra.ports import free_port
from infra.position import lane_of
from infra.stack import MariaDBServer
from tests.contracts.log_contract import together
from tests.integration.api_world import World, a_company
from tests.mail_server import STAGES, MailServer, a_mail_server
from tests.post_office import PostOffice, a_post_office, a_stranger, empty, give_addresses


@pytest.fixture(scope="module")
def world(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_company(server, tmp_path_factory.mktemp("redis"), "mail") as world:
        give_addresses(world)
        yield world


@pytest.fixture
def smtp() -> Iterator[MailServer]:
    with a_mail_server() as smtp:
        yield smtp
        smtp.released()


@pytest.fixture
def office(world: World, smtp: MailServer, tmp_path: Path) -> Iterator[PostOffice]:
    with a_post_office(world, tmp_path / "mail", smtp) as office:
        yield office


# ---- who is told, and of what


def test_who_is_to_decide_is_told_and_then_who_asked(office: PostOffice, smtp: MailServer) -> None:
    document = office.waits_for_mia()
    office.run()
    (mail,) = smtp.mails
    assert (mail["To"], mail["From"]) == ("mia@example.org", "Ringi <ringi@example.org>")
    assert mail["Subject"] == f"Purchase {str(document)[:8]} of Ann waits for your decision"
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
    assert "at the step lead" in text
    assert f"https://ringi.example/#/documents/{document}" in text
    assert "Chairs" not in smtp.taken[0].decode(), "no value of a field is in a mail"
    office.approve(document, by="mia")
    office.run()
    office.run()
    assert smtp.recipients == ["mia@example.org", "ann@example.org"]
    assert smtp.mails[1]["Subject"] == f"Your Purchase {str(document)[:8]} was approved"
    assert {state for _, state in office.rows()} == {"sent"}


def test_all_who_hold_a_role_are_told_but_who_may_not_decide(
    world: World, office: PostOffice, smtp: MailServer
) -> None:
    document = UUID(world.pending())
    office.approve(document, by="mia")
    office.run()
    assert sorted(smtp.recipients) == ["fay@example.org", "fin@example.org", "mia@example.org"]


def test_who_has_no_address_is_counted(world: World, office: PostOffice, smtp: MailServer) -> None:
    world.as_system(SetMailAddress("mia", None))
    office.waits_for_mia()
    office.run()
    world.as_system(SetMailAddress("mia", "mia@example.org"))
    office.run()
    assert smtp.taken == []
    assert office.counts == {"no_address": 1}
    assert unreached(world.parts.writing) == [Unreached("mia", 1)]


def test_a_notice_waits_until_the_view_of_people_has_reached_it(
    world: World, office: PostOffice, smtp: MailServer
) -> None:
    """The lane of whom it is for is held up; what was acknowledged before counts all the same."""
    lanes, lane = world.parts.lanes, lane_of(person_stream("mia"), world.parts.lanes)
    world.as_system(SetMailAddress("mia", None))
    world.pump()
    document = next(each for each in iter(world.draft, None) if lane_of(UUID(each), lanes) != lane)
    world.pump()
    world.as_system(SetMailAddress("mia", "mia@example.org"))
    world.ok("POST", f"/v1/documents/{document}/submit", by="ann")
    for runner in world.parts.runners:
        for each in range(lanes):
            if (runner.projection.name, each) != ("workspace", lane):
                runner.catch_up(each)
    office.parts.mail.run()
    assert (smtp.taken, office.rows()) == ([], [])
    assert enqueue_due_mail(office.parts), "somebody is to look again"
    office.run()
    assert smtp.recipients == ["mia@example.org"]
    assert office.states == {"mia": "sent"}


def test_what_a_server_says_cannot_move_an_operators_terminal(
    office: PostOffice, smtp: MailServer
) -> None:
    smtp.answers["RCPT"] = "550 no \x1b[2Jsuch\x00 person"
    office.waits_for_mia()
    office.run()
    views = office.world.store.views
    with office.parts.writing.cursor() as cursor:
        cursor.execute(f"UPDATE {views}.delivery SET error = CONCAT(error, '\x1b[31m')")
    (shown,) = deliveries(office.parts.writing, troubled=True)
    assert shown.state == "refused"
    assert shown.error == "550 no [2Jsuch person [31m"


def test_who_does_not_want_it_gets_nothing(
    world: World, office: PostOffice, smtp: MailServer
) -> None:
    world.as_system(SetNotices("mia", {"task_assigned": False}))
    document = office.waits_for_mia()
    office.run()
    assert (smtp.taken, office.counts) == ([], {})
    world.as_system(SetNotices("mia", {"task_assigned": True}))
    office.approve(document, by="mia")
    office.run()
    assert smtp.recipients == ["ann@example.org"]


def test_who_left_meanwhile_is_told_nothing_any_more(
    world: World, office: PostOffice, smtp: MailServer
) -> None:
    smtp.answers["RCPT"] = "450 later"
    document = office.waits_for_mia()
    office.run()
    assert office.states == {"mia": "waiting"}
    world.as_system(SetMailAddress("mia", None))
    world.pump()
    office.make_due()
    office.run()
    assert office.rows("state, error") == [("no_address", "")]
    world.as_system(SetMailAddress("mia", "mia@example.org"))
    office.approve(document, by="mia")


def test_a_notice_is_handled_once_by_many_at_once(
    world: World, office: PostOffice, smtp: MailServer, tmp_path: Path
) -> None:
    with a_post_office(world, tmp_path, smtp) as other:
        for _ in range(5):
            office.waits_for_mia()
        world.pump()
        together([office.parts.mail.run, other.parts.mail.run])
        office.run()
    ids = [str(mail["Message-ID"]) for mail in smtp.mails]
    assert len(ids) == len(set(ids)) == 5
    assert office.counts == {"sent": 5}


# ---- what the server says


def test_who_is_refused_for_good_is_not_tried_again(office: PostOffice, smtp: MailServer) -> None:
    smtp.answers_to["mia@example.org"] = "550 <mia@example.org>: no such person"
    office.waits_for_mia()
    office.run()
    (row,) = office.rows("state, attempts, error")
    assert row == ("refused", 1, "550 <(the address)>: no such person")
    del smtp.answers_to["mia@example.org"]
    office.make_due()
    office.run()
    assert smtp.taken == []
    (notice, login) = office.rows("notice, login")[0]
    assert Deliveries(office.parts.writing).retry(UUID(bytes=notice), login)
    office.run()
    assert smtp.recipients == ["mia@example.org"]


@pytest.mark.parametrize("stage", ["connect", "MAIL", "RCPT", "DATA", "verdict"])
def test_a_server_that_says_later_is_asked_later(
    office: PostOffice, smtp: MailServer, stage: str
) -> None:
    smtp.answers[stage] = "450 not now"
    office.waits_for_mia()
    office.run()
    assert smtp.taken == []
    ((state, attempts, error, is_later),) = office.rows(
        "state, attempts, error, due_at > UTC_TIMESTAMP(6) + INTERVAL 15 SECOND"
    )
    assert (state, attempts, is_later) == ("waiting", 1, 1)
    assert "450 not now" in error
    smtp.answers.clear()
    office.run()
    assert smtp.taken == [], "it is not due yet"
    office.make_due()
    office.run()
    assert smtp.recipients == ["mia@example.org"]
    assert office.rows("state, attempts, error") == [("sent", 2, "")]


@pytest.mark.parametrize("stage", ["DATA", "verdict"])
def test_a_message_that_is_refused_for_good_is_shown(
    office: PostOffice, smtp: MailServer, stage: str
) -> None:
    smtp.answers[stage] = "554 no"
    office.waits_for_mia()
    office.run()
    assert office.rows("state, error") == [("refused", "554 no")]


def test_a_sender_that_is_refused_is_no_fault_of_the_recipients(
    office: PostOffice, smtp: MailServer
) -> None:
    smtp.answers["MAIL"] = "550 who are you"
    office.waits_for_mia()
    office.run()
    assert office.rows("state, error") == [
        ("waiting", "the sender ringi@example.org is refused: 550 who are you")
    ]


def test_it_is_given_up_after_a_day(office: PostOffice, smtp: MailServer) -> None:
    smtp.answers["RCPT"] = "450 not now"
    office.waits_for_mia()
    for _ in range(ATTEMPTS):
        office.run()
        office.make_due()
    assert office.rows("state, attempts, error") == [("given_up", ATTEMPTS, "450 not now")]


def test_nobody_there_costs_each_mail_an_attempt_and_a_run_one_connection(
    world: World, tmp_path: Path
) -> None:
    to = f"smtp://127.0.0.1:{free_port()}?starttls=never"
    with a_post_office(world, tmp_path, to) as office:
        office.waits_for_mia()
        office.waits_for_mia()
        office.run()
        assert sorted(office.rows("state, attempts")) == [("waiting", 0), ("waiting", 1)]
        office.run()
        assert sorted(office.rows("state, attempts")) == [("waiting", 1), ("waiting", 1)]


# ---- a server that hangs or hangs up


@pytest.mark.parametrize("stage", STAGES)
def test_a_server_that_hangs_costs_a_time_out_and_is_uncertain_only_at_the_end(
    office: PostOffice, smtp: MailServer, stage: str
) -> None:
    smtp.hangs_at = stage
    office.waits_for_mia()
    office.world.pump()
    began = monotonic()
    office.run()
    assert monotonic() - began < 3
    assert office.states == {"mia": "uncertain" if stage == "verdict" else "waiting"}
    smtp.hangs_at = ""
    smtp.released()
    office.make_due()
    office.run()
    assert smtp.recipients == ["mia@example.org"]
    assert office.states == {"mia": "uncertain" if stage == "verdict" else "sent"}


@pytest.mark.parametrize("stage", STAGES)
def test_a_server_that_hangs_up_gets_it_again_unless_it_may_have_it(
    office: PostOffice, smtp: MailServer, stage: str
) -> None:
    smtp.drops_at = stage
    office.waits_for_mia()
    office.run()
    assert office.states == {"mia": "uncertain" if stage == "verdict" else "waiting"}
    smtp.drops_at = ""
    for _ in range(2):
        office.make_due()
        office.run()
    assert smtp.recipients == ["mia@example.org"]
    assert office.states == {"mia": "uncertain" if stage == "verdict" else "sent"}


def test_other_mail_goes_on_behind_a_recipient_for_whom_the_server_hangs(
    world: World, office: PostOffice, smtp: MailServer
) -> None:
    smtp.hangs_for = "fay@example.org"
    document = UUID(world.pending())
    office.approve(document, by="mia")
    began = monotonic()
    office.run()
    assert monotonic() - began < 3
    assert sorted(smtp.recipients) == ["fin@example.org", "mia@example.org"]
    assert office.states == {"mia": "sent", "fin": "sent", "fay": "waiting"}


def test_one_connection_serves_a_run(office: PostOffice, smtp: MailServer) -> None:
    for _ in range(4):
        office.waits_for_mia()
    office.run()
    assert (len(smtp.taken), smtp.connections) == (4, 1)


# ---- workers that die


def test_what_a_dead_worker_was_sending_is_uncertain_until_an_operator_decides(
    office: PostOffice, smtp: MailServer
) -> None:
    smtp.answers["RCPT"] = "450 later"
    office.waits_for_mia()
    office.run()
    smtp.answers.clear()
    office.claimed_by(a_stranger())
    assert enqueue_due_mail(office.parts), "somebody is to look after it"
    office.run()
    office.run()
    assert office.states == {"mia": "uncertain"}
    assert smtp.taken == []
    ((notice, login),) = office.rows("notice, login")
    assert Deliveries(office.parts.writing).retry(UUID(bytes=notice), login)
    assert not Deliveries(office.parts.writing).retry(UUID(bytes=notice), login)
    office.run()
    assert smtp.recipients == ["mia@example.org"]


def test_what_a_living_worker_is_sending_is_left_to_it(
    world: World, office: PostOffice, smtp: MailServer, tmp_path: Path
) -> None:
    smtp.answers["RCPT"] = "450 later"
    office.waits_for_mia()
    office.run()
    with a_post_office_beside(world, tmp_path, smtp) as other:
        office.claimed_by(other.parts.identity.worker)
        office.run()
        assert office.states == {"mia": "sending"}
    office.run()
    assert office.states == {"mia": "uncertain"}


def a_post_office_beside(world: World, folder: Path, smtp: MailServer):
    """Give a second process whose beginning forgets no mail."""
    from contextlib import contextmanager  # noqa: PLC0415

    @contextmanager
    def beside() -> Iterator[PostOffice]:
        from infra.bootstrap import Parts  # noqa: PLC0415

        parts = Parts(replace(world.settings, mail_folder=folder))
        try:
            with parts.identity:
                yield PostOffice(world, parts)
        finally:
            parts.close()

    return beside()


# ---- without a server


def test_without_a_server_each_mail_is_one_file(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    with a_post_office(world, folder, None) as office:
        office.waits_for_mia()
        office.run()
        office.run()
        ((notice, login),) = office.rows("notice, login")
        (file,) = folder.iterdir()
        assert file.name == f"{UUID(bytes=notice)}.{login}.eml"
        mail = message_from_bytes(file.read_bytes(), policy=default)
        assert mail["To"] == "mia@example.org"
        assert office.states == {"mia": "sent"}


def test_a_file_that_cannot_be_written_is_tried_again(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    folder.write_text("not a folder")
    with a_post_office(world, folder, None) as office:
        office.waits_for_mia()
        office.run()
        ((state, error),) = office.rows("state, error")
        assert state == "waiting"
        assert "exists" in error or "Not a directory" in error
        folder.unlink()
        office.make_due()
        office.run()
        assert office.states == {"mia": "sent"}
    empty(world)


def test_who_is_inactive_is_not_told(world: World, office: PostOffice, smtp: MailServer) -> None:
    document = UUID(world.pending())
    world.as_system(DeactivatePerson("fin"))
    world.pump()
    office.approve(document, by="mia")
    office.run()
    assert sorted(smtp.recipients) == ["fay@example.org", "mia@example.org"]
