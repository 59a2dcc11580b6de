"""Conditions, checked and evaluated: by CEL, but for what is asked of all lines (see `loops`)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

import cel

from domain.conditions.cel_text import cel_text, emptiness, loop_variable, variable
from domain.conditions.grammar import parse
from domain.conditions.kinds import (
    FACTS,
    KINDS,
    NULLABLE,
    Fact,
    Kind,
    Result,
    Typed,
    Variable,
    currency_name,
    inside,
    outside,
    variables_of,
)
from domain.conditions.loops import EmptyError, Loop, loop_of
from domain.conditions.tokens import refuse
from domain.errors import Reason, RefusedError
from domain.text import text
from domain.values import Line, Money, Value, plain

#: Characters of a condition, at most. It bounds what an evaluation costs, too.
LONGEST_CONDITION = 2_000
#: Compiled conditions that are kept.
KEPT_PROGRAMS = 512

#: Characters of a value that a refusal repeats, at most.
_LONGEST_SHOWN = 60

_MATCHES = cel.compile("text.matches(pattern)")

TRUTH = frozenset({Kind.TRUTH})
Facts = Mapping[str, Fact]
_Values = Mapping[str, Value | None]


@dataclass(frozen=True)
class _Program:
    compiled: cel.Program
    kind: Kind
    reads: tuple[tuple[str, Kind], ...]
    """The fields that it reads, in the definition's order."""
    facts: tuple[tuple[str, Kind], ...]
    loops: tuple[Loop, ...]


def check_condition(expression: str, fields: tuple[Typed, ...], place: str) -> None:
    """Check that a condition can be evaluated for every document of these fields.

    Raises:
        RefusedError: INVALID, at `place`, with what is wrong.
    """
    check_expression(expression, fields, TRUTH, place)


def check_expression(
    expression: str, fields: tuple[Typed, ...], kinds: Collection[Kind], place: str
) -> Kind:
    """Check that an expression can be evaluated and is of one of these kinds; return its kind.

    Raises:
        RefusedError: INVALID, at `place`, with what is wrong.
    """
    try:
        return _program(expression, fields, frozenset(kinds)).kind
    except RefusedError as refusal:
        raise RefusedError(refusal.reason, refusal.message, place) from None


def holds(
    expression: str, fields: tuple[Typed, ...], values: _Values, facts: Facts | None = None
) -> bool:
    """Tell whether a condition is true of these values, which `parse_values` gave.

    Raises:
        RefusedError: what `evaluate` raises.
    """
    return evaluate(expression, fields, values, TRUTH, facts) is True


def evaluate(
    expression: str,
    fields: tuple[Typed, ...],
    values: _Values,
    kinds: Collection[Kind],
    facts: Facts | None = None,
) -> Result:
    """Return what an expression of one of these kinds is of these values and facts.

    A truth is `bool`, a text `str`, an integer `int`, decimals and amounts `Decimal`, a date
    `date`. A fact that is not given is not known; one that is None, there is none.

    Raises:
        RefusedError: MISSING_FIELD, naming what is empty and the outcome turns on; INVALID for
            overflow, for division by zero, and for what `check_expression` refuses.
    """
    program = _program(expression, fields, frozenset(kinds))
    variables: dict[str, object] = {"length": len}
    for name, kind in program.reads:
        _bind(variables, name, kind, values.get(name))
    for name, kind in program.facts:
        _bind_fact(variables, name, kind, facts or {})
    failures: dict[str, EmptyError | ArithmeticError] = {}
    for number, loop in enumerate(program.loops):
        try:
            outcome = loop.outcome(_lines(values, loop.lines), variables)
        except (EmptyError, ArithmeticError) as failure:
            failures[loop_variable(number)] = failure
        else:
            variables[loop_variable(number)] = outcome
    try:
        return outside(program.kind, program.compiled.execute(variables))
    except (ArithmeticError, RuntimeError) as error:
        shown = _shown(program, values, facts or {})
        raise _refusal(expression, program, failures, error, shown) from error


def _lines(values: _Values, name: str) -> tuple[Line, ...]:
    found = values.get(name)
    return found if isinstance(found, tuple) else ()


def _bind(variables: dict[str, object], name: str, kind: Kind, value: Value | None) -> None:
    """Give CEL a field's variables; what is empty has no value, so that reading it fails."""
    if kind == Kind.LINES:
        return
    if kind == Kind.TEXT:
        variables[variable(name)] = value or ""
        return
    variables[emptiness(name)] = value is None
    if kind == Kind.MONEY:
        currency = value.currency if isinstance(value, Money) else ""
        variables[variable(currency_name(name))] = currency
    if value is not None and not isinstance(value, tuple):
        variables[variable(name)] = inside(kind, value)


def _bind_fact(variables: dict[str, object], name: str, kind: Kind, facts: Facts) -> None:
    """Give CEL a fact; one that is not given has no variable, so that asking for it fails."""
    if name not in facts:
        return
    value = facts[name]
    if kind in NULLABLE:
        variables[emptiness(name)] = value is None
    if kind == Kind.TEXT or value is not None:
        variables[variable(name)] = "" if value is None else inside(kind, value)


def _refusal(
    expression: str,
    program: _Program,
    failures: Mapping[str, EmptyError | ArithmeticError],
    error: Exception,
    shown: str,
) -> RefusedError:
    message = str(error)
    loop, failure = _failed(program, failures, message)
    if isinstance(failure, EmptyError):
        return _empty(expression, program, failure.name, loop, failure.index)
    if failure is None:
        for name, _ in (*program.reads, *program.facts):
            if f"'{variable(name)}'" in message or f"'{emptiness(name)}'" in message:
                return _empty(expression, program, name)
    return RefusedError(
        Reason.INVALID, f"the condition {expression} fails: {failure or error}; {shown}", "values"
    )


def _failed(
    program: _Program, failures: Mapping[str, EmptyError | ArithmeticError], message: str
) -> tuple[Loop | None, EmptyError | ArithmeticError | None]:
    for number, loop in enumerate(program.loops):
        if f"'{loop_variable(number)}'" in message:
            return loop, failures[loop_variable(number)]
    return None, None


def _empty(
    expression: str,
    program: _Program,
    name: str,
    loop: Loop | None = None,
    index: int | None = None,
) -> RefusedError:
    turns = f"the condition {expression} turns on it"
    if index is None and any(name == fact for fact, _ in program.facts):
        return RefusedError(Reason.MISSING_FIELD, f"{name} is not known: {turns}", name)
    path = name if loop is None or index is None else f"{loop.lines}.{index}.{name}"
    return RefusedError(Reason.MISSING_FIELD, f"{path} must be filled: {turns}", f"values.{path}")


def _shown(program: _Program, values: _Values, facts: Facts) -> str:
    """Return what the condition read, for people."""
    read = {name: _value_shown(values.get(name)) for name, _ in program.reads}
    known = {name: str(facts.get(name)) for name, _ in program.facts}
    return ", ".join(f"{name} is {value}" for name, value in {**read, **known}.items())


def _value_shown(value: Value | None) -> str:
    if isinstance(value, Money):
        return f"{value.amount} {value.currency}"
    if isinstance(value, tuple):
        return f"{len(value)} lines"
    return "empty" if value is None else str(plain(value))[:_LONGEST_SHOWN]


@lru_cache(maxsize=KEPT_PROGRAMS)
def _program(expression: str, fields: tuple[Typed, ...], kinds: frozenset[Kind]) -> _Program:
    if len(expression) > LONGEST_CONDITION:
        refuse(f"a condition has at most {LONGEST_CONDITION} characters, not {len(expression)}")
    text(expression, "")
    of_fields = variables_of(fields)
    known = {name: Variable(kind) for name, kind in FACTS.items()}
    condition = parse(expression, {**known, **of_fields}, kinds)
    for pattern in condition.patterns:
        check_pattern(pattern)
    written, loops = cel_text(condition.tree)
    return _Program(
        compiled=cel.compile(written),
        kind=condition.tree.kind,
        reads=tuple(
            (field.name, KINDS[field.kind]) for field in fields if field.name in condition.names
        ),
        facts=tuple(
            (name, kind)
            for name, kind in FACTS.items()
            if name in condition.names and name not in of_fields
        ),
        loops=tuple(loop_of(part) for part in loops),
    )


def check_pattern(pattern: str) -> None:
    """Check that a pattern can be matched.

    Raises:
        RefusedError: INVALID, without a place.
    """
    try:
        matches(pattern, "")
    except RuntimeError:
        refuse(f"{pattern} is no pattern that can be matched")


def matches(pattern: str, found: str) -> bool:
    """Tell whether a text has the pattern anywhere, in time that grows with the text alone."""
    return _MATCHES.execute({"text": found, "pattern": pattern}) is True
