"""People of the directory: given what happened, when this is asked, then that, or a refusal."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest

from domain.actor import SYSTEM, Actor, Circumstances
from domain.definition.content import Content
from domain.definition.events import DefinitionPublished
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
    ManagerAssigned,
    PersonAdded,
    PersonDeactivated,
    PersonReactivated,
    RoleGranted,
    RoleRevoked,
    TokenIssued,
    TokenRevoked,
)
from domain.directory.person import (
    AdminFacts,
    ManagerFacts,
    Person,
    TokenState,
    add_person,
    assign_manager,
    deactivate_person,
    evolve,
    grant_role,
    issue_token,
    reactivate_person,
    revoke_role,
    revoke_token,
)
from domain.errors import Reason, RefusedError
from domain.metadata import Event
from domain.values import Personal

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ADMIN = Circumstances(Actor("root", frozenset({"admin"})), AT)
ANN = Circumstances(Actor("ann", frozenset({"buying", "auditor"})), AT)

ADDED = PersonAdded("ann", Personal("ann", "Ann B."))
HASH = "0a" * 32
ISSUED = TokenIssued("ann", "t1", HASH, None)
ISSUE = IssueToken("ann", token="t2", token_hash=HASH)
BOSS = ManagerFacts(exists=True, chain=("chief", "top"))
ALONE = AdminFacts(others=0)
TWO = AdminFacts(others=1)

Decide = Callable[..., tuple[Event, ...]]


def person_after(*events: Event) -> Person | None:
    return reduce(evolve, events, None)


WHOLE = [
    ([], add_person, AddPerson("ann", " Ann B. "), None, ADDED),
    (
        [],
        add_person,
        AddPerson("ann", "x" * 200),
        None,
        replace(ADDED, name=Personal("ann", "x" * 200)),
    ),
    ([ADDED], grant_role, GrantRole("ann", "buying"), None, RoleGranted("ann", "buying")),
    (
        [ADDED, RoleGranted("ann", "buying")],
        revoke_role,
        RevokeRole("ann", "buying"),
        ALONE,
        RoleRevoked("ann", "buying"),
    ),
    (
        [ADDED, RoleGranted("ann", "admin")],
        revoke_role,
        RevokeRole("ann", "admin"),
        TWO,
        RoleRevoked("ann", "admin"),
    ),
    (
        [ADDED, RoleGranted("ann", "admin"), PersonDeactivated("ann")],
        revoke_role,
        RevokeRole("ann", "admin"),
        ALONE,
        RoleRevoked("ann", "admin"),
    ),
    ([ADDED], assign_manager, AssignManager("ann", "bob"), BOSS, ManagerAssigned("ann", "bob")),
    (
        [ADDED, ManagerAssigned("ann", "bob")],
        assign_manager,
        AssignManager("ann", None),
        ManagerFacts(exists=False, chain=()),
        ManagerAssigned("ann", None),
    ),
    ([ADDED], deactivate_person, DeactivatePerson("ann"), ALONE, PersonDeactivated("ann")),
    (
        [ADDED, RoleGranted("ann", "admin")],
        deactivate_person,
        DeactivatePerson("ann"),
        TWO,
        PersonDeactivated("ann"),
    ),
    (
        [ADDED, PersonDeactivated("ann")],
        reactivate_person,
        ReactivatePerson("ann"),
        None,
        PersonReactivated("ann"),
    ),
    ([ADDED], issue_token, ISSUE, None, TokenIssued("ann", "t2", HASH, None)),
    (
        [ADDED, ISSUED],
        issue_token,
        replace(ISSUE, expires_at=AT + timedelta(microseconds=1), label=" CI "),
        None,
        TokenIssued("ann", "t2", HASH, AT + timedelta(microseconds=1), "CI"),
    ),
    ([ADDED, ISSUED], revoke_token, RevokeToken("ann", "t1"), None, TokenRevoked("ann", "t1")),
]


@pytest.mark.parametrize(
    ("given", "decide", "command", "facts", "event"), WHOLE, ids=range(len(WHOLE))
)
def test_what_an_admin_asks_happens_and_not_twice(
    given: list[Event], decide: Decide, command: PersonCommand, facts: object, event: Event
) -> None:
    state = person_after(*given)
    assert decide(state, command, ADMIN, facts) == (event,)
    after = evolve(state, event)
    assert after != state
    with pytest.raises(RefusedError) as refusal:
        decide(after, command, ADMIN, facts)
    assert refusal.value.reason in {Reason.ALREADY_EXISTS, Reason.NOTHING_CHANGES}


@pytest.mark.parametrize(
    ("given", "decide", "command", "facts", "event"), WHOLE[:-1], ids=range(len(WHOLE) - 1)
)
def test_nobody_else_may_ask_it_not_even_of_themselves(
    given: list[Event], decide: Decide, command: PersonCommand, facts: object, event: Event
) -> None:
    with pytest.raises(RefusedError, match="ann does not hold the role admin") as refusal:
        decide(person_after(*given), command, ANN, facts)
    assert refusal.value.reason == Reason.NOT_ALLOWED


@pytest.mark.parametrize(
    ("decide", "command", "facts"),
    [(decide, command, facts) for given, decide, command, facts, _ in WHOLE if given],
    ids=range(len(WHOLE) - 2),
)
def test_who_is_not_there_is_not_found(
    decide: Decide, command: PersonCommand, facts: object
) -> None:
    with pytest.raises(RefusedError, match="no such person") as refusal:
        decide(None, command, ADMIN, facts)
    assert (refusal.value.reason, refusal.value.place) == (Reason.NOT_FOUND, "login")


ADMINS = [ADDED, RoleGranted("ann", "admin")]
REFUSED = [
    ([], add_person, AddPerson("Ann", "A"), None, (Reason.INVALID, "login")),
    ([], add_person, AddPerson("system", "A"), None, (Reason.INVALID, "login")),
    ([], add_person, AddPerson("ann", "\t "), None, (Reason.MISSING_FIELD, "name")),
    ([], add_person, AddPerson("ann", "x" * 201), None, (Reason.INVALID, "name")),
    ([], add_person, AddPerson("ann", "A\0"), None, (Reason.INVALID, "name")),
    ([ADDED], grant_role, GrantRole("ann", "A role"), None, (Reason.INVALID, "role")),
    ([ADDED], revoke_role, RevokeRole("ann", "admin"), TWO, (Reason.NOTHING_CHANGES, "")),
    (ADMINS, revoke_role, RevokeRole("ann", "admin"), ALONE, (Reason.NOT_ALLOWED, "login")),
    (ADMINS, deactivate_person, DeactivatePerson("ann"), ALONE, (Reason.NOT_ALLOWED, "login")),
    ([ADDED], reactivate_person, ReactivatePerson("ann"), None, (Reason.NOTHING_CHANGES, "")),
    ([ADDED], assign_manager, AssignManager("ann", None), BOSS, (Reason.NOTHING_CHANGES, "")),
    ([ADDED], assign_manager, AssignManager("ann", "ann"), BOSS, (Reason.INVALID, "manager")),
    (
        [ADDED],
        assign_manager,
        AssignManager("ann", "bob"),
        replace(BOSS, exists=False),
        (Reason.NOT_FOUND, "manager"),
    ),
    (
        [ADDED],
        assign_manager,
        AssignManager("ann", "bob"),
        replace(BOSS, chain=("chief", "ann")),
        (Reason.INVALID, "manager"),
    ),
    ([ADDED], issue_token, replace(ISSUE, token=""), None, (Reason.INVALID, "token")),
    ([ADDED], issue_token, replace(ISSUE, token="a b"), None, (Reason.INVALID, "token")),
    ([ADDED], issue_token, replace(ISSUE, token="a" * 65), None, (Reason.INVALID, "token")),
    (
        [ADDED, ISSUED],
        issue_token,
        replace(ISSUE, token="t1"),
        None,
        (Reason.ALREADY_EXISTS, "token"),
    ),
    ([ADDED], issue_token, replace(ISSUE, token_hash=""), None, (Reason.INVALID, "token_hash")),
    (
        [ADDED],
        issue_token,
        replace(ISSUE, token_hash="0A" * 32),
        None,
        (Reason.INVALID, "token_hash"),
    ),
    (
        [ADDED],
        issue_token,
        replace(ISSUE, token_hash=f"{HASH}\n"),
        None,
        (Reason.INVALID, "token_hash"),
    ),
    ([ADDED], issue_token, replace(ISSUE, expires_at=AT), None, (Reason.INVALID, "expires_at")),
    (
        [ADDED],
        issue_token,
        replace(ISSUE, expires_at=datetime(2027, 1, 1)),  # noqa: DTZ001
        None,
        (Reason.INVALID, "expires_at"),
    ),
    ([ADDED], issue_token, replace(ISSUE, label="x" * 201), None, (Reason.INVALID, "label")),
    ([ADDED], revoke_token, RevokeToken("ann", "t9"), None, (Reason.NOT_FOUND, "token")),
]


@pytest.mark.parametrize(
    ("given", "decide", "command", "facts", "refused"), REFUSED, ids=range(len(REFUSED))
)
def test_what_cannot_be_is_refused_at_its_place(
    given: list[Event],
    decide: Decide,
    command: PersonCommand,
    facts: object,
    refused: tuple[Reason, str],
) -> None:
    with pytest.raises(RefusedError) as refusal:
        decide(person_after(*given), command, ADMIN, facts)
    assert (refusal.value.reason, refusal.value.place) == refused


def test_the_system_adds_the_first_admin() -> None:
    circumstances = Circumstances(SYSTEM, AT)
    (added,) = add_person(None, AddPerson("ann", "Ann B."), circumstances)
    (granted,) = grant_role(evolve(None, added), GrantRole("ann", "admin"), circumstances)
    assert person_after(added, granted) == Person("ann", "Ann B.", roles=frozenset({"admin"}))


def test_everybody_may_revoke_a_token_of_their_own() -> None:
    assert revoke_token(person_after(ADDED, ISSUED), RevokeToken("ann", "t1"), ANN) == (
        TokenRevoked("ann", "t1"),
    )


def test_nobody_but_an_admin_revokes_anothers_token() -> None:
    bob = Circumstances(Actor("bob", frozenset({"auditor"})), AT)
    with pytest.raises(RefusedError) as refusal:
        revoke_token(person_after(ADDED, ISSUED), RevokeToken("ann", "t1"), bob)
    assert refusal.value.reason == Reason.NOT_ALLOWED


def test_who_may_not_ask_does_not_learn_who_exists() -> None:
    with pytest.raises(RefusedError) as refusal:
        revoke_token(None, RevokeToken("bob", "t1"), ANN)
    assert refusal.value.reason == Reason.NOT_ALLOWED


def test_a_person_is_what_the_events_add_up_to() -> None:
    person = person_after(
        ADDED,
        RoleGranted("ann", "buying"),
        RoleGranted("ann", "audit"),
        RoleRevoked("ann", "buying"),
        ManagerAssigned("ann", "bob"),
        ISSUED,
        TokenIssued("ann", "t2", HASH, AT, "CI"),
        TokenRevoked("ann", "t1"),
        PersonDeactivated("ann"),
    )
    assert person == Person(
        login="ann",
        name="Ann B.",
        active=False,
        roles=frozenset({"audit"}),
        manager="bob",
        tokens={"t1": TokenState(None, revoked=True), "t2": TokenState(AT)},
    )
    assert evolve(person, PersonReactivated("ann")) == replace(person, active=True)


def test_events_of_another_aggregate_and_out_of_place_are_errors() -> None:
    with pytest.raises(TypeError, match=r"person.deactivated comes before the person was added"):
        evolve(None, PersonDeactivated("ann"))
    published = DefinitionPublished("purchase", 1, Content((), ()), "")
    with pytest.raises(TypeError, match=r"definition.published is no event of a person"):
        evolve(person_after(ADDED), published)


def test_no_hash_of_a_token_shows_in_a_person_or_a_command() -> None:
    assert HASH not in repr(person_after(ADDED, ISSUED))
    assert HASH not in repr(ISSUE)
