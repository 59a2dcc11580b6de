"""Conditions over lines, facts and other kinds of outcomes than truth."""

from datetime import date
from decimal import Decimal

import pytest

from domain import conditions
from domain.conditions import Kind, check_expression, evaluate, holds
from domain.definition.content import Field, FieldKind
from domain.errors import Reason, RefusedError
from tests.condition_examples import FACTS, FIELDS, VALUES


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ('sum(items, price) > money("0")', "values.items.1.price"),
        ('all(items, price > money("0"))', "values.items.1.price"),
        ('any(items, weight > decimal("9")) && true', "values.items.0.weight"),
        ("true && any(items, checked == urgent && share > share)", "values.items.0.checked"),
        ('any(items, share > decimal("9"))', "values.share"),
    ],
)
def test_what_is_empty_in_a_line_is_named_with_its_place(expression: str, place: str) -> None:
    values = {name: value for name, value in VALUES.items() if name not in {"share", "urgent"}}
    with pytest.raises(RefusedError, match="must be filled") as refusal:
        holds(expression, FIELDS, values)
    assert (refusal.value.reason, refusal.value.place) == (Reason.MISSING_FIELD, place)


@pytest.mark.parametrize(
    ("expression", "outcome"),
    [
        ('any(items, price > money("12"))', True),
        ('any(items, pieces == -2 || price > money("12"))', True),
        ('all(items, price < money("12"))', False),
        ("any(items, pieces / (pieces - 3) > 0)", True),
    ],
)
def test_a_line_that_cannot_be_told_matters_only_where_no_other_decides(
    expression: str, outcome: bool
) -> None:
    assert holds(expression, FIELDS, VALUES) is outcome


def test_least_and_most_of_no_lines_are_nothing() -> None:
    for function in ("least", "most"):
        with pytest.raises(RefusedError, match="items must be filled") as refusal:
            holds(f"{function}(items, pieces) > 0", FIELDS, {})
        assert refusal.value.place == "values.items"


def test_a_fact_that_was_not_given_is_not_known() -> None:
    for name in conditions.FACTS:
        expression = f'{name} == "ann"' if name in TEXT_FACTS else f"{name} == {name}"
        with pytest.raises(RefusedError, match=f"{name} is not known") as refusal:
            holds(expression, FIELDS, VALUES, {})
        assert (refusal.value.reason, refusal.value.place) == (Reason.MISSING_FIELD, name)


TEXT_FACTS = {"requester", "requester_department"}


def test_a_number_or_a_day_that_there_is_none_of_is_asked_for_by_null() -> None:
    facts = {"requester_level": None, "today": None, "requester_department": None}
    assert holds("requester_level == null && today == null", FIELDS, {}, facts)
    assert holds('requester_department == ""', FIELDS, {}, facts)
    with pytest.raises(RefusedError, match="requester_level is not known"):
        holds("requester_level > 3", FIELDS, {}, facts)


def test_a_field_from_before_there_were_facts_hides_the_fact_of_its_name() -> None:
    fields = (Field("today", FieldKind.TEXT), Field("requester", FieldKind.INTEGER))
    values = {"today": "Monday", "requester": 5}
    assert holds('today == "Monday" && requester == 5', fields, values, FACTS)
    with pytest.raises(RefusedError, match="requester must be filled") as refusal:
        holds("requester == 5", fields, {}, FACTS)
    assert refusal.value.place == "values.requester"


@pytest.mark.parametrize(
    ("expression", "kind", "outcome"),
    [
        ("urgent ? buyer : requester", Kind.TEXT, "ann"),
        ("size(title) * 2", Kind.INTEGER, 26),
        ("count(items)", Kind.INTEGER, 3),
        ('share + decimal("0.000001")', Kind.DECIMAL, Decimal("0.300001")),
        ('cost * decimal("0.001")', Kind.MONEY, Decimal(5)),
        ("urgent ? due : today", Kind.DATE, date(2024, 2, 29)),
        ("days > 3", Kind.TRUTH, True),
    ],
)
def test_an_expression_gives_a_value_of_its_kind(
    expression: str, kind: Kind, outcome: object
) -> None:
    assert check_expression(expression, FIELDS, {kind}, "here") is kind
    found = evaluate(expression, FIELDS, VALUES, {kind}, FACTS)
    assert (found, type(found)) == (outcome, type(outcome))


def test_an_expression_of_another_kind_than_is_wanted_is_refused() -> None:
    with pytest.raises(RefusedError, match="wanted here is a text, this is an integer") as refusal:
        check_expression("days", FIELDS, {Kind.TEXT}, "steps.0.approvers.0.name")
    assert refusal.value.place == "steps.0.approvers.0.name"
    assert check_expression("days", FIELDS, {Kind.TEXT, Kind.INTEGER}, "") is Kind.INTEGER


@pytest.mark.parametrize(
    "expression",
    [
        "sum(items, 9007199254740992 * 9007199254740992) > 0",
        "any(items, pieces / 0 > 1)",
        "count(items, pieces % 0 == 1) == 0",
        "sum(items, pieces * 4611686018427387 * 1000) < 0",
    ],
)
def test_what_cannot_be_computed_of_the_lines_is_refused(expression: str) -> None:
    with pytest.raises(RefusedError, match=r"the condition .* fails: .*; items is 3 lines$"):
        holds(expression, FIELDS, VALUES)


def test_within_lines_nothing_overflows_but_the_outcome() -> None:
    assert holds("sum(items, pieces * 9007199254740992 / 9007199254740992) == 8", FIELDS, VALUES)
    assert holds(
        "all(items, 9007199254740992 * 9007199254740992 * 9007199254740992 > pieces)",
        FIELDS,
        VALUES,
    )
