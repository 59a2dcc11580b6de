"""The view of people: who they are, which roles they hold, which tokens stand for them.

What they may decide, and when they are away, is in tables of their own.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from domain.directory.absence import USUAL_ZONE
from domain.directory.absences import begun
from domain.directory.authority import Limit
from domain.directory.events import (
    AbsenceCancelled,
    AbsenceEnded,
    AbsencePlanned,
    AbsenceReported,
    AbsenceTakenOver,
    DepartmentSet,
    LevelSet,
    LimitsSet,
    MailAddressSet,
    ManagerAssigned,
    NoticesSet,
    PersonAdded,
    PersonDeactivated,
    PersonReactivated,
    RoleGranted,
    RoleRevoked,
    TokenIssued,
    TokenRevoked,
    ZoneSet,
)
from domain.metadata import Event, Recorded
from domain.notices import NoticeKind
from projections.base import Cell, Column, Key, Kind, Row, Rows, Table

PERSON = Table(
    "person",
    (
        Column("login", Kind.KEY),
        Column("name", Kind.TEXT),
        Column("active", Kind.BOOLEAN),
        Column("manager", Kind.KEY, optional=True),
        Column("roles", Kind.JSON),
        Column("level", Kind.INTEGER, optional=True),
        Column("department", Kind.TEXT),
        Column("zone", Kind.KEY),
        Column("version", Kind.INTEGER),
        Column("number", Kind.INTEGER),  # the position of its first event: pages go by it
    ),
    key=("login",),
    indexes=(("number",),),
)

ROLE_HOLDER = Table(
    "role_holder",
    (Column("role", Kind.KEY), Column("login", Kind.KEY)),
    key=("role", "login"),
)

TOKEN = Table(
    "token",
    (
        Column("login", Kind.KEY),
        Column("token", Kind.KEY),
        Column("token_hash", Kind.KEY),
        Column("label", Kind.TEXT),
        Column("expires_at", Kind.INSTANT, optional=True),
        Column("revoked", Kind.BOOLEAN),
    ),
    key=("login", "token"),
    indexes=(("token_hash",),),
)

#: Where notices go and which are wanted; who never said anything has no row, and wants all. Apart
#: from the person, for it is not for everybody, and the feed tells nothing of it.
MAILING = Table(
    "mailing",
    (
        Column("login", Kind.KEY),
        Column("address", Kind.TEXT, optional=True),
        *(Column(kind.value, Kind.BOOLEAN) for kind in NoticeKind),
    ),
    key=("login",),
)

#: Up to which amounts people may decide; who has no limit at all may have no row. Apart from the
#: person, for it is not for everybody.
AUTHORITY = Table(
    "authority",
    (Column("login", Kind.KEY), Column("limits", Kind.JSON)),
    key=("login",),
)

#: When people are away, as long as it was not cancelled. Apart from the person, for it is not for
#: everybody, and to find by the substitute.
ABSENCE = Table(
    "absence",
    (
        Column("login", Kind.KEY),
        Column("absence", Kind.KEY),
        Column("first", Kind.KEY, optional=True),  # days in ISO 8601, which sort as days
        Column("last", Kind.KEY, optional=True),
        Column("since", Kind.INSTANT, optional=True),
        Column("substitute", Kind.KEY, optional=True),
        Column("open_tasks", Kind.BOOLEAN),
        Column("definitions", Kind.JSON),
        Column("taken_over", Kind.BOOLEAN),
        Column("ended_at", Kind.INSTANT, optional=True),
    ),
    key=("login", "absence"),
    indexes=(("substitute",),),
)

Changes = Mapping[str, Cell]

_ABSENT = (AbsenceTakenOver, AbsenceEnded)


def reads(event: Any) -> Iterable[tuple[Table, Key]]:  # noqa: ANN401  # a person's
    """Name the rows that `fold` may get."""
    yield PERSON, (event.login,)
    if isinstance(event, TokenRevoked):
        yield TOKEN, (event.login, event.token)
    elif isinstance(event, MailAddressSet | NoticesSet):
        yield MAILING, (event.login,)
    elif isinstance(event, _ABSENT):
        yield ABSENCE, (event.login, event.absence)


def fold(rows: Rows, recorded: Recorded) -> Changes:
    """Change the person's rows, and return what changed of the person."""
    event: Any = recorded.event
    before: Row = rows.get(PERSON, (event.login,)) or {}
    if isinstance(event, PersonAdded):
        changes = _added(recorded, event)
    else:
        change = _CHANGES.get(type(event))
        changes = dict(change(before, event)) if change else {}
    changes["version"] = recorded.version
    rows.put(PERSON, {**before, **changes})
    _fold_others(rows, event)
    return changes


def _added(recorded: Recorded, event: PersonAdded) -> dict[str, Cell]:
    return {
        "login": event.login,
        "name": event.name.value,
        "active": True,
        "manager": None,
        "roles": [],
        "level": None,
        "department": "",
        "zone": USUAL_ZONE,
        "number": recorded.position,
    }


def _roles(row: Row) -> set[str]:
    return set(row["roles"])  # type: ignore[arg-type]  # a JSON array of texts


_CHANGES: Mapping[type[Event], Callable[[Row, Any], Changes]] = {
    RoleGranted: lambda row, event: {"roles": sorted(_roles(row) | {event.role})},
    RoleRevoked: lambda row, event: {"roles": sorted(_roles(row) - {event.role})},
    ManagerAssigned: lambda _, event: {"manager": event.manager},
    PersonDeactivated: lambda _row, _event: {"active": False},
    PersonReactivated: lambda _row, _event: {"active": True},
    LevelSet: lambda _, event: {"level": event.level},
    DepartmentSet: lambda _, event: {"department": event.department},
    ZoneSet: lambda _, event: {"zone": event.zone},
}


def _fold_others(rows: Rows, event: Event) -> None:
    match event:
        case RoleGranted(login, role):
            rows.put(ROLE_HOLDER, {"role": role, "login": login})
        case RoleRevoked(login, role):
            rows.delete(ROLE_HOLDER, (role, login))
        case TokenIssued():
            rows.put(TOKEN, {**vars(event), "revoked": False})
        case TokenRevoked(login, token):
            issued = rows.get(TOKEN, (login, token))
            if issued is not None:
                rows.put(TOKEN, {**issued, "revoked": True})
        case MailAddressSet(login, address):
            _change_mailing(rows, login, {"address": address.value if address else None})
        case NoticesSet(login, notices):
            _change_mailing(rows, login, notices)
        case LimitsSet(login, limits):
            rows.put(AUTHORITY, {"login": login, "limits": [_plain(each) for each in limits]})
        case _:
            _fold_absences(rows, event)


def _fold_absences(rows: Rows, event: Event) -> None:
    match event:
        case AbsencePlanned() | AbsenceReported():
            rows.put(ABSENCE, _absence(event))
        case AbsenceTakenOver(login, absence):
            _change_absence(rows, (login, absence), {"taken_over": True})
        case AbsenceEnded(login, absence, ended_at):
            _change_absence(rows, (login, absence), {"ended_at": ended_at})
        case AbsenceCancelled(login, absence):
            rows.delete(ABSENCE, (login, absence))
        case _:
            pass


def _absence(event: AbsencePlanned | AbsenceReported) -> Row:
    absence = begun(event)
    return {
        "login": event.login,
        "absence": absence.id,
        "first": absence.first.isoformat() if absence.first else None,
        "last": absence.last.isoformat() if absence.last else None,
        "since": absence.since,
        "substitute": absence.substitute,
        "open_tasks": absence.open_tasks,
        "definitions": list(absence.definitions),
        "taken_over": absence.taken_over,
        "ended_at": absence.ended_at,
    }


def _change_absence(rows: Rows, key: Key, changes: Changes) -> None:
    before = rows.get(ABSENCE, key)
    if before is not None:
        rows.put(ABSENCE, {**before, **changes})


def _plain(limit: Limit) -> Changes:
    amount = None if limit.amount is None else f"{limit.amount:f}"
    return {"definition": limit.definition, "currency": limit.currency, "amount": amount}


def _change_mailing(rows: Rows, login: str, changes: Changes) -> None:
    before = rows.get(MAILING, (login,)) or usual_mailing(login)
    rows.put(MAILING, {**before, **changes})


def usual_mailing(login: str) -> Row:
    """Return what holds for a person who never said anything."""
    return {"login": login, "address": None, **dict.fromkeys(map(str, NoticeKind), True)}
