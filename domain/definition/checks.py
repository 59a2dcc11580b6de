"""What the content of a definition must be, so that no document meets a flow that cannot run."""

from collections.abc import Iterable, Sequence

from domain.conditions import check_condition
from domain.conditions.program import currency_name
from domain.definition.content import Approver, ApproverKind, Content, Field, FieldKind, Step
from domain.errors import Reason, RefusedError
from domain.names import LOGIN_FORM, NAME_FORM, is_login, is_name
from domain.text import text

MOST_FIELDS = 50
MOST_STEPS = 30
MOST_MILESTONES = 20
MOST_CHOICES = 100
MOST_DECIMALS = 6
#: Characters of a label or a choice, at most.
LONGEST_LABEL = 200

#: Words of CEL (specification, section "Syntax": keywords and RESERVED) and the functions of
#: conditions; a field may be called none of these.
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
_NAMES_SOMEBODY = frozenset({FieldKind.PERSON, FieldKind.ROLE})


def check_content(content: Content) -> None:
    """Check a definition's content wholly.

    Raises:
        RefusedError: INVALID, at the first part that is at fault, such as `fields.0.choices`.
    """
    _check_label(content.label, "label")
    _check_count(content.fields, 0, MOST_FIELDS, "fields")
    _check_count(content.steps, 1, MOST_STEPS, "steps")
    _check_count(content.milestones, 0, MOST_MILESTONES, "milestones")
    _check_names((field.name for field in content.fields), "fields")
    _check_names((step.name for step in content.steps), "steps")
    _check_names((milestone.name for milestone in content.milestones), "milestones")
    for number, field in enumerate(content.fields):
        _check_field(field, content, f"fields.{number}")
    for number, step in enumerate(content.steps):
        _check_step(step, content, f"steps.{number}")
    for number, milestone in enumerate(content.milestones):
        _check_label(milestone.label, f"milestones.{number}.label")
        if not is_name(milestone.role):
            raise _invalid(f"a role is {NAME_FORM}", f"milestones.{number}.role")


def _invalid(message: str, place: str) -> RefusedError:
    return RefusedError(Reason.INVALID, message, place)


def _check_label(label: str, place: str) -> None:
    text(label, place)
    if len(label) > LONGEST_LABEL:
        raise _invalid(f"at most {LONGEST_LABEL} characters, not {len(label)}", place)


def _check_count(parts: Sequence[object], fewest: int, most: int, place: str) -> None:
    if not fewest <= len(parts) <= most:
        raise _invalid(f"a definition has {fewest} to {most} of these, not {len(parts)}", place)


def _check_names(names: Iterable[str], place: str) -> None:
    seen: set[str] = set()
    for number, name in enumerate(names):
        if not is_name(name):
            raise _invalid(f"a name is {NAME_FORM}", f"{place}.{number}.name")
        if name in seen:
            raise _invalid(f"{name} is there twice", f"{place}.{number}.name")
        seen.add(name)


def _check_field(field: Field, content: Content, place: str) -> None:
    if field.name in RESERVED_NAMES:
        raise _invalid(f"{field.name} is a word of conditions", f"{place}.name")
    if field.kind == FieldKind.MONEY and content.field(currency_name(field.name)):
        raise _invalid(
            f"conditions call its currency {currency_name(field.name)}, as another field",
            f"{place}.name",
        )
    _check_label(field.label, f"{place}.label")
    _check_choices(field, f"{place}.choices")
    if field.kind not in _WITH_DECIMALS and field.decimals != Field.decimals:
        raise _invalid(f"a field of kind {field.kind} has no decimals", f"{place}.decimals")
    if not 0 <= field.decimals <= MOST_DECIMALS:
        raise _invalid(f"decimals are 0 to {MOST_DECIMALS}", f"{place}.decimals")


def _check_choices(field: Field, place: str) -> None:
    if field.kind != FieldKind.CHOICE:
        if field.choices:
            raise _invalid(f"a field of kind {field.kind} has no choices", place)
        return
    if not 1 <= len(field.choices) <= MOST_CHOICES:
        raise _invalid(f"there are 1 to {MOST_CHOICES} choices, not {len(field.choices)}", place)
    if len(set(field.choices)) < len(field.choices):
        raise _invalid("a choice is there twice", place)
    for number, choice in enumerate(field.choices):
        _check_label(choice, f"{place}.{number}")
        if not choice or choice != choice.strip():
            raise _invalid("a choice is a text without white space around", f"{place}.{number}")


def _check_step(step: Step, content: Content, place: str) -> None:
    _check_label(step.label, f"{place}.label")
    _check_approver(step.approver, content, f"{place}.approver.name")
    if step.condition:
        check_condition(step.condition, content.fields, f"{place}.condition")


def _check_approver(approver: Approver, content: Content, place: str) -> None:
    """Check whom a step names; what is no person, role or manager is a field."""
    match approver.kind:
        case ApproverKind.PERSON:
            if not is_login(approver.name):
                raise _invalid(f"a person is given by the login: {LOGIN_FORM}", place)
        case ApproverKind.ROLE:
            if not is_name(approver.name):
                raise _invalid(f"a role is {NAME_FORM}", place)
        case ApproverKind.MANAGER:
            if approver.name:
                raise _invalid("the requester's manager has no name here", place)
        case _:
            field = content.field(approver.name)
            if field is None or field.kind not in _NAMES_SOMEBODY:
                raise _invalid("this is no field of kind person or role", place)
