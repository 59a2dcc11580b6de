"""What fields may hold: values as JSON has them, checked and brought to their canonical form."""

from collections.abc import Iterator, Mapping

from domain.conditions import Facts, holds
from domain.definition.cells import bound, invalid, read_cell
from domain.definition.content import Content, Field, FieldKind
from domain.definition.lines import read_lines
from domain.errors import Reason, RefusedError
from domain.names import is_name
from domain.values import Line, Value, Values


def parse_values(
    content: Content,
    raw: Mapping[str, object],
    place: str = "values",
    held: Values | None = None,
    given: Mapping[str, int] | None = None,
) -> dict[str, Value | None]:
    """Return the canonical form of each value; None, white space and no lines are empty fields.

    A number is never rounded: one with more decimals than its field has is refused. Text loses
    the white space around it. New lines get numbers above those of the lines that are `held` and
    that were ever `given` (`domain.values.lines_given`), and only lines that are held have one;
    where `held` is None, any number that is sent is taken for one that was given.

    Raises:
        RefusedError: UNKNOWN_FIELD; INVALID for a value that its field cannot hold, at
            `<place>.<field>` or, within money, `<place>.<field>.currency`.
    """
    parsed: dict[str, Value | None] = {}
    for name, value in raw.items():
        field = _known(content, name, place)
        at = f"{place}.{name}"
        if field.kind != FieldKind.LINES or value is None:
            parsed[name] = read_cell(field, value, at)
        else:
            known = None if held is None else _line_numbers(held.get(name))
            parsed[name] = read_lines(field, value, at, known, (given or {}).get(name, 0))
    return parsed


def missing_fields(content: Content, values: Mapping[str, Value | None]) -> list[str]:
    """Return the required fields that are empty, in the definition's order.

    Those of lines are called `items.0.amount`, by the line's index.
    """
    return [name for field in content.fields for name in _missing(field, values.get(field.name))]


def require_form(
    content: Content, values: Mapping[str, Value | None], facts: Facts | None = None
) -> None:
    """Refuse values with which a document cannot be submitted.

    Raises:
        RefusedError: MISSING_FIELD at `values.<field>`; INVALID at `values.<field>` for too few
            lines, at `rules.<n>` for a rule that does not hold; what a rule could not be told.
    """
    for name in missing_fields(content, values):
        raise RefusedError(Reason.MISSING_FIELD, f"{name} must be filled", f"values.{name}")
    for field in content.fields:
        _require_lines(field, values.get(field.name))
    for number, rule in enumerate(content.rules):
        if not holds(rule.condition, content.fields, values, facts):
            raise invalid(rule.message, f"rules.{number}")


def _known(content: Content, name: str, place: str) -> Field:
    field = content.field(name)
    if field is None:
        # What is no name could be anything, so it is not repeated in full.
        at = f"{place}.{name}" if is_name(name) else place
        raise RefusedError(Reason.UNKNOWN_FIELD, f"no field is called {name[:40]!a}", at)
    return field


def _line_numbers(value: Value | None) -> frozenset[int]:
    return frozenset(line.line for line in value) if isinstance(value, tuple) else frozenset()


def _missing(field: Field, value: Value | None) -> Iterator[str]:
    if field.required and (value is None or value in ("", ())):
        yield field.name
    if isinstance(value, tuple):
        required = [column.name for column in field.fields if column.required]
        for index, line in enumerate(value):
            yield from (f"{field.name}.{index}.{name}" for name in required if _lacks(line, name))


def _lacks(line: Line, name: str) -> bool:
    return name not in line.cells


def _require_lines(field: Field, value: Value | None) -> None:
    if field.kind == FieldKind.LINES and field.least:
        least, count = bound(field, field.least, ""), len(value) if isinstance(value, tuple) else 0
        if count and count < least:
            raise invalid(f"there are at least {least} lines, not {count}", f"values.{field.name}")
