"""Field values: the canonical form of what is sent, and what is refused."""

from decimal import Decimal

import pytest
from hypothesis import given

from domain.definition.content import Content, Field, FieldKind
from domain.definition.fields import missing_fields, parse_values
from domain.errors import Reason, RefusedError
from domain.names import is_login, is_name
from domain.values import Money, plain
from tests.strategies import CONTENT as DRAWN
from tests.strategies import raw_values

CONTENT = Content(
    fields=(
        Field("title", FieldKind.TEXT, required=True),
        Field("kind", FieldKind.CHOICE, choices=("goods", "travel"), required=True),
        Field("buyer", FieldKind.PERSON),
        Field("desk", FieldKind.ROLE),
        Field("days", FieldKind.INTEGER, required=True),
        Field("share", FieldKind.DECIMAL, decimals=3),
        Field("count", FieldKind.DECIMAL, decimals=0),
        Field("cost", FieldKind.MONEY, required=True),
    ),
    steps=(),
)


def parsed(name: str, raw: object) -> object:
    return parse_values(CONTENT, {name: raw})[name]


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("title", " A chair\n", "A chair"),
        ("title", "  \t", None),
        ("title", "", None),
        ("title", None, None),
        ("title", "x" * 10_000, "x" * 10_000),
        ("kind", "travel", "travel"),
        ("buyer", "ann.b-c_9", "ann.b-c_9"),
        ("desk", "buying_desk", "buying_desk"),
        ("days", 0, 0),
        ("days", 2**53, 2**53),
        ("days", -(2**53), -(2**53)),
        ("days", None, None),
        ("share", "2.5", "2.500"),
        ("share", "-0", "0.000"),
        ("share", "-0.001", "-0.001"),
        ("share", "007.5", "7.500"),
        ("share", 7, "7.000"),
        ("share", -7, "-7.000"),
        ("share", "999999999999.999", "999999999999.999"),
        ("count", "12", "12"),
        ("count", 0, "0"),
        ("cost", {"amount": "0.5", "currency": "EUR"}, Money(Decimal("0.50"), "EUR")),
        ("cost", {"amount": -5, "currency": "JPY"}, Money(Decimal("-5.00"), "JPY")),
        ("cost", {"amount": "-0.00", "currency": "EUR"}, Money(Decimal("0.00"), "EUR")),
        ("cost", None, None),
    ],
)
def test_a_value_has_one_canonical_form(name: str, raw: object, value: object) -> None:
    found = parsed(name, raw)
    assert found == value
    assert repr(found) == repr(value)  # Decimal("5.0") == Decimal("5.00") == 5


@given(raw=raw_values())
def test_a_canonical_value_is_its_own_canonical_form(raw: dict[str, object]) -> None:
    values = parse_values(DRAWN, raw)
    again = {name: None if value is None else plain(value) for name, value in values.items()}
    assert repr(parse_values(DRAWN, again)) == repr(values)


MONEY = {"amount": "1.00", "currency": "EUR"}


REFUSED = [
    ("title", 5, "values.title", "a text"),
    ("title", ["x"], "values.title", "a text"),
    ("title", "x" * 10_001, "values.title", "at most 10000"),
    ("title", "a\0b", "values.title", "a character that cannot be"),
    ("title", "a\ud800b", "values.title", "a character that cannot be"),
    ("kind", "hotel", "values.kind", "one of goods, travel"),
    ("kind", "", "values.kind", "one of goods, travel"),
    ("kind", 1, "values.kind", "one of goods, travel"),
    ("buyer", "Ann", "values.buyer", "a person is given by the login"),
    ("buyer", "system", "values.buyer", "a person is given by the login"),
    ("buyer", 7, "values.buyer", "a text"),
    ("desk", "a-b", "values.desk", "a role is"),
    ("desk", object(), "values.desk", "a text"),
    ("days", True, "values.days", "an integer"),
    ("days", "7", "values.days", "an integer"),
    ("days", 7.0, "values.days", "an integer"),
    ("days", 2**53 + 1, "values.days", "an integer from"),
    ("days", 10**5000, "values.days", "an integer from"),
    ("share", 2.5, "values.share", "send the number as text"),
    ("share", True, "values.share", "a text"),
    ("share", {}, "values.share", "a text"),
    ("share", "2.5001", "values.share", "at most 3 decimals"),
    ("share", "2.5000", "values.share", "at most 3 decimals"),
    ("share", "1000000000000", "values.share", "at most 12 digits"),
    ("share", 10**12, "values.share", "at most 12 digits"),
    ("share", -(10**5000), "values.share", "at most 12 digits"),
    ("share", "1" * 41, "values.share", "at most 40 characters"),
    ("share", "", "values.share", "the value is a number"),
    ("share", "1e3", "values.share", "the value is a number"),
    ("share", "+1", "values.share", "the value is a number"),
    ("share", " 1", "values.share", "the value is a number"),
    ("share", "1\n", "values.share", "the value is a number"),
    ("share", "1.", "values.share", "the value is a number"),
    ("share", ".5", "values.share", "the value is a number"),
    ("share", "1,5", "values.share", "the value is a number"),
    ("share", "1_0", "values.share", "the value is a number"),
    ("share", "٣", "values.share", "the value is a number"),
    ("share", "NaN", "values.share", "the value is a number"),
    ("count", "1.0", "values.count", "at most 0 decimals"),
    ("cost", "5", "values.cost", "money is"),
    ("cost", {"amount": "5"}, "values.cost", "money is"),
    ("cost", {**MONEY, "rate": 1}, "values.cost", "nothing more"),
    ("cost", {**MONEY, "currency": "eur"}, "values.cost.currency", "three capital letters"),
    ("cost", {**MONEY, "currency": "EUR\n"}, "values.cost.currency", "three capital letters"),
    ("cost", {**MONEY, "currency": None}, "values.cost.currency", "three capital letters"),
    ("cost", {**MONEY, "amount": 1.5}, "values.cost.amount", "send the number as text"),
    ("cost", {**MONEY, "amount": None}, "values.cost.amount", "a text"),
    ("cost", {**MONEY, "amount": "1.001"}, "values.cost.amount", "at most 2 decimals"),
]


@pytest.mark.parametrize(("name", "raw", "place", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_a_field_cannot_hold_is_refused_at_its_place(
    name: str, raw: object, place: str, message: str
) -> None:
    with pytest.raises(RefusedError, match=message) as refusal:
        parsed(name, raw)
    assert refusal.value.reason == Reason.INVALID
    assert refusal.value.place == place


@pytest.mark.parametrize(
    ("name", "place"), [("nope", "values.nope"), ("No\ud800", "values"), ("x" * 9999, "values")]
)
def test_an_unknown_field_is_refused_and_no_odd_name_is_repeated(name: str, place: str) -> None:
    with pytest.raises(RefusedError, match="no field is called") as refusal:
        parsed(name, "x")
    assert refusal.value.reason == Reason.UNKNOWN_FIELD
    assert refusal.value.place == place
    assert refusal.value.message.isascii()
    assert len(refusal.value.message) < 80


def test_the_caller_says_where_the_values_are() -> None:
    with pytest.raises(RefusedError) as refusal:
        parse_values(CONTENT, {"cost": {**MONEY, "currency": "E"}}, "rows.3")
    assert refusal.value.place == "rows.3.cost.currency"


def test_required_fields_that_are_empty_are_listed_in_the_definitions_order() -> None:
    assert missing_fields(CONTENT, {}) == ["title", "kind", "days", "cost"]
    assert missing_fields(CONTENT, {"days": 0, "title": None, "kind": "goods"}) == ["title", "cost"]
    filled = parse_values(CONTENT, {"title": "x", "kind": "goods", "days": 0, "cost": MONEY})
    assert missing_fields(CONTENT, filled) == []


@pytest.mark.parametrize("text", ["a", "a1_", "z" * 40])
def test_a_name_is_lower_case_and_bounded(text: str) -> None:
    assert is_name(text)
    assert is_login(text)


@pytest.mark.parametrize("text", ["", "A", "1a", "_a", "a b", "a\n", "é", "aé", "z" * 41, "a٣"])
def test_what_is_no_name_is_no_login_either(text: str) -> None:
    assert not is_name(text)
    assert not is_login(text)


def test_logins_may_hold_points_and_hyphens_and_are_not_the_systems() -> None:
    assert is_login("a.b-c")
    assert not is_name("a.b")
    assert not is_name("a-b")
    assert not is_login("system")
