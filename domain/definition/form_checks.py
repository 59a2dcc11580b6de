"""What the fields and the rules of a definition must be."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from domain.conditions import FACTS, check_condition
from domain.conditions.kinds import currency_name
from domain.conditions.program import check_pattern
from domain.definition.cells import LONGEST_MATCHED, bound, whole
from domain.definition.content import Content, Field, FieldKind, LineField, Rule
from domain.definition.lines import MOST_LINES
from domain.definition.wording import check_count, check_label, check_names
from domain.errors import RefusedError, findings_of
from domain.findings import Finding
from domain.text import LONGEST_TEXT
from domain.values import LINE_NUMBER

MOST_FIELDS = 50
MOST_CHOICES = 100
MOST_DECIMALS = 6
MOST_RULES = 20
#: Fields of kind lines, at most: each may be large.
MOST_FIELDS_OF_LINES = 3
#: Fields of each line, at most.
MOST_COLUMNS = 20
#: Fields with a pattern, at most: the worst pattern found takes 0.1 s (cel 0.10.0).
MOST_PATTERNS = 10
#: Characters of a pattern, at most.
LONGEST_PATTERN = 200

#: Words of CEL (specification, section "Syntax": keywords and RESERVED) and the functions of
#: conditions that take a text; a field may be called none of these, nor like a fact. Functions that
#: came later are told from fields by their parentheses.
RESERVED_NAMES = frozenset(
    {
        "as",
        "break",
        "const",
        "continue",
        "else",
        "false",
        "for",
        "function",
        "if",
        "import",
        "in",
        "let",
        "loop",
        "package",
        "namespace",
        "null",
        "return",
        "true",
        "var",
        "void",
        "while",
        "decimal",
        "money",
        "size",
    }
)

_WITH_DECIMALS = frozenset({FieldKind.DECIMAL, FieldKind.MONEY})
_WITH_BOUNDS = _WITH_DECIMALS | {FieldKind.INTEGER, FieldKind.DATE, FieldKind.LINES}


def check_form(content: Content) -> Iterator[Finding]:
    """Find everything that is wrong with the fields and the rules."""
    yield from check_count(content.fields, 0, MOST_FIELDS, "fields")
    looked_at = content.fields[:MOST_FIELDS]
    yield from check_names((field.name for field in looked_at), "fields")
    for number, field in enumerate(looked_at):
        yield from _check_field(field, looked_at, f"fields.{number}")
        yield from _check_lines(field, f"fields.{number}.fields")
    yield from _check_most(looked_at)
    yield from check_count(content.rules, 0, MOST_RULES, "rules")
    for number, rule in enumerate(content.rules[:MOST_RULES]):
        yield from _check_rule(rule, content, f"rules.{number}")


def _check_most(fields: Sequence[Field]) -> Iterator[Finding]:
    of_lines = sum(field.kind == FieldKind.LINES for field in fields)
    if of_lines > MOST_FIELDS_OF_LINES:
        yield Finding("fields", f"at most {MOST_FIELDS_OF_LINES} are of kind lines, not {of_lines}")
    patterns = sum(bool(field.pattern) for field in fields)
    if patterns > MOST_PATTERNS:
        yield Finding("fields", f"at most {MOST_PATTERNS} have a pattern, not {patterns}")


def _check_rule(rule: Rule, content: Content, place: str) -> Iterator[Finding]:
    yield from check_label(rule.message, f"{place}.message")
    if not rule.message.strip():
        yield Finding(f"{place}.message", "a rule says what is wrong where it does not hold")
    at = f"{place}.condition"
    yield from findings_of(lambda: check_condition(rule.condition, content.fields, at))


def _check_field(field: LineField, beside: Sequence[LineField], place: str) -> Iterator[Finding]:
    if field.name in RESERVED_NAMES or field.name in FACTS:
        yield Finding(f"{place}.name", f"{field.name} is a word of conditions")
    currency = currency_name(field.name)
    if field.kind == FieldKind.MONEY and any(other.name == currency for other in beside):
        yield Finding(f"{place}.name", f"conditions call its currency {currency}, as another field")
    yield from check_label(field.label, f"{place}.label")
    yield from _check_choices(field, f"{place}.choices")
    if field.kind not in _WITH_DECIMALS and field.decimals != LineField.decimals:
        yield Finding(f"{place}.decimals", f"a field of kind {field.kind} has no decimals")
    elif not 0 <= field.decimals <= MOST_DECIMALS:
        yield Finding(f"{place}.decimals", f"decimals are 0 to {MOST_DECIMALS}")
    else:
        yield from _check_bounds(field, place)
    yield from _check_text(field, place)


def _check_lines(field: Field, place: str) -> Iterator[Finding]:
    if field.kind != FieldKind.LINES:
        if field.fields:
            yield Finding(place, f"a field of kind {field.kind} has no fields")
        return
    yield from check_count(field.fields, 1, MOST_COLUMNS, place)
    looked_at = field.fields[:MOST_COLUMNS]
    yield from check_names((column.name for column in looked_at), place)
    for number, column in enumerate(looked_at):
        at = f"{place}.{number}"
        yield from _check_field(column, looked_at, at)
        if column.kind == FieldKind.LINES:
            yield Finding(f"{at}.kind", "there are no lines within lines")
        if column.name == LINE_NUMBER:
            yield Finding(f"{at}.name", f"{LINE_NUMBER} is the number of each line")
        if column.pattern:
            yield Finding(f"{at}.pattern", "a field of a line has no pattern: ask by a rule")


def _check_bounds(field: LineField, place: str) -> Iterator[Finding]:
    found: dict[str, Decimal] = {}
    for name, limit in (("least", field.least), ("most", field.most)):
        at = f"{place}.{name}"
        if limit and field.kind not in _WITH_BOUNDS:
            yield Finding(at, f"a field of kind {field.kind} has no {name}")
        elif limit:
            try:
                found[name] = Decimal(bound(field, limit, at))
            except RefusedError as refusal:
                yield from refusal.findings
    if len(found) == len(("least", "most")) and found["least"] > found["most"]:
        yield Finding(f"{place}.most", "the most is less than the least")
    if field.kind == FieldKind.LINES:
        for name, number in found.items():
            if not 0 <= number <= MOST_LINES:
                yield Finding(f"{place}.{name}", f"there are 0 to {MOST_LINES} lines")


def _check_text(field: LineField, place: str) -> Iterator[Finding]:
    if field.kind != FieldKind.TEXT:
        if field.longest:
            yield Finding(f"{place}.longest", f"a field of kind {field.kind} has no longest")
        if field.pattern:
            yield Finding(f"{place}.pattern", f"a field of kind {field.kind} has no pattern")
        return
    most = LONGEST_MATCHED if field.pattern else LONGEST_TEXT
    if not 0 <= field.longest <= most:
        yield Finding(f"{place}.longest", f"a text has at most {most} characters here")
    yield from _check_pattern(field.pattern, f"{place}.pattern")


def _check_pattern(pattern: str, place: str) -> Iterator[Finding]:
    if len(pattern) > LONGEST_PATTERN:
        yield Finding(place, f"a pattern has at most {LONGEST_PATTERN} characters")
    elif pattern:
        try:
            check_pattern(pattern)  # alone as well, for `a)|(b` is one only among others
            check_pattern(whole(pattern))
        except RefusedError as refusal:
            yield Finding(place, refusal.message)


def _check_choices(field: LineField, place: str) -> Iterator[Finding]:
    if field.kind != FieldKind.CHOICE:
        if field.choices:
            yield Finding(place, f"a field of kind {field.kind} has no choices")
        return
    if not 1 <= len(field.choices) <= MOST_CHOICES:
        yield Finding(place, f"there are 1 to {MOST_CHOICES} choices, not {len(field.choices)}")
    looked_at = field.choices[:MOST_CHOICES]
    if len(set(looked_at)) < len(looked_at):
        yield Finding(place, "a choice is there twice")
    for number, choice in enumerate(looked_at):
        yield from check_label(choice, f"{place}.{number}")
        if not choice or choice != choice.strip():
            yield Finding(f"{place}.{number}", "a choice is a text without white space around")
