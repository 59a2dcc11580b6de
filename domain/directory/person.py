"""A person: what the events add up to, and what may be asked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.actor import ADMIN, Circumstances
from domain.directory.absence import USUAL_ZONE, Absence
from domain.directory.absences import absences_after
from domain.directory.authority import Limit
from domain.directory.commands import (
    AddPerson,
    AssignManager,
    DeactivatePerson,
    GrantRole,
    IssueToken,
    PersonCommand,
    ReactivatePerson,
    RevokeRole,
    RevokeToken,
)
from domain.directory.events import (
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
from domain.errors import Reason, RefusedError
from domain.metadata import Event
from domain.names import LOGIN_FORM, NAME_FORM, is_login, is_name
from domain.text import required_text, text
from domain.values import Personal

#: Characters of a person's name or a token's label, at most.
LONGEST_NAME = 200

_TOKEN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TOKEN_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class TokenState:
    """What is known of a token here; its hash is the views' business."""

    expires_at: datetime | None
    revoked: bool = False


@dataclass(frozen=True)
class Person:
    """What a person's events add up to."""

    login: str
    name: str
    active: bool = True
    roles: frozenset[str] = frozenset()
    manager: str | None = None
    tokens: Mapping[str, TokenState] = field(default_factory=dict)
    """By public id."""
    address: str | None = None
    """Where notices go; None: nowhere."""
    muted: frozenset[str] = frozenset()
    """The kinds of notices that the person does not want."""
    level: int | None = None
    department: str = ""
    limits: tuple[Limit, ...] = ()
    zone: str = USUAL_ZONE
    absences: Mapping[str, Absence] = field(default_factory=dict)
    """By id, in the order in which they were said; cancelled ones are not there."""


@dataclass(frozen=True)
class ManagerFacts:
    """What the directory knows of a proposed manager; not looked at where nobody is proposed."""

    exists: bool
    chain: tuple[str, ...]
    """The managers above the proposed one, the nearest first."""


@dataclass(frozen=True)
class AdminFacts:
    """What the directory knows of the admins."""

    others: int
    """How many active people beside this one hold the role admin."""


def evolve(person: Person | None, event: Event) -> Person:
    """Return the person after this event.

    Raises:
        TypeError: the event is not a person's, or comes before the person was added.
    """
    if isinstance(event, PersonAdded):
        return Person(event.login, event.name.value)
    if person is None:
        raise TypeError(f"{event.TOPIC} comes before the person was added")
    match event:
        case RoleGranted():
            after = replace(person, roles=person.roles | {event.role})
        case RoleRevoked():
            after = replace(person, roles=person.roles - {event.role})
        case PersonDeactivated() | PersonReactivated():
            after = replace(person, active=isinstance(event, PersonReactivated))
        case TokenIssued():
            after = _with_token(person, event.token, TokenState(event.expires_at))
        case TokenRevoked():
            token = replace(person.tokens[event.token], revoked=True)
            after = _with_token(person, event.token, token)
        case MailAddressSet() | NoticesSet():
            after = _with_mailing(person, event)
        case ManagerAssigned() | LevelSet() | DepartmentSet() | LimitsSet() | ZoneSet():
            after = replace(person, **vars(event))  # a person has what these events say
        case _:
            after = _with_absences(person, event)
    return after


def _with_mailing(person: Person, event: MailAddressSet | NoticesSet) -> Person:
    if isinstance(event, MailAddressSet):
        return replace(person, address=event.address.value if event.address else None)
    off = {kind for kind, wanted in event.notices.items() if not wanted}
    return replace(person, muted=(person.muted - event.notices.keys()) | off)


def _with_absences(person: Person, event: Event) -> Person:
    absences = absences_after(person.absences, event)
    if absences is None:
        raise TypeError(f"{event.TOPIC} is no event of a person")
    return replace(person, absences=absences)


def _with_token(person: Person, token: str, state: TokenState) -> Person:
    return replace(person, tokens={**person.tokens, token: state})


def add_person(
    person: Person | None,
    command: AddPerson,
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001  # every decision has the same four arguments
) -> tuple[Event, ...]:
    """Make a person known, active and without a role.

    Raises:
        RefusedError: NOT_ALLOWED, ALREADY_EXISTS; INVALID or MISSING_FIELD for login or name.
    """
    circumstances.actor.require(ADMIN)
    if not is_login(command.login):
        raise _invalid(f"a login is {LOGIN_FORM}, and not the system's own", "login")
    if person is not None:
        raise RefusedError(Reason.ALREADY_EXISTS, f"{command.login} is there already", "login")
    name = required_text(command.name, "name")
    _check_length(name, "name")
    return (PersonAdded(command.login, Personal(command.login, name)),)


def grant_role(
    person: Person | None,
    command: GrantRole,
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001  # see add_person
) -> tuple[Event, ...]:
    """Let a person hold a role.

    Raises:
        RefusedError: NOT_ALLOWED, NOT_FOUND, INVALID; NOTHING_CHANGES if the person holds it.
    """
    found = managed(person, circumstances)
    if not is_name(command.role):
        raise _invalid(f"a role is {NAME_FORM}", "role")
    if command.role in found.roles:
        raise _nothing_changes(f"{found.login} holds the role {command.role}")
    return (RoleGranted(found.login, command.role),)


def revoke_role(
    person: Person | None, command: RevokeRole, circumstances: Circumstances, facts: AdminFacts
) -> tuple[Event, ...]:
    """Take a role from a person; of the admins that the facts know, one active one remains.

    Raises:
        RefusedError: NOT_ALLOWED, also for the last active admin; NOT_FOUND; NOTHING_CHANGES if
            the person does not hold the role.
    """
    found = managed(person, circumstances)
    if command.role not in found.roles:
        raise _nothing_changes(f"{found.login} does not hold this role")
    if command.role == ADMIN:
        _keep_an_admin(found, facts)
    return (RoleRevoked(found.login, command.role),)


def assign_manager(
    person: Person | None,
    command: AssignManager,
    circumstances: Circumstances,
    facts: ManagerFacts,
) -> tuple[Event, ...]:
    """Say who a person's manager is; nobody is above themselves.

    Raises:
        RefusedError: NOT_ALLOWED; NOT_FOUND for the person or the manager; NOTHING_CHANGES;
            INVALID for a manager who is the person, or below the person.

    A manager who is inactive leaves a vacancy, past which chains of managers lead on.
    """
    found = managed(person, circumstances)
    if command.manager == found.manager:
        raise _nothing_changes(f"{found.login} has this manager")
    if command.manager is not None:
        _check_manager(found, command.manager, facts)
    return (ManagerAssigned(found.login, command.manager),)


def deactivate_person(
    person: Person | None,
    command: DeactivatePerson,  # noqa: ARG001  # see add_person
    circumstances: Circumstances,
    facts: AdminFacts,
) -> tuple[Event, ...]:
    """Let a person no longer act; of the admins that the facts know, one active one remains.

    Raises:
        RefusedError: NOT_ALLOWED, also for the last active admin; NOT_FOUND; NOTHING_CHANGES.
    """
    found = managed(person, circumstances)
    if not found.active:
        raise _nothing_changes(f"{found.login} is inactive")
    if ADMIN in found.roles:
        _keep_an_admin(found, facts)
    return (PersonDeactivated(found.login),)


def reactivate_person(
    person: Person | None,
    command: ReactivatePerson,  # noqa: ARG001  # see add_person
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001
) -> tuple[Event, ...]:
    """Let a person act again, with the roles and tokens that they have.

    Raises:
        RefusedError: NOT_ALLOWED, NOT_FOUND, NOTHING_CHANGES.
    """
    found = managed(person, circumstances)
    if found.active:
        raise _nothing_changes(f"{found.login} is active")
    return (PersonReactivated(found.login),)


def issue_token(
    person: Person | None,
    command: IssueToken,
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001  # see add_person
) -> tuple[Event, ...]:
    """Let whoever has the secret of this hash act as the person, while the person is active.

    Raises:
        RefusedError: NOT_ALLOWED, NOT_FOUND, ALREADY_EXISTS for a token's id; INVALID.
    """
    found = managed(person, circumstances)
    if not _TOKEN_ID.fullmatch(command.token):
        raise _invalid("a token's id is 1 to 64 letters, digits, _ and -", "token")
    if not _TOKEN_HASH.fullmatch(command.token_hash):
        raise _invalid("a token's hash is SHA-256 in 64 hexadecimals", "token_hash")
    if command.token in found.tokens:
        raise RefusedError(Reason.ALREADY_EXISTS, "there is a token of this id", "token")
    _check_expiry(command.expires_at, circumstances.at)
    label = text(command.label, "label")
    _check_length(label, "label")
    return (TokenIssued(found.login, command.token, command.token_hash, command.expires_at, label),)


def revoke_token(
    person: Person | None,
    command: RevokeToken,
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001  # see add_person
) -> tuple[Event, ...]:
    """Make a token void; everybody may do so with their own.

    Raises:
        RefusedError: NOT_ALLOWED; NOT_FOUND for the person or the token; NOTHING_CHANGES.
    """
    found = own(person, command, circumstances)
    token = found.tokens.get(command.token)
    if token is None:
        raise RefusedError(Reason.NOT_FOUND, f"{found.login} has no such token", "token")
    if token.revoked:
        raise _nothing_changes("the token is void")
    return (TokenRevoked(found.login, command.token),)


def _invalid(message: str, place: str) -> RefusedError:
    return RefusedError(Reason.INVALID, message, place)


def _nothing_changes(message: str) -> RefusedError:
    return RefusedError(Reason.NOTHING_CHANGES, f"{message} already")


def managed(person: Person | None, circumstances: Circumstances) -> Person:
    """Return the person, to an admin only; others do not learn who exists.

    Raises:
        RefusedError: NOT_ALLOWED, NOT_FOUND.
    """
    circumstances.actor.require(ADMIN)
    return existing(person)


def own(person: Person | None, command: PersonCommand, circumstances: Circumstances) -> Person:
    """Return the person, to themselves and to admins.

    Raises:
        RefusedError: NOT_ALLOWED, NOT_FOUND.
    """
    if circumstances.actor.login != command.login:
        circumstances.actor.require(ADMIN)
    return existing(person)


def existing(person: Person | None) -> Person:
    """Return the person, if there is one.

    Raises:
        RefusedError: NOT_FOUND.
    """
    if person is None:
        raise RefusedError(Reason.NOT_FOUND, "there is no such person", "login")
    return person


def _keep_an_admin(person: Person, facts: AdminFacts) -> None:
    if person.active and facts.others < 1:
        raise RefusedError(Reason.NOT_ALLOWED, f"{person.login} is the last active admin", "login")


def _check_manager(person: Person, manager: str, facts: ManagerFacts) -> None:
    if manager == person.login:
        raise _invalid("nobody is their own manager", "manager")
    if not facts.exists:
        raise RefusedError(Reason.NOT_FOUND, f"there is no {manager[:40]!a}", "manager")
    if person.login in facts.chain:
        raise _invalid(f"{person.login} is a manager above {manager}", "manager")


def _check_expiry(expires_at: datetime | None, at: datetime) -> None:
    if expires_at is None:
        return
    if expires_at.utcoffset() is None:
        raise _invalid("an instant has a time zone", "expires_at")
    if expires_at <= at:
        raise _invalid("the token would have expired already", "expires_at")


def _check_length(found: str, place: str) -> None:
    if len(found) > LONGEST_NAME:
        raise _invalid(f"at most {LONGEST_NAME} characters, not {len(found)}", place)
