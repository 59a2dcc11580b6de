"""Job levels, departments, limits: given what happened, when this is asked, then that."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import reduce

import pytest

from domain.actor import Actor, Circumstances
from domain.directory.authority import UNLIMITED, Limit, limit
from domain.directory.commands import PersonCommand, SetDepartment, SetLevel, SetLimits
from domain.directory.events import DepartmentSet, LevelSet, LimitsSet, PersonAdded
from domain.directory.facts import (
    MOST_MEMBERS,
    DirectoryFacts,
    PersonFacts,
    members_of,
)
from domain.directory.person import Person, evolve
from domain.directory.ranking import (
    HIGHEST_LEVEL,
    LONGEST_DEPARTMENT,
    MOST_LIMITS,
    set_department,
    set_level,
    set_limits,
)
from domain.errors import Reason, RefusedError
from domain.metadata import Event
from domain.values import Personal
from tests.builders import AT

ADMIN = Circumstances(Actor("root", frozenset({"admin"})), AT)
ANN = Circumstances(Actor("ann", frozenset({"auditor"})), AT)
ADDED = PersonAdded("ann", Personal("ann", "Ann"))

EUR = Limit(Decimal("5000.00"), "EUR")
OF_PURCHASE = Limit(Decimal(100), "EUR", "purchase")
ANY = Limit(None)

Decide = Callable[..., tuple[Event, ...]]


def person_after(*events: Event) -> Person | None:
    return reduce(evolve, events, None)


WHOLE: Sequence[tuple[Decide, PersonCommand, Event]] = [
    (set_level, SetLevel("ann", 0), LevelSet("ann", 0)),
    (set_level, SetLevel("ann", HIGHEST_LEVEL), LevelSet("ann", HIGHEST_LEVEL)),
    (set_department, SetDepartment("ann", " R & D "), DepartmentSet("ann", "R & D")),
    (
        set_department,
        SetDepartment("ann", "x" * LONGEST_DEPARTMENT),
        DepartmentSet("ann", "x" * LONGEST_DEPARTMENT),
    ),
    (set_limits, SetLimits("ann", (ANY,)), LimitsSet("ann", (ANY,))),
    (
        set_limits,
        SetLimits("ann", (OF_PURCHASE, EUR, ANY)),
        LimitsSet("ann", (ANY, EUR, OF_PURCHASE)),
    ),
    (
        set_limits,
        SetLimits("ann", tuple(Limit(Decimal(0), "EUR", f"d{at:03}") for at in range(MOST_LIMITS))),
        LimitsSet("ann", tuple(Limit(Decimal(0), "EUR", f"d{at:03}") for at in range(MOST_LIMITS))),
    ),
]


@pytest.mark.parametrize(("decide", "command", "event"), WHOLE, ids=range(len(WHOLE)))
def test_what_an_admin_says_of_a_person_holds_and_is_said_once(
    decide: Decide, command: PersonCommand, event: Event
) -> None:
    assert decide(person_after(ADDED), command, ADMIN) == (event,)
    after = person_after(ADDED, event)
    for name, value in vars(event).items():
        assert getattr(after, name) == value
    with pytest.raises(RefusedError) as refusal:
        decide(after, command, ADMIN)
    assert refusal.value.reason is Reason.NOTHING_CHANGES


@pytest.mark.parametrize(("decide", "command", "event"), WHOLE, ids=range(len(WHOLE)))
def test_nobody_says_it_of_themselves_or_of_who_is_not_there(
    decide: Decide, command: PersonCommand, event: Event
) -> None:
    for person, by, reason in (
        (person_after(ADDED), ANN, Reason.NOT_ALLOWED),
        (None, ANN, Reason.NOT_ALLOWED),
        (None, ADMIN, Reason.NOT_FOUND),
    ):
        with pytest.raises(RefusedError) as refusal:
            decide(person, command, by)
        assert refusal.value.reason is reason


def test_levels_departments_and_limits_are_taken_back() -> None:
    ranked = person_after(
        ADDED, LevelSet("ann", 4), DepartmentSet("ann", "A"), LimitsSet("ann", (EUR,))
    )
    assert set_level(ranked, SetLevel("ann", None), ADMIN) == (LevelSet("ann", None),)
    assert set_department(ranked, SetDepartment("ann", " "), ADMIN) == (DepartmentSet("ann", ""),)
    assert set_limits(ranked, SetLimits("ann", ()), ADMIN) == (LimitsSet("ann", ()),)
    with pytest.raises(RefusedError):
        set_level(person_after(ADDED), SetLevel("ann", None), ADMIN)


@pytest.mark.parametrize(
    ("decide", "command", "place"),
    [
        (set_level, SetLevel("ann", -1), "level"),
        (set_level, SetLevel("ann", HIGHEST_LEVEL + 1), "level"),
        (set_department, SetDepartment("ann", "x" * (LONGEST_DEPARTMENT + 1)), "department"),
        (set_department, SetDepartment("ann", "a\0"), "department"),
        (set_limits, SetLimits("ann", (EUR, Limit(Decimal(-1), "EUR"))), "limits.1.amount"),
        (set_limits, SetLimits("ann", (Limit(Decimal("NaN"), "EUR"),)), "limits.0.amount"),
        (set_limits, SetLimits("ann", (Limit(UNLIMITED, "EUR"),)), "limits.0.amount"),
        (set_limits, SetLimits("ann", (Limit(Decimal(10) ** 15, "EUR"),)), "limits.0.amount"),
        (set_limits, SetLimits("ann", (Limit(Decimal("1.1234567"), "EUR"),)), "limits.0.amount"),
        (set_limits, SetLimits("ann", (Limit(Decimal(1)),)), "limits.0.currency"),
        (set_limits, SetLimits("ann", (Limit(Decimal(1), "eur"),)), "limits.0.currency"),
        (set_limits, SetLimits("ann", (Limit(None, "E"),)), "limits.0.currency"),
        (set_limits, SetLimits("ann", (Limit(None, "EUR", "A b"),)), "limits.0.definition"),
        (set_limits, SetLimits("ann", (EUR, Limit(None, "EUR"))), "limits.1"),
        (
            set_limits,
            SetLimits("ann", tuple(Limit(None, "EUR", f"d{at}") for at in range(MOST_LIMITS + 1))),
            "limits",
        ),
    ],
)
def test_what_cannot_be_is_refused_at_its_place(
    decide: Decide, command: PersonCommand, place: str
) -> None:
    with pytest.raises(RefusedError) as refusal:
        decide(person_after(ADDED), command, ADMIN)
    assert (refusal.value.reason, refusal.value.place) == (Reason.INVALID, place)


@pytest.mark.parametrize(
    ("limits", "definition", "currency", "found"),
    [
        ((), "purchase", "EUR", None),
        ((EUR,), "purchase", "EUR", Decimal(5000)),
        ((EUR,), "purchase", "USD", None),
        ((EUR, OF_PURCHASE), "purchase", "EUR", Decimal(100)),
        ((EUR, OF_PURCHASE), "travel", "EUR", Decimal(5000)),
        ((OF_PURCHASE,), "travel", "EUR", None),
        ((ANY,), "travel", "USD", UNLIMITED),
        ((ANY, EUR), "travel", "EUR", Decimal(5000)),
        ((EUR, Limit(None, "", "travel")), "travel", "EUR", UNLIMITED),
        ((Limit(None, "EUR"),), "travel", "EUR", UNLIMITED),
        ((Limit(Decimal(0), "EUR", "travel"), ANY), "travel", "EUR", Decimal(0)),
    ],
)
def test_the_limit_that_says_most_exactly_what_it_is_for_counts(
    limits: tuple[Limit, ...], definition: str, currency: str, found: Decimal | None
) -> None:
    person = PersonFacts(active=True, limits=limits)
    assert limit(person, definition, currency) == found
    assert limit(Person("ann", "Ann", limits=limits), definition, currency) == found


def test_no_amount_is_above_who_is_unlimited() -> None:
    assert Decimal("1E+40") <= UNLIMITED


def test_a_role_of_too_many_cannot_be_asked_one_by_one() -> None:
    facts = DirectoryFacts(members={"finance": ("fay", "fin")}, crowded=frozenset({"staff"}))
    assert members_of(facts, "finance") == ("fay", "fin")
    assert members_of(facts, "nobodys") == ()
    with pytest.raises(RefusedError, match=f"more than {MOST_MEMBERS}") as refusal:
        members_of(facts, "staff")
    assert refusal.value.reason is Reason.NO_APPROVER
