"""Conditions against an exact model: the same outcome, or both refuse."""

import operator
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from domain.conditions import check_condition, holds
from domain.definition.content import Field, FieldKind, LineField
from domain.definition.fields import parse_values
from domain.errors import Reason, RefusedError
from domain.values import Money, Value
from tests.strategies import (
    CONTENT,
    FIELDS,
    Part,
    UndecidedError,
    conditions,
    decimals,
    raw_values,
)

COMPARISONS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
PAIR = (
    Field("one", FieldKind.DECIMAL, decimals=6),
    Field("two", FieldKind.DECIMAL, decimals=6),
    Field("one_paid", FieldKind.MONEY, decimals=6),
)


@given(sign=st.sampled_from(sorted(COMPARISONS)), one=decimals(), two=decimals(), three=decimals())
@example(sign="==", one="0.1", two="0.2", three="0.3")
@example(sign="<", one="999999999999.999999", two="-0.000001", three="999999999999.999998")
def test_decimals_compare_and_add_as_decimals_do(sign: str, one: str, two: str, three: str) -> None:
    values: dict[str, Value | None] = {
        "one": one,
        "two": two,
        "one_paid": Money(Decimal(one), "EUR"),
    }
    compare = COMPARISONS[sign]
    left, right, bound = Decimal(one), Decimal(two), Decimal(three)
    assert holds(f"one {sign} two", PAIR, values) is compare(left, right)
    assert holds(f'one_paid {sign} money("{two}")', PAIR, values) is compare(left, right)
    assert holds(f'one + two {sign} decimal("{three}")', PAIR, values) is compare(
        left + right, bound
    )
    assert holds(f'one - two {sign} decimal("{three}")', PAIR, values) is compare(
        left - right, bound
    )


@given(condition=conditions(), raw=raw_values())
def test_a_condition_is_what_exact_arithmetic_says(condition: Part, raw: dict[str, object]) -> None:
    expression, meaning = condition
    values = parse_values(CONTENT, raw)
    try:
        check_condition(expression, FIELDS, "condition")
    except RefusedError as refusal:
        assume("at most" not in refusal.message)  # too long, or too many loops
        raise
    try:
        expected = meaning({**_modelled(FIELDS, values), **FACTS})
    except UndecidedError:
        with pytest.raises(RefusedError) as refusal:
            holds(expression, FIELDS, values, FACTS)
        assert refusal.value.reason in {Reason.MISSING_FIELD, Reason.INVALID}
    else:
        assert holds(expression, FIELDS, values, FACTS) is expected


FACTS = {"today": date(2026, 11, 23), "requester": "ann"}


def _modelled(
    fields: tuple[LineField, ...], values: Mapping[str, Value | None]
) -> dict[str, object]:
    modelled: dict[str, object] = {}
    for field in fields:
        value = values.get(field.name)
        if isinstance(value, Money):
            modelled[f"{field.name}_currency"] = value.currency
            value = str(value.amount)
        elif field.kind == FieldKind.MONEY:
            modelled[f"{field.name}_currency"] = ""
        if field.kind in {FieldKind.INTEGER, FieldKind.DECIMAL, FieldKind.MONEY}:
            modelled[field.name] = None if value is None else Fraction(value)
        elif field.kind == FieldKind.DATE:
            modelled[field.name] = None if value is None else date.fromisoformat(value)
        elif field.kind == FieldKind.TRUTH:
            modelled[field.name] = value
        elif isinstance(field, Field) and field.kind == FieldKind.LINES:
            modelled[field.name] = [_modelled(field.fields, line.cells) for line in value or ()]
        else:
            modelled[field.name] = value or ""
    return modelled


def _flat(operands: st.SearchStrategy[str], signs: list[str]) -> st.SearchStrategy[str]:
    more = st.lists(st.tuples(st.sampled_from(signs), operands), max_size=4)
    return st.tuples(operands, more).map(
        lambda found: " ".join([found[0], *(word for pair in found[1] for word in pair)])
    )


SUMS = _flat(st.integers(0, 9).map(str) | st.just("-days"), ["+", "-", "*"])
RELATIONS = st.tuples(SUMS, st.sampled_from(sorted(COMPARISONS)), SUMS).map(" ".join)


@given(expression=_flat(RELATIONS, ["&&", "||"]), days=st.integers(-9, 9))
def test_what_binds_tighter_is_as_in_arithmetic(expression: str, days: int) -> None:
    as_python = expression.replace("&&", "and").replace("||", "or")
    assert holds(expression, FIELDS, {"days": days}) is eval(as_python, {"days": days})


WORDS = [
    *[field.name for field in FIELDS],
    *[
        "cost_currency",
        "true",
        "false",
        "null",
        "in",
        "0",
        "7",
        "9007199254740992",
        '"a"',
        r'r"a+"',
    ],
    *[
        'decimal("2.5")',
        'money("999999999999.999999")',
        "size(",
        "sum(items, ",
        "count(items",
        "any(items, ",
        "most(items, ",
        'date("2026-11-23")',
        "days(due, ",
        "pieces",
        "price",
        "money(",
        ".contains(",
        ".matches(",
    ],
    *["(", ")", "[", "]", ",", "?", ":", "!", "-", "+", "*", "/", "%", "&&", "||"],
    *sorted(COMPARISONS),
]


def _damaged(condition: Part, word: str, begin: int, cut: int) -> str:
    text, _ = condition
    begin %= len(text) + 1
    return f"{text[:begin]}{word}{text[begin + cut :]}"


@given(
    expression=st.builds(
        _damaged,
        conditions(),
        st.sampled_from(WORDS) | st.text(max_size=3),
        st.integers(0, 2_000),
        st.integers(0, 9),
    ),
    raw=raw_values(),
)
def test_whatever_is_written_gives_an_outcome_or_a_refusal(
    expression: str, raw: dict[str, object]
) -> None:
    outcome: object = None
    with suppress(RefusedError):
        check_condition(expression, FIELDS, "condition")
        outcome = holds(expression, FIELDS, parse_values(CONTENT, raw))
    assert outcome in {None, True, False}
