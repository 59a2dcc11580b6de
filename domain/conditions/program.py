"""Conditions, checked and evaluated by CEL."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Protocol

import cel

from domain.conditions.grammar import Kind, emptiness, parse, scaled, variable
from domain.conditions.tokens import refuse
from domain.errors import Reason, RefusedError
from domain.text import text
from domain.values import Money, Value

#: Characters of a condition, at most. It bounds what an evaluation costs, too.
LONGEST_CONDITION = 2_000
#: Compiled conditions that are kept.
KEPT_PROGRAMS = 512

#: What a variable of a field of each kind is, by the kind's name.
KINDS: Mapping[str, Kind] = {
    "text": Kind.TEXT,
    "choice": Kind.TEXT,
    "person": Kind.TEXT,
    "role": Kind.TEXT,
    "integer": Kind.INTEGER,
    "decimal": Kind.DECIMAL,
    "money": Kind.MONEY,
}


class Typed(Protocol):
    """A field of a definition, as far as conditions know it: hashable, and never changed."""

    @property
    def name(self) -> str:
        """What conditions call it."""

    @property
    def kind(self) -> str:
        """A key of `KINDS`."""


@dataclass(frozen=True)
class _Program:
    compiled: cel.Program
    kinds: tuple[tuple[str, Kind], ...]
    """The fields that it reads, in the definition's order."""


def currency_name(name: str) -> str:
    """Return what a condition calls the currency of a money field."""
    return f"{name}_currency"


def check_condition(expression: str, fields: tuple[Typed, ...], place: str) -> None:
    """Check that a condition can be evaluated for every document of these fields.

    Raises:
        RefusedError: INVALID, at `place`, with what is wrong.
    """
    try:
        _program(expression, fields)
    except RefusedError as refusal:
        raise RefusedError(refusal.reason, refusal.message, place) from None


def holds(expression: str, fields: tuple[Typed, ...], values: Mapping[str, Value | None]) -> bool:
    """Tell whether a condition is true of these values, which `parse_values` gave.

    Raises:
        RefusedError: MISSING_FIELD, naming the empty number on which the outcome turns; INVALID
            for overflow, for division by zero, and for what `check_condition` refuses.
    """
    program = _program(expression, fields)
    variables: dict[str, object] = {"length": len}
    for name, kind in program.kinds:
        _bind(variables, name, kind, values.get(name))
    try:
        return program.compiled.execute(variables) is True
    except (ArithmeticError, RuntimeError) as error:
        raise _refusal(expression, program, error) from error


def _bind(variables: dict[str, object], name: str, kind: Kind, value: Value | None) -> None:
    """Give CEL a field's variables; an empty number has no value, so that reading it fails."""
    if kind == Kind.TEXT:
        variables[variable(name)] = value or ""
        return
    variables[emptiness(name)] = value is None
    if kind == Kind.MONEY:
        money = value if isinstance(value, Money) else None
        variables[variable(currency_name(name))] = money.currency if money else ""
        value = str(money.amount) if money else None
    if value is not None:
        variables[variable(name)] = value if kind == Kind.INTEGER else scaled(Decimal(str(value)))


def _refusal(expression: str, program: _Program, error: Exception) -> RefusedError:
    for name, _ in program.kinds:
        if f"'{variable(name)}'" in str(error):
            return RefusedError(
                Reason.MISSING_FIELD,
                f"{name} must be filled: the condition {expression} turns on it",
                f"values.{name}",
            )
    return RefusedError(Reason.INVALID, f"the condition {expression} fails: {error}", "values")


@lru_cache(maxsize=KEPT_PROGRAMS)
def _program(expression: str, fields: tuple[Typed, ...]) -> _Program:
    if len(expression) > LONGEST_CONDITION:
        refuse(f"a condition has at most {LONGEST_CONDITION} characters, not {len(expression)}")
    text(expression, "")
    condition = parse(expression, _variables(fields))
    for pattern in condition.patterns:
        _check_pattern(pattern)
    kinds = tuple(
        (field.name, KINDS[field.kind])
        for field in fields
        if {field.name, currency_name(field.name)} & condition.names
    )
    return _Program(cel.compile(condition.cel), kinds)


def _variables(fields: tuple[Typed, ...]) -> dict[str, Kind]:
    kinds = {field.name: KINDS[field.kind] for field in fields}
    currencies = {
        currency_name(name): Kind.TEXT for name, kind in kinds.items() if kind == Kind.MONEY
    }
    return {**kinds, **currencies}


def _check_pattern(pattern: str) -> None:
    try:
        cel.evaluate("text.matches(pattern)", {"text": "", "pattern": pattern})
    except RuntimeError:
        refuse(f"{pattern} is no pattern that can be matched")
