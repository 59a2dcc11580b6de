"""Notices are a function of the log; no text that people write gets out of its place in a mail."""

from collections.abc import Sequence
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from hypothesis import given
from hypothesis import strategies as st

from domain.document.events import StepStarted
from domain.notices import NoticeKind, is_address
from projections.notices import NOTICE, NOTICES
from tests.fakes import InMemoryRows, in_batches
from tests.property.test_workspace_property import Story, stories, told
from tests.unit.test_mail import DELIVERY, LETTERS, TOLD

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200) | st.text(
    "a \r\n:,;<>@\"'\\=?{}%\t\x00\u2028\u0085é漢", max_size=120
)


@given(stories, st.lists(st.integers(1, 12), max_size=20))
def test_batches_change_no_notice_and_each_open_slot_ever_had_one(
    story: Story, sizes: Sequence[int]
) -> None:
    log = told(story).log.events
    whole, parts = InMemoryRows(), InMemoryRows()
    whole.run(NOTICES, log)
    for batch in in_batches(log, iter(sizes)):
        parts.run(NOTICES, batch)
    assert parts.all(NOTICE) == whole.all(NOTICE)
    slots = sum(len(each.event.slots) for each in log if isinstance(each.event, StepStarted))
    tasks = [row for row in whole.all(NOTICE).values() if row["kind"] == "task_assigned"]
    assert len(tasks) == slots


@given(texts, texts, texts, st.sampled_from(NoticeKind))
def test_no_text_becomes_a_header_or_another_part(
    what: str, requester: str, step: str, kind: NoticeKind
) -> None:
    shown = replace(TOLD, what=what, requester=requester, step=step)
    raw = LETTERS.write(replace(DELIVERY, kind=kind), shown, "mia@example.org")
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    assert [name for name, _ in mail.items()] == [
        "Subject",
        "From",
        "To",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    ]
    assert mail["To"] == "mia@example.org"
    assert len(str(mail["Subject"])) <= 150
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


@given(st.from_regex(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+", fullmatch=True) | texts)
def test_an_address_that_is_taken_is_one_word_without_a_way_out(text: str) -> None:
    if is_address(text):
        assert text.isascii()
        assert not set(text) & set('<>\r\n\0 \t,;:"()[]\\')
        assert text.count("@") == 1
