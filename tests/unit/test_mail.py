"""Letters, servers and patience: what mail is made of, without a server."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from uuid import UUID, uuid4

import pytest
from jinja2 import UndefinedError

from domain.notices import NoticeKind
from infra.mail import letters
from infra.mail.book import scheduled
from infra.mail.deliveries import Delivery, Ending, State
from infra.mail.letters import Letters
from infra.mail.patience import ATTEMPTS, LONGEST_S, pause_after
from infra.mail.server import SmtpServer, Tls
from infra.mail.telling import Told

STREAM = UUID("0b7b4a52-4d7c-4f0e-9a5e-3f4f8d1f6a10")
TOLD = Told(
    "Purchase",
    "0b7b4a52",
    "Document",
    "waiting",
    "Ann Åse",
    "The manager",
    STREAM,
    "/#/documents/x",
)
DELIVERY = Delivery(
    UUID(int=7),
    "mia",
    NoticeKind.TASK_ASSIGNED,
    STREAM,
    3,
    0,
    datetime(2026, 11, 23, 10, tzinfo=UTC),
)
LETTERS = Letters("ringi@example.org", "https://ringi.example")


def written(told: Told = TOLD, kind: NoticeKind = NoticeKind.TASK_ASSIGNED) -> EmailMessage:
    raw = LETTERS.write(replace(DELIVERY, kind=kind), told, "mia@example.org")
    assert raw.isascii()
    assert b"\r\n" in raw
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    found = message_from_bytes(raw, policy=default)
    assert isinstance(found, EmailMessage)
    assert found.defects == []
    return found


def body(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_letter_says_what_where_and_that_a_machine_wrote_it() -> None:
    mail = written()
    assert dict(mail.items()) | {"Content-Type": ""} == {
        "From": "Ringi <ringi@example.org>",
        "To": "mia@example.org",
        "Subject": "Purchase 0b7b4a52 of Ann Åse waits for your decision",
        "Date": "Mon, 23 Nov 2026 10:00:00 +0000",
        "Message-ID": f"<{letters.message_id(DELIVERY)}@example.org>",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": "",
    }
    for text in (body(mail), body(mail, "html")):
        assert "Purchase 0b7b4a52, requested by Ann Åse, waits for your decision" in text
        assert "at the step The manager" in text
        assert "https://ringi.example/#/documents/x" in text
        assert str(STREAM) in text


@pytest.mark.parametrize("outcome", ["approved", "returned"])
def test_a_letter_says_how_it_was_decided(outcome: str) -> None:
    told = replace(TOLD, outcome=outcome, step="")
    mail = written(told, NoticeKind.DOCUMENT_DECIDED)
    assert mail["Subject"] == f"Your Purchase 0b7b4a52 was {outcome}"
    assert f"Your request, Purchase 0b7b4a52, was {outcome}" in body(mail)


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_a_text_has_no_two_blank_lines_and_no_part_a_version_of_its_own(kind: NoticeKind) -> None:
    mail = written(kind=kind)
    assert "\n\n\n" not in body(mail).replace("\r\n", "\n")
    assert [part["MIME-Version"] for part in mail.walk()] == ["1.0", None, None]


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_a_subject_tells_one_document_from_another_however_long_its_name_is(
    kind: NoticeKind,
) -> None:
    told = replace(TOLD, what="P" * 500, requester="Q" * 500, outcome="succeeded")
    other = replace(told, mark="1c8c5b63")
    assert written(told, kind)["Subject"] != written(other, kind)["Subject"]


def test_a_letter_says_how_a_job_ended() -> None:
    told = replace(TOLD, what="PDF of Purchase", subject="Job", outcome="succeeded", step="")
    mail = written(told, NoticeKind.JOB_FINISHED)
    assert mail["Subject"] == "Your PDF of Purchase 0b7b4a52 is ready"
    assert "is ready to be downloaded." in body(mail)
    assert "Job 0b7b4a52" in body(mail)
    mail = written(replace(told, outcome="failed"), NoticeKind.JOB_FINISHED)
    assert mail["Subject"] == "Your PDF of Purchase 0b7b4a52 could not be made"
    assert "The page says why." in body(mail)


def test_the_same_delivery_is_the_same_bytes_and_another_ones_id_differs() -> None:
    one = LETTERS.write(DELIVERY, TOLD, "mia@example.org")
    assert LETTERS.write(DELIVERY, TOLD, "mia@example.org") == one
    ids = {
        letters.message_id(each)
        for each in (DELIVERY, replace(DELIVERY, login="ann"), replace(DELIVERY, notice=uuid4()))
    }
    assert len(ids) == 3


def test_markup_and_templates_in_a_value_are_text() -> None:
    mail = written(replace(TOLD, what="<b>{{ 7 * 7 }}</b>", requester="{% raise %}"))
    assert "<b>{{ 7 * 7 }}</b>" in body(mail)
    assert "&lt;b&gt;{{ 7 * 7 }}&lt;/b&gt;" in body(mail, "html")
    assert "49" not in body(mail, "html").replace(str(STREAM), "")


@pytest.mark.parametrize(
    "word",
    [
        "=?utf-8?q?x=0AReply-To:_eve@evil.example?=",
        "=?utf-8?q?x=0D=0AReply-To:_eve@evil.example=0D=0A=0D=0AClick?=",
        "=?utf-8?q?x=0A=2E=0AMAIL_FROM:<eve@evil.example>=0A?=",
        "=?utf-8?b?eA0KUmVwbHktVG86IGV2ZUBldmlsLmV4YW1wbGU=?=",
    ],
)
def test_an_encoded_word_in_a_label_or_a_name_is_text(word: str) -> None:
    for told in (replace(TOLD, what=word), replace(TOLD, requester=word)):
        mail = written(told)  # asserts that no line end is half of one
        assert word in mail["Subject"]
        assert mail["Reply-To"] is None
        assert mail.get_content_type() == "multipart/alternative"


def test_no_letter_is_written_to_what_is_no_address() -> None:
    with pytest.raises(ValueError, match="not an address"):
        LETTERS.write(DELIVERY, TOLD, "=?utf-8?q?=0ABcc=3Ax?=@example.org")


@pytest.mark.parametrize("text", ["one\nline", "one\rline", "x\r\nBcc: eve@evil.example"])
def test_a_head_or_a_line_end_that_is_not_ours_is_never_sent(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "_subject", lambda _: f"Subject: {text}\r\n".encode())
    with pytest.raises(ValueError, match="not ours"):
        LETTERS.write(DELIVERY, TOLD, "mia@example.org")


def test_a_template_that_fails_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(letters.TEMPLATES, "text", "{{ nothing.there }}")
    with pytest.raises(UndefinedError, match="nothing"):
        Letters("ringi@example.org", "https://ringi.example").write(DELIVERY, TOLD, "m@example.org")


# ---- servers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("smtp://mail", SmtpServer("mail", 25, Tls.REQUIRED)),
        ("smtp://mail:587/", SmtpServer("mail", 587, Tls.REQUIRED)),
        ("smtp://mail?starttls=never", SmtpServer("mail", 25, Tls.NEVER)),
        ("smtps://u:s%40%2F@mail", SmtpServer("mail", 465, Tls.IMPLICIT, "u", "s@/")),
        (
            "smtp://u:s@127.0.0.1?starttls=never",
            SmtpServer("127.0.0.1", 25, Tls.NEVER, "u", "s"),
        ),
        ("smtp://[::1]:26?starttls=required", SmtpServer("::1", 26, Tls.REQUIRED)),
    ],
)
def test_a_server_is_what_its_url_says(text: str, expected: SmtpServer) -> None:
    found = SmtpServer.of(text)
    assert found == expected
    assert SmtpServer.of(str(found)) == replace(expected, user="", secret="")
    assert "s@/" not in repr(found) + str(found)


@pytest.mark.parametrize(
    "text",
    [
        "mail",
        "http://mail",
        "smtp://",
        "smtp://mail:0",
        "smtp://mail:99999",
        "smtp://mail/path",
        "smtp://mail#x",
        "smtp://mail?tls=no",
        "smtp://mail?starttls=perhaps",
        "smtp://mail?starttls=never&starttls=required",
        "smtp://user@mail",
        "smtp://:secret@mail",
        "smtp://user:secret@mail?starttls=never",
    ],
)
def test_what_is_no_server_is_refused_without_its_secret(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be|names an|would send") as refused:
        SmtpServer.of(text)
    assert "user:secret@mail?" not in str(refused.value)


# ---- patience


def test_a_delivery_is_tried_for_about_a_day() -> None:
    pauses = [pause_after(attempts) for attempts in range(1, ATTEMPTS)]
    assert all(pause is not None and 20 < pause <= LONGEST_S for pause in pauses)
    assert 18 < sum(filter(None, pauses)) / 3600 < 25
    assert pause_after(ATTEMPTS) is None


def test_only_what_waits_is_given_a_time_and_an_end() -> None:
    assert scheduled(DELIVERY, Ending(State.SENT)) == Ending(State.SENT)
    assert scheduled(DELIVERY, Ending(State.WAITING, "450")).again_in_s > 20
    last = replace(DELIVERY, attempts=ATTEMPTS - 1)
    assert scheduled(last, Ending(State.WAITING, "450")) == Ending(State.GIVEN_UP, "450")
