"""The view of people: who they are, which roles they hold, which tokens stand for them."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.directory.events import (
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
)
from domain.metadata import Event, Recorded
from domain.notices import NoticeKind
from projections.base import Cell, Column, Kind, Row, Rows, Table

PERSON = Table(
    "person",
    (
        Column("login", Kind.KEY),
        Column("name", Kind.TEXT),
        Column("active", Kind.BOOLEAN),
        Column("manager", Kind.KEY, optional=True),
        Column("roles", Kind.JSON),
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

Changes = Mapping[str, Cell]


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
        case _:
            pass


def _change_mailing(rows: Rows, login: str, changes: Changes) -> None:
    before = rows.get(MAILING, (login,)) or usual_mailing(login)
    rows.put(MAILING, {**before, **changes})


def usual_mailing(login: str) -> Row:
    """Return what holds for a person who never said anything."""
    return {"login": login, "address": None, **dict.fromkeys(map(str, NoticeKind), True)}
