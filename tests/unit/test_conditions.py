"""Conditions: what passes the check, what it means, and what is refused with which words."""

import threading
from decimal import Decimal

import pytest

from domain.conditions import (
    Kind,
    check_condition,
    grammar,
    holds,
    program,
)
from domain.conditions.cel_text import cel_text
from domain.conditions.kinds import Variable
from domain.definition.content import Field, FieldKind
from domain.errors import Reason, RefusedError
from domain.values import Money
from tests.condition_examples import FACTS, FIELDS, VALUES

TRUE = [
    "true",
    "!false",
    "!!true",
    "!(1 == 2)",
    'kind == "travel"',
    "kind == 'travel'",
    'kind != "goods" && buyer == "ann" && desk == "buying"',
    "false || days == 7 || false",
    "true || false && false",
    "days == 007",
    "days == 3 + 2 * 2",
    "days == (3 + 4) * 1",
    "days - 3 - 2 == 2",
    "days - (3 - 2) == 6",
    "days / 2 == 3",
    "-days / 2 == -3",
    "-days % 2 == -1",
    "100 / 5 / 2 == 10",
    "- -days == 7",
    "days > -1",
    "days <= 7 && days < 8",
    'title != "\\U0010ffff"',
    "days in [1, 3 + 4]",
    'kind in ["goods", "travel"]',
    "!(days in [1])",
    'share == decimal("0.1") + decimal("0.2")',
    'share * 2 == decimal("0.6")',
    '3 * share > decimal("0.899999")',
    '-share < decimal("-0.299999")',
    'decimal("-0.000001") < decimal("0")',
    'cost == money("5000")',
    'cost >= money("5000.00") && !(cost > money("5000.00"))',
    'cost + budget == money("0.01")',
    "cost > budget",
    'cost_currency == "EUR" && budget_currency == "USD"',
    "cost != null",
    "!(cost == null)",
    "days == null ? false : days == 7",
    'days > 5 ? kind == "travel" : false',
    "(days > 9 ? 1 : days > 5 ? 2 : 3) == 2",
    "size(title) == 13",
    "size(buyer) == 3",
    'title.startsWith("Ä") && title.endsWith("😀") && title.contains("good")',
    'title.contains("\\"good\\"") && title.contains("\\\\d\\n\\U0001F600")',
    "title.contains(r'\\d') && title.startsWith(\"\\u00c4\")",
    'buyer.matches(r"^[a-z]{3}$")',
    'title > "A" && "2026-01-31" < "2026-02-01"',
    "(days == 7) == true",
    "true != false",
    "  days\n==\t7 \n",
    '(cost > money("1")) && true',
    'cost * quota == money("12500") && quota * cost == quota * 5000 * money("1")',
    'quota * quota == decimal("6.25")',
    'due == date("2024-02-29") && due < date("2024-03-01") && due in [date("2024-02-29")]',
    'days(due, date("2024-03-01")) == 1 && days(today, due) == -1',
    'days(date("0001-01-01"), date("9999-12-31")) == 3652058',
    "urgent && urgent == true && urgent != null && !(urgent == null)",
    'today > due && requester == buyer && requester_level >= 3 && requester_department == ""',
    "requester_level != null",
    "count(items) == 3",
    "count(items, pieces > 0) == 2",
    "sum(items, pieces) == 8",
    'sum(items, price == null ? money("0") : price * pieces) == money("87.80")',
    "least(items, pieces) == -2 && most(items, pieces * 2) == 14",
    'least(items, on == null ? today : on) == date("2024-02-29")',
    'any(items, title == "nail") && !any(items, title == "")  == false',
    'any(items, price > money("12")) && !all(items, price > money("12"))',
    'any(items, price_currency == "USD" && pieces > 6)',
    'all(items, weight == null || weight * 2 == decimal("3"))',
    "all(items, pieces / 2 * 2 + pieces % 2 == pieces)",
    'all(items, -pieces < days && !(requester == "bob"))',
    'count(items, title.startsWith("n") && size(title) in [2 + 2, 5]) == 1',
    'all(items, title.contains("ai") ? true : title.endsWith(""))',
    "count(items, checked == null) == 1 && count(items, on != null) == 1",
    'sum(items, weight == null ? decimal("0") : weight * weight) == decimal("2.25")',
    "any(items, days(due, today) == 1)",
    "sum(items, pieces - 1 - 1 + 2 * 1) == 8",
]


@pytest.mark.parametrize("expression", TRUE)
def test_a_condition_means_what_it_says(expression: str) -> None:
    check_condition(expression, FIELDS, "here")
    assert holds(expression, FIELDS, VALUES, FACTS)
    assert not holds(f"!({expression})", FIELDS, VALUES, FACTS)


REFUSED = [
    ("", "a value is expected at character 1, not the end"),
    ("(", "a value is expected"),
    ("days ==", "a value is expected at character 8, not the end"),
    ("days == 7)", r"the end is expected at character 10, not \)"),
    ("days == 7 7", "the end is expected at character 11, not 7"),
    ("days = 7", "not understood from character 6 on"),
    ("days == #", "not understood from character 9 on"),
    ('kind == "goods', "not understood from character 9 on"),
    ("days < 7 < 9", "the end is expected"),
    ("(days == 7", r"\) is expected at character 11, not the end"),
    ("true ? true", ": is expected"),
    ("title.size() == 3", "startsWith, endsWith, contains or matches is expected"),
    ('title.contains "a"', r"\( is expected"),
    ("cost.amount", "startsWith, endsWith, contains or matches is expected"),
    ("nope == 7", r"no field is called nope \(character 1\)"),
    ("title_currency == 'EUR'", "no field is called title_currency"),
    ("v_days == 7", "no field is called v_days"),
    ("e_days", "no field is called e_days"),
    ("days", "a condition is true or false, this is an integer"),
    ("title", "this is a text"),
    ("now() == 7", "there is no function now"),
    ("has(days)", "there is no function has"),
    ("[1].exists(x, x == 1)", "a value is expected"),
    ("days == 2.5", r'a decimal is written decimal\("2.5"\)'),
    ("days == .5", r'a decimal is written decimal\("2.5"\)'),
    ("days == 1e3", r'a decimal is written decimal\("2.5"\)'),
    ("days == 5u", "5u is no integer"),
    ("days == 0x1F", "0x1F is no integer"),
    ("days == 9007199254740993", r"larger than 2\*\*53"),
    ("days == 99999999999999999999", "is no integer"),
    ("cost > 5000", "both sides of > are of one kind, not an amount of money and an integer"),
    ("share > 1", "not a decimal and an integer"),
    ('share > money("1")', "not a decimal and an amount of money"),
    ("share + 1 > share", "both sides of"),
    ("cost + share > cost", "both sides of"),
    ("cost * cost > cost", "money times money is no money"),
    ("share * cost > cost", "at most 6 decimals, these sides have 6 and 2"),
    ("quota * cost * cost_share > cost", "no field is called cost_share"),
    ("quota * share > share", "these sides have 1 and 6"),
    ('quota * quota * decimal("0.12345") > quota', "these sides have 2 and 5"),
    ("due > 5", "both sides of > are of one kind, not a date and an integer"),
    ("due + 1 > due", "both sides of"),
    ("due + due > due", "each side of . is a number, not a date"),
    ('due == date("2023-02-29")', r'date\("2023-02-29"\) is no day of the calendar'),
    ('due == date("20240229")', "is no day"),
    ('due == date("2024-02-29 ")', "is no day"),
    ("due == date(title)", "date takes a day in quotes"),
    ("days(due) == 1", ", is expected"),
    ("days(due, days) == 1", "the argument of days is a date, not an integer"),
    ("urgent < true", "< does not order true and false"),
    ("items == null", "items is lines: sum, count, any, all, least and most ask"),
    ("count(items)", "a condition is true or false, this is an integer"),
    ("count() == 1", "count takes a field of kind lines first"),
    ("count(title) == 1", "count takes a field of kind lines first"),
    ("sum(pieces, 1) == 1", "sum takes a field of kind lines first"),
    ("sum(items) == 1", ", is expected"),
    ("sum(items, title) == title", "what sum asks of each line is a number, not a text"),
    ("sum(items, on) == today", "a number, not a date"),
    ("count(items, pieces) == 1", "is true or false, not an integer"),
    ("any(items, pieces)", "is true or false, not an integer"),
    ("most(items, title) == title", "a number or a date, not a text"),
    ("any(items, any(items, checked))", "any is not asked of lines within lines"),
    ("any(items, nope)", "no field is called nope"),
    ("pieces == 1", "no field is called pieces"),
    ('any(items, title.matches("a"))', "matches is not asked of every line"),
    ("any(items, title == null)", 'an empty text is ""'),
    ("any(items, price * price > price)", "money times money"),
    (" && ".join(["any(items, checked)"] * 9), "about all lines at most 8 times"),
    ("sum(items, " + "pieces + " * 75 + "1) > 0", "at most 150 words and signs"),
    ("cost / 2 > cost", "multiply the other side instead"),
    ("cost / budget > 2", "multiply the other side instead"),
    ("share % 2 > share", "multiply the other side instead"),
    ("title + title == title", "each side of . is a number, not a text"),
    ("title * 2 == title", r"each side of \* is a number"),
    ("-title == title", "what stands after - is a number"),
    ("!days", "what stands after ! is true or false, not an integer"),
    ("days && true", "each side of && is true or false, not an integer"),
    ("true || days", r"each side of \|\| is true or false"),
    ("days ? true : false", r"what stands before \? is true or false"),
    ("true ? days : title", "both sides of : are of one kind"),
    ("true < false", "< does not order true and false"),
    ("days in [1, title]", "both sides of in are of one kind"),
    ("days in []", "a value is expected"),
    ('days "in" [7]', "the end is expected at character 6, not in"),
    ("days in days", r"\[ is expected"),
    ("days in [1", r"\] is expected"),
    ("title == null", 'an empty text is ""'),
    ("(days) == null", "only a field that is a number"),
    ("cost > null", "null stands only on the right"),
    ("null == cost", "null stands only on the right"),
    ("size(days) == 1", "the argument of size is a text"),
    ("days.startsWith(title)", "what .startsWith is asked of is a text"),
    ("title.contains(days)", "the argument of contains is a text"),
    ("title.matches(buyer)", "matches takes a pattern in quotes"),
    ('title.matches("[")', "is no pattern"),
    ('title.matches("(.{999}){999}")', "is no pattern"),
    (" && ".join(['title.matches("a")'] * 5), "at most 4 patterns"),
    ("cost > money(5)", r'money takes a number in quotes, as money\("2.5"\)'),
    ("cost > money(title)", "money takes a number in quotes"),
    ('cost > money("0.0000001")', "at most 12 digits before the point and 6 after"),
    ('cost > money("1000000000000")', "at most 12 digits"),
    ('cost > money("1e3")', "is no number"),
    ('cost > money(" 1")', "is no number"),
    ('share > decimal("٣")', "is no number"),
    ('share > decimal("NaN")', "is no number"),
    ('title == "\\d"', r"\\d is not known in a text"),
    ('title == "\\ud800"', "a character that cannot be"),
    ('title == "\\U00110000"', "is no character"),
    ("title == '\0'", "a character that cannot be"),
    ("title == '\ud800'", "a character that cannot be"),
    ("true" + " && true" * 300, "at most 2000 characters, not 2404"),
    ("(" * 31 + "true" + ")" * 31, "more than 30 levels"),
    ("!" * 31 + "true", "more than 30 levels"),
    ("true ? true : " * 31 + "true", "more than 30 levels"),
]


@pytest.mark.parametrize(("expression", "message"), REFUSED)
def test_what_cannot_be_meant_is_refused_at_its_place(expression: str, message: str) -> None:
    with pytest.raises(RefusedError, match=message) as refusal:
        check_condition(expression, FIELDS, "steps.2.condition")
    assert refusal.value.reason == Reason.INVALID
    assert refusal.value.place == "steps.2.condition"


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 30 + "true" + ")" * 30,
        "!" * 30 + "true",
        "true ? true : " * 30 + "true",
        "(true ? " * 15 + "true" + " : false)" * 15,
        "-(" * 15 + "days" + ")" * 15 + " != 0",
        "days in [" + "(" * 29 + "7" + ")" * 29 + "]",
        "size(" + "(" * 29 + "buyer" + ")" * 29 + ") == 3",
        "true" + " && true" * 240,
        "days" + " + 1" * 480 + " > 0",
        "1" + "+1" * 900 + " > 0",
        "(quota * " * 5 + "1" + ")" * 5 + ' > decimal("0")',
        'decimal("1") * (' * 30 + "quota" + ")" * 30 + ' > decimal("0")',
        "-(" * 15 + 'quota * decimal("1")' + ")" * 15 + " != quota",
        "sum(items, " + "pieces + " * 74 + "1) > 0",
        "any(items, " + "(" * 29 + "pieces == 7" + ")" * 29 + ")",
        " && ".join(["any(items, checked)"] * 8),
    ],
)
def test_what_the_check_takes_cel_takes_at_the_bounds(expression: str) -> None:
    check_condition(expression, FIELDS, "here")
    assert holds(expression, FIELDS, VALUES)


NUMBERS = [
    "days == 7",
    "days != 7",
    "7 in [days]",
    "share > share",
    "cost < budget",
    "-days < 0",
    'due == date("2024-02-29")',
    "urgent",
    "!urgent",
]


@pytest.mark.parametrize("expression", NUMBERS)
def test_a_condition_that_turns_on_an_empty_number_is_refused(expression: str) -> None:
    with pytest.raises(RefusedError, match="must be filled") as refusal:
        holds(expression, FIELDS, {"days": None})
    assert refusal.value.reason == Reason.MISSING_FIELD
    fields = ("days", "share", "cost", "budget", "due", "urgent")
    assert refusal.value.place in {f"values.{name}" for name in fields}


def test_the_empty_number_that_decides_is_named_not_another() -> None:
    with pytest.raises(RefusedError) as refusal:
        holds("share == null && cost > budget", FIELDS, {"cost": Money(Decimal(1), "EUR")})
    assert refusal.value.place == "values.budget"


@pytest.mark.parametrize(
    ("expression", "outcome"),
    [
        ("cost == null", True),
        ("cost != null && cost > budget", False),
        ("cost > budget && cost != null", False),
        ("days > 5 || true", True),
        ("false ? days > 5 : true", True),
        ('title == "" && kind == "" && buyer == "" && desk == "" && cost_currency == ""', True),
        ("size(title) == 0", True),
        ("due == null && urgent == null", True),
        ("urgent || true", True),
        ("any(items, urgent)", False),
        ("all(items, urgent) && count(items) == 0 && sum(items, pieces) == 0", True),
        ("count(items) > 0 && most(items, pieces) > 0", False),
    ],
)
def test_an_empty_field_matters_only_where_the_outcome_turns_on_it(
    expression: str, outcome: bool
) -> None:
    assert holds(expression, FIELDS, {}) is outcome


@pytest.mark.parametrize(
    "expression",
    [
        "days / (days - 7) == 1",
        "days % 0 == 1",
        "9007199254740992 * 9007199254740992 > 0",
        'money("999999999999") * 10 > cost',
        '-(money("-999999999999") * 9 - money("999999999999")) < cost',
    ],
)
def test_what_cannot_be_computed_is_refused(expression: str) -> None:
    check_condition(expression, FIELDS, "here")
    with pytest.raises(RefusedError, match=r"the condition .* fails") as refusal:
        holds(expression, FIELDS, VALUES)
    assert refusal.value.reason == Reason.INVALID


def test_the_least_integer_is_not_its_own_negative() -> None:
    least = "((0 - 9007199254740992) * 1024)"  # -2**63
    with pytest.raises(RefusedError, match="overflow"):
        holds(f"-{least} < 0", FIELDS, VALUES)


def test_a_refusal_names_the_expression_and_the_values() -> None:
    with pytest.raises(RefusedError) as refusal:
        holds('days / (days - 7) == 1 && title != "" && cost != null', FIELDS, VALUES)
    message = refusal.value.message
    assert 'the condition days / (days - 7) == 1 && title != "" && cost != null fails' in message
    assert "title is Ä" in message
    assert "days is 7, cost is 5000.00 EUR" in message


def test_a_condition_that_was_never_checked_is_refused_at_evaluation() -> None:
    with pytest.raises(RefusedError, match="no field is called gone"):
        holds("gone == 7", FIELDS, VALUES)


def test_every_kind_of_field_has_a_kind_in_conditions() -> None:
    assert set(program.KINDS) == set(FieldKind)


def test_compiled_conditions_are_kept_and_bounded() -> None:
    program._program.cache_clear()
    for number in range(program.KEPT_PROGRAMS + 5):
        holds(f"days > {number}", FIELDS, VALUES)
    assert holds("days > 0", FIELDS, VALUES)
    info = program._program.cache_info()
    assert info.currsize == program.KEPT_PROGRAMS
    assert info.misses == program.KEPT_PROGRAMS + 6


def test_the_same_words_over_other_fields_are_another_condition() -> None:
    assert holds('days == "7"', (Field("days", FieldKind.TEXT),), {"days": "7"})
    assert holds("days == 7", (Field("days", FieldKind.INTEGER),), {"days": 7})
    with pytest.raises(RefusedError, match="one kind"):
        holds("days == 7", (Field("days", FieldKind.TEXT),), {"days": "7"})


def test_a_compiled_condition_serves_every_thread() -> None:
    outcomes: list[bool] = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(holds(TRUE[-1], FIELDS, VALUES)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [True] * 4


def test_cel_is_given_names_that_are_no_words_of_its_own() -> None:
    variables = {name: Variable(Kind.INTEGER) for name in ("type", "int")}
    written, _ = cel_text(grammar.parse("type == int", variables).tree)
    assert written == "v_type == v_int"
