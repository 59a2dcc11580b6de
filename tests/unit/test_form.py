"""Dates, truths and lines, what bounds values, and the rules of a form."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.definition.content import Content, Field, FieldKind, LineField, Rule
from domain.definition.fields import missing_fields, parse_values, require_form
from domain.definition.form_checks import check_form
from domain.definition.lines import LARGEST_LINES, MOST_LINES
from domain.errors import Reason, RefusedError
from domain.values import Line, Money, lines_given, plain, revision_of, size_of

ITEMS = Field(
    "items",
    FieldKind.LINES,
    fields=(
        LineField("account", FieldKind.TEXT, longest=4, required=True),
        LineField("debit", FieldKind.MONEY, least="0"),
        LineField("credit", FieldKind.MONEY, least="0.01"),
        LineField("on", FieldKind.DATE),
    ),
)
CONTENT = Content(
    fields=(
        Field("due", FieldKind.DATE, least="2026-01-01", most="2026-12-31"),
        Field("urgent", FieldKind.TRUTH),
        Field("pieces", FieldKind.INTEGER, least="-5", most="5"),
        Field("share", FieldKind.DECIMAL, decimals=3, most="1"),
        Field("cost", FieldKind.MONEY, least="0.10", most="1000"),
        Field("iban", FieldKind.TEXT, pattern="[A-Z]{2}[0-9]{2}|none", longest=5),
        Field("note", FieldKind.TEXT, longest=3),
        ITEMS,
    ),
    steps=(),
)


def parsed(name: str, raw: object, content: Content = CONTENT, **given: object) -> object:
    return parse_values(content, {name: raw}, **given)[name]


def euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("due", "2026-02-28", "2026-02-28"),
        ("due", "2026-12-31", "2026-12-31"),
        ("due", None, None),
        ("urgent", False, False),
        ("urgent", True, True),
        ("urgent", None, None),
        ("pieces", -5, -5),
        ("share", "1", "1.000"),
        ("cost", euros("0.1"), Money(Decimal("0.10"), "EUR")),
        ("iban", "DE89", "DE89"),
        ("iban", " none ", "none"),
        ("note", "Ä😀!", "Ä😀!"),
        ("items", [], None),
        ("items", [{"account": "4711"}], (Line(1, {"account": "4711"}),)),
        (
            "items",
            [{"line": 7, "account": "1", "debit": None}, {"debit": euros("0"), "on": "2020-01-01"}],
            (
                Line(7, {"account": "1"}),
                Line(8, {"debit": Money(Decimal("0.00"), "EUR"), "on": "2020-01-01"}),
            ),
        ),
    ],
)
def test_a_value_has_one_canonical_form(name: str, raw: object, value: object) -> None:
    found = parsed(name, raw)
    assert found == value
    assert repr(found) == repr(value)


REFUSED = [
    ("due", "2026-02-29", "values.due", "a day of the calendar"),
    ("due", "2026-2-1", "values.due", "a day of the calendar"),
    ("due", "20260201", "values.due", "a day of the calendar"),
    ("due", "2026-02-01T00:00", "values.due", "a day of the calendar"),
    ("due", "", "values.due", "a day of the calendar"),
    ("due", 20260201, "values.due", "a text"),
    ("due", "2025-12-31", "values.due", "at least 2026-01-01"),
    ("due", "2027-01-01", "values.due", "at most 2026-12-31"),
    ("urgent", "true", "values.urgent", "true or false"),
    ("urgent", 1, "values.urgent", "true or false"),
    ("pieces", -6, "values.pieces", "at least -5"),
    ("pieces", 6, "values.pieces", "at most 5"),
    ("share", "1.001", "values.share", "at most 1"),
    ("cost", euros("0.09"), "values.cost", r"at least 0\.10"),
    ("cost", euros("1000.01"), "values.cost", "at most 1000"),
    ("iban", "DE8", "values.iban", "must look like"),
    ("iban", "xDE89", "values.iban", "must look like"),
    ("iban", "nonex", "values.iban", "must look like"),
    ("iban", "DE89\nDE89", "values.iban", "at most 5 characters"),
    ("note", "abcd", "values.note", "at most 3 characters, not 4"),
    ("items", {}, "values.items", "a list of lines"),
    ("items", "x", "values.items", "a list of lines"),
    ("items", [[]], "values.items.0", "a line is an object"),
    ("items", [{}, 5], "values.items.1", "a line is an object"),
    ("items", [{"line": "1"}], "values.items.0.line", "the number of a line is an integer"),
    ("items", [{"line": True}], "values.items.0.line", "the number of a line is an integer"),
    ("items", [{"line": 0}], "values.items.0.line", "no line of this number"),
    ("items", [{"line": 2**53 + 1}], "values.items.0.line", "no line of this number"),
    ("items", [{"line": 2}, {}, {"line": 2}], "values.items.2.line", "line 2 is there twice"),
    ("items", [{}, {"account": "12345"}], "values.items.1.account", "at most 4 characters"),
    ("items", [{"debit": euros("-0.01")}], "values.items.0.debit", "at least 0"),
    ("items", [{"credit": euros("0")}], "values.items.0.credit", r"at least 0\.01"),
    ("items", [{"credit": 5}], "values.items.0.credit", "money is"),
    ("items", [{}] * (MOST_LINES + 1), "values.items", "at most 2000 lines, not 2001"),
]


@pytest.mark.parametrize(("name", "raw", "place", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_a_field_cannot_hold_is_refused_at_its_place(
    name: str, raw: object, place: str, message: str
) -> None:
    with pytest.raises(RefusedError, match=message) as refusal:
        parsed(name, raw)
    assert (refusal.value.reason, refusal.value.place) == (Reason.INVALID, place)


@pytest.mark.parametrize(
    ("row", "place"), [({"nope": 1}, "values.items.0.nope"), ({"No\0": 1}, "values.items.0")]
)
def test_a_field_that_a_line_has_not_is_refused(row: dict[str, object], place: str) -> None:
    with pytest.raises(RefusedError, match="no field of a line is called") as refusal:
        parsed("items", [row])
    assert (refusal.value.reason, refusal.value.place) == (Reason.UNKNOWN_FIELD, place)


def test_lines_together_are_bounded() -> None:
    content = Content(
        (Field("items", FieldKind.LINES, fields=(LineField("a", FieldKind.TEXT),)),), ()
    )
    lines = [{"a": "x" * 10_000}] * (LARGEST_LINES // 10_000 + 1)
    with pytest.raises(RefusedError, match="at most 262144 bytes in all"):
        parsed("items", lines, content)
    assert parsed("items", lines[:-1], content)


def test_fewer_lines_may_be_all_that_a_field_takes() -> None:
    content = Content((replace(ITEMS, most="2"),), ())
    assert parsed("items", [{}, {}], content)
    with pytest.raises(RefusedError, match="at most 2 lines, not 3"):
        parsed("items", [{}] * 3, content)


def test_only_lines_that_are_held_have_numbers() -> None:
    held = {"items": (Line(3, {}), Line(5, {}))}
    kept = parsed("items", [{"line": 5, "account": "1"}, {}, {"line": 3}], held=held)
    assert [line.line for line in kept] == [5, 6, 3]
    for rows, values in (([{"line": 4}], held), ([{"line": 1}], {})):
        with pytest.raises(RefusedError, match="no line of this number"):
            parsed("items", rows, held=values)


#: What somebody does with the lines of a document, one revision after the other: which of those
#: that are there are kept, and how many are added.
REVISIONS = st.lists(st.tuples(st.sets(st.integers(0, 9)), st.integers(0, 3)), max_size=8)


@given(revisions=REVISIONS)
def test_a_number_is_given_once_and_stays_with_its_line(
    revisions: list[tuple[set[int], int]],
) -> None:
    held: dict[str, tuple[Line, ...]] = {}
    given_numbers: dict[str, int] = {}
    ever: set[int] = set()
    for kept, added in revisions:
        there = held.get("items", ())
        rows = [plain(line) for index, line in enumerate(there) if index in kept]
        rows += [{"account": "new"}] * added
        found = parsed("items", rows, held=held, given=given_numbers) or ()
        numbers = [line.line for line in found]
        assert len(set(numbers)) == len(numbers)
        old = [line.line for index, line in enumerate(there) if index in kept]
        assert numbers[: len(old)] == old
        assert not ever & set(numbers[len(old) :])
        ever |= set(numbers)
        held = {"items": found} if found else {}
        given_numbers = lines_given(held, given_numbers)


def test_values_as_json_has_them_are_their_own_canonical_form() -> None:
    raw = {
        "due": "2026-05-01",
        "urgent": False,
        "items": [{"account": "1", "debit": euros("5.5")}, {"on": "2026-05-01"}],
    }
    values = parse_values(CONTENT, raw)
    again = {name: plain(value) for name, value in values.items() if value is not None}
    assert again["items"] == [
        {"line": 1, "account": "1", "debit": euros("5.50")},
        {"line": 2, "on": "2026-05-01"},
    ]
    assert repr(parse_values(CONTENT, again)) == repr(values)


def test_the_order_of_lines_is_part_of_the_revision_and_that_of_cells_is_not() -> None:
    one, two = Line(1, {"account": "1", "on": "2026-01-01"}), Line(2, {})
    swapped = Line(1, {"on": "2026-01-01", "account": "1"})
    assert revision_of({"items": (one, two)}) == revision_of({"items": (swapped, two)})
    assert revision_of({"items": (one, two)}) != revision_of({"items": (two, one)})


def test_the_size_of_values_counts_texts_and_whole_lines() -> None:
    assert size_of({"a": "é", "b": 5, "c": True, "d": Money(Decimal(1), "EUR")}) == 2
    assert size_of({"a": "é", "b": (Line(1, {"x": "é"}),)}) == 2 + len('[{"line":1,"x":"é"}]') + 1


def test_required_fields_of_lines_are_missing_with_their_place() -> None:
    required = replace(CONTENT, fields=(replace(ITEMS, required=True),))
    assert missing_fields(required, {}) == ["items"]
    assert missing_fields(required, {"items": ()}) == ["items"]
    lines = (Line(3, {"account": "1"}), Line(1, {}))
    assert missing_fields(CONTENT, {"items": lines}) == ["items.1.account"]
    assert (
        missing_fields(
            Content((Field("urgent", FieldKind.TRUTH, required=True),), ()), {"urgent": False}
        )
        == []
    )


JOURNAL = replace(
    CONTENT,
    fields=(replace(ITEMS, least="2"), CONTENT.fields[0]),
    rules=(
        Rule(
            'sum(items, debit == null ? money("0") : debit) == '
            'sum(items, credit == null ? money("0") : credit)',
            "debit and credit are equal",
        ),
        Rule("due == null || due >= today", "it is due in the future"),
    ),
)


def journal(*lines: tuple[str, str], due: str | None = None) -> dict[str, object]:
    rows = [
        {"account": "1", "debit": euros(debit), "credit": euros(credit)} for debit, credit in lines
    ]
    return parse_values(JOURNAL, {"items": rows, "due": due})


def test_values_that_every_rule_allows_are_submitted() -> None:
    facts = {"today": date(2026, 3, 1)}
    require_form(JOURNAL, journal(("5", "3"), ("1.10", "3.10")), facts)
    require_form(JOURNAL, journal(due="2026-03-01"), facts)


@pytest.mark.parametrize(
    ("values", "reason", "place", "message"),
    [
        (journal(("5", "3"), ("1", "3.01")), Reason.INVALID, "rules.0", "debit and credit are"),
        (journal(due="2026-02-28"), Reason.INVALID, "rules.1", "due in the future"),
        (journal(("5", "5")), Reason.INVALID, "values.items", "at least 2 lines, not 1"),
        (
            {"items": (Line(1, {}), Line(2, {}))},
            Reason.MISSING_FIELD,
            "values.items.0.account",
            r"items\.0\.account must be filled",
        ),
    ],
)
def test_values_that_a_rule_does_not_allow_are_refused_with_its_words(
    values: dict[str, object], reason: Reason, place: str, message: str
) -> None:
    with pytest.raises(RefusedError, match=message) as refusal:
        require_form(JOURNAL, values, {"today": date(2026, 3, 1)})
    assert (refusal.value.reason, refusal.value.place) == (reason, place)


def test_a_rule_that_cannot_be_told_refuses() -> None:
    with pytest.raises(RefusedError, match="today is not known"):
        require_form(JOURNAL, journal(due="2026-03-01"))


def lines(*columns: LineField, **differing: object) -> Field:
    return Field("items", FieldKind.LINES, fields=columns, **differing)


A_TEXT = LineField("note", FieldKind.TEXT)

WRONG = [
    (Field("today", FieldKind.TEXT), "fields.0.name", "today is a word of conditions"),
    (Field("requester", FieldKind.PERSON), "fields.0.name", "is a word of conditions"),
    (Field("a", FieldKind.TEXT, least="1"), "fields.0.least", "of kind text has no least"),
    (Field("a", FieldKind.TRUTH, most="1"), "fields.0.most", "of kind truth has no most"),
    (Field("a", FieldKind.INTEGER, least="1.5"), "fields.0.least", "is an integer"),
    (Field("a", FieldKind.INTEGER, most=str(2**53 + 1)), "fields.0.most", r"2\*\*53"),
    (Field("a", FieldKind.DECIMAL, least="1.234"), "fields.0.least", "at most 2 decimals"),
    (Field("a", FieldKind.MONEY, most="x"), "fields.0.most", "the value is a number"),
    (Field("a", FieldKind.DATE, least="2026-02-30"), "fields.0.least", "a day of the calendar"),
    (Field("a", FieldKind.INTEGER, least="3", most="2"), "fields.0.most", "less than the least"),
    (Field("a", FieldKind.DATE, least="2026-02-01", most="2026-01-31"), "fields.0.most", "less"),
    (Field("a", FieldKind.INTEGER, longest=3), "fields.0.longest", "has no longest"),
    (Field("a", FieldKind.TEXT, longest=-1), "fields.0.longest", "at most 10000"),
    (Field("a", FieldKind.TEXT, longest=10_001), "fields.0.longest", "at most 10000"),
    (Field("a", FieldKind.TEXT, longest=501, pattern="a"), "fields.0.longest", "at most 500"),
    (Field("a", FieldKind.CHOICE, choices=("a",), pattern="a"), "fields.0.pattern", "no pattern"),
    (Field("a", FieldKind.TEXT, pattern="("), "fields.0.pattern", "is no pattern"),
    (Field("a", FieldKind.TEXT, pattern="a)|(b"), "fields.0.pattern", "is no pattern"),
    (Field("a", FieldKind.TEXT, pattern="(?x)a#"), "fields.0.pattern", "is no pattern"),
    (Field("a", FieldKind.TEXT, pattern="(.{999}){999}"), "fields.0.pattern", "is no pattern"),
    (Field("a", FieldKind.TEXT, pattern="a" * 201), "fields.0.pattern", "at most 200 characters"),
    (Field("a", FieldKind.TEXT, fields=(A_TEXT,)), "fields.0.fields", "has no fields"),
    (lines(), "fields.0.fields", "1 to 20 of these, not 0"),
    (lines(*[A_TEXT] * 21), "fields.0.fields", "1 to 20 of these, not 21"),
    (lines(A_TEXT, A_TEXT), "fields.0.fields.1.name", "note is there twice"),
    (lines(replace(A_TEXT, name="line")), "fields.0.fields.0.name", "the number of each line"),
    (lines(replace(A_TEXT, name="today")), "fields.0.fields.0.name", "a word of conditions"),
    (lines(replace(A_TEXT, pattern="a")), "fields.0.fields.0.pattern", "has no pattern"),
    (lines(replace(A_TEXT, decimals=3)), "fields.0.fields.0.decimals", "has no decimals"),
    (lines(LineField("a", FieldKind.LINES)), "fields.0.fields.0.kind", "no lines within lines"),
    (lines(A_TEXT, most="2001"), "fields.0.most", "0 to 2000 lines"),
    (lines(A_TEXT, least="-1"), "fields.0.least", "0 to 2000 lines"),
    (
        lines(LineField("a", FieldKind.MONEY), LineField("a_currency", FieldKind.TEXT)),
        "fields.0.fields.0.name",
        "conditions call its currency a_currency",
    ),
]


@pytest.mark.parametrize(("field", "place", "message"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_with_a_field_is_found_at_its_place(
    field: Field, place: str, message: str
) -> None:
    found = list(check_form(Content((field,), ())))
    assert any(
        fault.place == place and message.replace("\\", "") in fault.message for fault in found
    ), found


def test_everything_that_is_wrong_is_found_at_once() -> None:
    content = Content(
        tuple(replace(field, name=f"f{n}") for n, (field, *_) in enumerate(WRONG)), ()
    )
    places = {fault.place for fault in check_form(content)}
    for number, (_, place, message) in enumerate(WRONG):
        if "a word of conditions" not in message or "fields.0.fields" in place:
            assert place.replace("fields.0", f"fields.{number}", 1) in places


def test_forms_are_bounded() -> None:
    many = [replace(lines(A_TEXT), name=f"items_{n}") for n in range(4)]
    assert [fault.message for fault in check_form(Content(tuple(many), ()))] == [
        "at most 3 are of kind lines, not 4"
    ]
    many = [Field(f"f{n}", FieldKind.TEXT, pattern="a") for n in range(11)]
    assert [fault.message for fault in check_form(Content(tuple(many), ()))] == [
        "at most 10 have a pattern, not 11"
    ]
    rules = (Rule("true", "why"),) * 21
    (fault,) = check_form(Content((), (), rules=rules))
    assert fault.place == "rules"


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        (Rule("", "why"), "rules.0.condition"),
        (Rule("due", "why"), "rules.0.condition"),
        (Rule("true", " "), "rules.0.message"),
        (Rule("true", "x" * 201), "rules.0.message"),
    ],
)
def test_a_rule_is_a_condition_with_words(rule: Rule, place: str) -> None:
    (fault,) = check_form(replace(CONTENT, rules=(rule,)))
    assert fault.place == place


def test_nothing_is_wrong_with_a_form_that_is_right() -> None:
    assert list(check_form(JOURNAL)) == []
    assert list(check_form(CONTENT)) == []


@pytest.mark.parametrize(
    "fields",
    [
        [Field("a", FieldKind.INTEGER, least="2", most="2")],
        [lines(A_TEXT, least="0", most="2000")],
        [lines(*[replace(A_TEXT, name=f"c{n}") for n in range(20)])],
        [Field(f"f{n}", FieldKind.TEXT, pattern="a" * 200, longest=500) for n in range(10)],
        [replace(lines(A_TEXT), name=f"items_{n}") for n in range(3)],
        [Field("a", FieldKind.TEXT, longest=10_000)],
        [Field("a", FieldKind.DECIMAL, decimals=0), Field("b", FieldKind.MONEY, decimals=6)],
        [Field("count", FieldKind.INTEGER), Field("days", FieldKind.DATE)],
    ],
    ids=range(8),
)
def test_a_form_may_be_as_large_as_its_bounds(fields: list[Field]) -> None:
    assert list(check_form(Content(tuple(fields), (), rules=(Rule("true", "x" * 200),) * 20))) == []
