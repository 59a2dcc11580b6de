"""A record says what the events say: who decided what, when, and where in the log."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.definition.content import Field, FieldKind, LineField
from domain.document.commands import (
    AddComment,
    ApproveStep,
    ReachMilestone,
    ReviseDocument,
    SubmitDocument,
    WithdrawDocument,
)
from domain.document.events import EVENTS, StepBlocked
from domain.values import Line, Money
from tests import documents as at
from tests.builders import DOCUMENT, FAY, FIN, MIA, Given, a_meta, content, recorded
from tests.golden.examples import EXAMPLES
from workers.kinds.naming import Naming, logins_of
from workers.kinds.record import Record, arrange
from workers.kinds.wording import (
    direction,
    figure,
    grouped,
    happened,
    label,
    moment,
    shown,
    subject_of,
)

NAMING = Naming({"mia": "Mia Meyer", "fay": "Fay Fox"})


def record_of(history: Given) -> Record:
    return arrange(recorded(history.history))


def decisions(record: Record) -> list[tuple[int, str, str, str, str]]:
    return [
        (round_.submitted.round, stage.name, stage.state, seat.state, seat.by)
        for round_ in record.rounds
        for stage in round_.stages
        for seat in stage.seats
    ]


def test_a_draft_has_no_round() -> None:
    assert record_of(at.draft()) == Record()


def test_a_step_that_waits_is_open() -> None:
    found = record_of(at.pending())
    assert decisions(found) == [(1, "lead", "waiting", "open", "")]
    assert (found.rounds[0].state, found.rounds[0].ended) == ("pending", None)


def test_each_decision_is_told_with_its_place() -> None:
    history = at.approved()
    found = record_of(history)
    assert decisions(found) == [
        (1, "lead", "approved", "approved", "mia"),
        (1, "money", "approved", "approved", "fay"),
    ]
    places = {
        each.event.slot: (each.version, each.position)
        for each in recorded(history.history)
        if each.event.TOPIC == "document.slot_approved"
    }
    for stage in found.rounds[0].stages:
        for seat in stage.seats:
            assert seat.mark is not None
            assert (seat.mark.version, seat.mark.position) == places[seat.slot.id]
            assert seat.revision == at.DEAR_REVISION
    assert found.rounds[0].ended is not None
    assert found.rounds[0].ended.version == len(history.history)


def test_a_rejection_and_the_round_that_follows_it_are_both_told() -> None:
    found = record_of(at.returned().after(SubmitDocument(DOCUMENT)).after(at.APPROVE, MIA))
    assert decisions(found) == [
        (1, "lead", "rejected", "rejected", "mia"),
        (2, "lead", "approved", "approved", "mia"),
    ]
    assert [(each.state, each.reason) for each in found.rounds] == [
        ("returned", "too large"),
        ("approved", ""),
    ]
    assert [each.said("too large") for each in found.rounds] == [True, False]


def test_what_is_not_needed_is_told_with_the_reason() -> None:
    stages = record_of(at.pending().after(at.APPROVE, MIA)).rounds[0].stages
    assert [(stage.name, stage.state) for stage in stages] == [
        ("lead", "approved"),
        ("money", "skipped"),
    ]
    assert "condition is false" in stages[1].reason


def test_a_blocked_step_says_why_and_ends_with_its_round() -> None:
    blocked = Given([*at.pending().history[:-1], StepBlocked(1, "lead", "ann has no manager")])
    (stage,) = record_of(blocked).rounds[0].stages
    assert (stage.state, stage.reason) == ("blocked", "ann has no manager")
    again = Given([*blocked.history, at.pending().history[-1]])
    assert decisions(record_of(again)) == [(1, "lead", "waiting", "open", "")]
    withdrawn = record_of(blocked.after(WithdrawDocument(DOCUMENT)))
    assert withdrawn.rounds[0].stages[0].state == "withdrawn"


def test_a_withdrawal_closes_the_open_slots() -> None:
    found = record_of(at.pending().after(WithdrawDocument(DOCUMENT, "a slip")))
    assert decisions(found) == [(1, "lead", "withdrawn", "closed", "")]
    assert found.rounds[0].reason == "a slip"


def test_comments_and_milestones_are_told() -> None:
    history = at.approved().after(AddComment(DOCUMENT, "thanks")).after(AddComment(DOCUMENT, "!"))
    found = record_of(history.after(ReachMilestone(DOCUMENT, "ordered"), FIN))
    assert [text for _, text in found.comments] == ["thanks", "!"]
    assert list(found.milestones) == ["ordered"]
    assert found.milestones["ordered"].version == len(history.history) + 1


def test_every_event_has_words() -> None:
    for event in EVENTS:
        words = happened(EXAMPLES[event.TOPIC], content(), NAMING)
        assert words.startswith(event.TOPIC.partition(".")[2].replace("_", " "))


def test_a_decision_in_words_names_who_and_what() -> None:
    history = at.at_finance().after(ApproveStep(DOCUMENT, at.DEAR_REVISION), FAY).history
    lines = [happened(each, content(), NAMING) for each in history]
    assert f"slot approved: Money, by Fay Fox (fay), revision {at.DEAR_REVISION[:12]}" in lines
    assert "step started: Lead, waits for Mia Meyer (mia)" in lines
    assert "step started: Money, waits for the role Finance" in lines


def test_everybody_whom_a_document_names_is_called_by_name() -> None:
    history = (
        at.draft()
        .after(ReviseDocument(DOCUMENT, {"deputy": "bob"}))
        .after(SubmitDocument(DOCUMENT))
    )
    events = recorded(history.history)
    events[-1] = replace(events[-1], meta=a_meta("zoe", on_behalf_of="ann"))
    assert logins_of(events, [content()]) == {"ann", "bob", "mia", "zoe"}
    assert logins_of(events, [content(fields=())]) == {"ann", "mia", "zoe"}


def test_who_is_not_known_here_is_called_by_the_login() -> None:
    assert [NAMING(login) for login in ("mia", "system")] == ["Mia Meyer (mia)", "system"]
    assert [NAMING.name(login) for login in ("mia", "system")] == ["Mia Meyer", "system"]


def test_a_document_is_called_by_its_first_text_as_in_lists() -> None:
    fields = (
        Field("cost", FieldKind.MONEY),
        Field("a", FieldKind.TEXT),
        Field("b", FieldKind.TEXT),
    )
    found = content(fields=fields)
    assert subject_of(found, {"b": "second", "cost": at.COST}) == "second"
    assert subject_of(found, {"b": "second", "a": "first\nand more"}) == "first"
    assert subject_of(found, {"a": "x" * 161}) == "x" * 160 + "…"
    assert subject_of(found, {"cost": at.COST}) == ""


def test_what_has_no_label_is_called_by_its_name_in_words() -> None:
    assert label(Field("due_by", FieldKind.TEXT, label="Wanted by"), "due_by") == "Wanted by"
    assert label(Field("due_by", FieldKind.TEXT), "due_by") == "Due by"
    assert label(None, "line_manager") == "Line manager"


def test_an_instant_reads_as_people_say_it() -> None:
    instant = datetime(2026, 3, 1, 0, 59, 59, 999999, tzinfo=timezone(timedelta(hours=2)))
    assert moment(instant) == "28 February 2026, 22:59:59"


# ---- values


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (Money(Decimal("1234567.50"), "EUR"), FieldKind.MONEY, "1\u202f234\u202f567.50\u00a0EUR"),
        (Money(Decimal("-0.05"), "JPY"), FieldKind.MONEY, "\u22120.05\u00a0JPY"),
        ("1000.000001", FieldKind.DECIMAL, "1\u202f000.000001"),
        (-40, FieldKind.INTEGER, "\u221240"),
        ("1000", FieldKind.TEXT, "1000"),
        ("cost_control", FieldKind.ROLE, "Cost control"),
        ("office_supplies", FieldKind.CHOICE, "Office supplies"),
        ("mia", FieldKind.PERSON, "Mia Meyer (mia)"),
        ("bob", FieldKind.PERSON, "bob"),
        ("office_supplies", FieldKind.TEXT, "office_supplies"),
        (None, FieldKind.MONEY, ""),
        ("2026-11-23", FieldKind.DATE, "2026-11-23"),
        (True, FieldKind.TRUTH, "yes"),
        (False, FieldKind.TRUTH, "no"),
    ],
)
def test_a_value_is_shown_as_its_field_is(value: object, kind: FieldKind, text: str) -> None:
    assert shown(value, kind, NAMING) == text  # type: ignore[arg-type]


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=6, allow_nan=False))
def test_grouping_loses_no_digit(number: Decimal) -> None:
    text = format(number, "f")
    assert grouped(text).replace("\u202f", "").replace("\u2212", "-") == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("desk", "ltr"),
        ("机", "ltr"),
        ("مكتب desk", "rtl"),
        ("שולחן", "rtl"),
        ("123, שולחן", "rtl"),
        ("123", "ltr"),
        ("", "ltr"),
    ],
)
def test_the_first_letter_gives_the_direction(text: str, expected: str) -> None:
    assert direction(text) == expected


def test_numbers_below_each_other_are_as_wide_as_the_largest() -> None:
    assert [len(figure(number, 1234)) for number in (1, 99, 1234)] == [4, 4, 4]


def test_lines_are_shown_a_line_each_with_what_their_definition_no_longer_knows() -> None:
    columns = (LineField("pieces", FieldKind.INTEGER, "Pieces"), LineField("cost", FieldKind.MONEY))
    lines = (
        Line(3, {"cost": Money(Decimal("1000.00"), "EUR"), "pieces": 1000}),
        Line(1, {"old_name": "x"}),
    )
    assert shown(lines, FieldKind.LINES, NAMING, columns) == (
        "3. Pieces: 1\u202f000, Cost: 1\u202f000.00\u00a0EUR\n1. Old name: x"
    )
