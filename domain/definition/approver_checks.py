"""What an approver of a definition must be: what it names is what its kind can find."""

from collections.abc import Iterator
from dataclasses import fields

from domain.conditions import Kind, check_condition, check_expression
from domain.definition.approvers import Approver, ApproverKind
from domain.definition.content import Content, FieldKind
from domain.definition.wording import check_count, check_label
from domain.errors import findings_of
from domain.findings import Finding
from domain.names import LOGIN_FORM, NAME_FORM, is_login, is_name

MOST_ROWS = 100
#: Managers of a chain, at most: what the directory follows.
MOST_LEVELS = 20
HIGHEST_LEVEL = 1_000
HEAVIEST = 1_000_000

_NAMES_SOMEBODY = frozenset({FieldKind.PERSON, FieldKind.ROLE})

#: What only some kinds have.
_OWN: dict[ApproverKind, frozenset[str]] = {
    ApproverKind.MANAGER: frozenset({"of"}),
    ApproverKind.CHAIN: frozenset({"of", "levels", "up_to_level", "until", "only_last"}),
    ApproverKind.TABLE: frozenset({"rows", "first_row"}),
}
_OF_SOME = frozenset().union(*_OWN.values())
_NAMELESS = frozenset(_OWN)


def check_approver(approver: Approver, content: Content, place: str) -> Iterator[Finding]:
    """Find everything that is wrong with a source of places."""
    yield from _check_name(approver, content, place)
    for field in fields(Approver):
        is_own = field.name not in _OF_SOME or field.name in _OWN.get(approver.kind, ())
        if not is_own and getattr(approver, field.name) != field.default:
            yield Finding(
                f"{place}.{field.name}", f"an approver of kind {approver.kind} has no {field.name}"
            )
    if approver.of and not _is_field(approver.of, content, FieldKind.PERSON):
        yield Finding(f"{place}.of", "this is no field of kind person")
    if approver.condition:
        at = f"{place}.condition"
        yield from findings_of(lambda: check_condition(approver.condition, content.fields, at))
    yield from check_label(approver.group, f"{place}.group")
    if not 1 <= approver.weight <= HEAVIEST:
        yield Finding(f"{place}.weight", f"1 to {HEAVIEST}")
    if approver.kind is ApproverKind.CHAIN:
        yield from _check_chain(approver, content, place)
    if approver.kind is ApproverKind.TABLE:
        yield from _check_rows(approver, content, place)


def _check_name(approver: Approver, content: Content, place: str) -> Iterator[Finding]:
    at = f"{place}.name"
    match approver.kind:
        case ApproverKind.PERSON:
            if not is_login(approver.name):
                yield Finding(at, f"a person is given by the login: {LOGIN_FORM}")
        case ApproverKind.ROLE | ApproverKind.MEMBERS:
            if not is_name(approver.name):
                yield Finding(at, f"a role is {NAME_FORM}")
        case ApproverKind.FIELD:
            if not _is_field(approver.name, content, *_NAMES_SOMEBODY):
                yield Finding(at, "this is no field of kind person or role")
        case ApproverKind.EXPRESSION:
            text = frozenset({Kind.TEXT})
            yield from findings_of(
                lambda: check_expression(approver.name, content.fields, text, at)
            )
        case _:
            if approver.name:
                yield Finding(at, f"an approver of kind {approver.kind} has no name here")


def _check_chain(approver: Approver, content: Content, place: str) -> Iterator[Finding]:
    if not 0 <= approver.levels <= MOST_LEVELS:
        yield Finding(f"{place}.levels", f"0 to {MOST_LEVELS}")
    if not 0 <= approver.up_to_level <= HIGHEST_LEVEL:
        yield Finding(f"{place}.up_to_level", f"0 to {HIGHEST_LEVEL}")
    if approver.until and not _is_field(approver.until, content, FieldKind.MONEY):
        yield Finding(f"{place}.until", "this is no field of kind money")


def _check_rows(approver: Approver, content: Content, place: str) -> Iterator[Finding]:
    yield from check_count(approver.rows, 1, MOST_ROWS, f"{place}.rows", "a table")
    for number, row in enumerate(approver.rows[:MOST_ROWS]):
        at = f"{place}.rows.{number}"
        if row.condition:
            yield from findings_of(
                lambda text=row.condition, at=at: check_condition(  # type: ignore[misc]
                    text, content.fields, f"{at}.condition"
                )
            )
        if row.approver.kind is ApproverKind.TABLE:
            yield Finding(f"{at}.approver", "no table within a table")
        else:
            yield from check_approver(row.approver, content, f"{at}.approver")


def _is_field(name: str, content: Content, *kinds: FieldKind) -> bool:
    field = content.field(name)
    return field is not None and field.kind in kinds
