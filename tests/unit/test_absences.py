"""Absences and substitutes: planned, reported, taken over, ended, cancelled, or refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial, reduce

import pytest

from domain.actor import Actor, Circumstances
from domain.directory.absence import Absence, clash, period
from domain.directory.commands import (
    EndAbsence,
    PersonCommand,
    PlanAbsence,
    ReportAbsence,
    SetZone,
    TakeOver,
)
from domain.directory.events import (
    AbsenceCancelled,
    AbsenceEnded,
    AbsencePlanned,
    AbsenceReported,
    AbsenceTakenOver,
    PersonAdded,
    ZoneSet,
)
from domain.directory.facts import PersonFacts
from domain.directory.person import Person, evolve
from domain.directory.planning import (
    LONGEST_DAYS,
    MOST_ABSENCES,
    MOST_DEFINITIONS,
    end_absence,
    is_zone,
    plan_absence,
    report_absence,
    set_zone,
    take_over,
)
from domain.errors import Reason, RefusedError
from domain.metadata import Event
from domain.values import Personal

#: In Amsterdam 1 July 2026, 12:00.
AT = datetime(2026, 7, 1, 10, tzinfo=UTC)
TODAY = date(2026, 7, 1)
DAY = timedelta(days=1)

ROOT = Circumstances(Actor("root", frozenset({"admin"})), AT)
ANN = Circumstances(Actor("ann"), AT)
BOB = Circumstances(Actor("bob", frozenset({"auditor"})), AT)

ADDED = PersonAdded("ann", Personal("ann", "Ann"))
PLANNED = AbsencePlanned("ann", "a1", TODAY + 4 * DAY, TODAY + 8 * DAY, "bob")
REPORTED = AbsenceReported("ann", "u1", AT, "bob")
PLAN = PlanAbsence("ann", "a2", TODAY + 20 * DAY, TODAY + 21 * DAY, "bob")
REPORT = ReportAbsence("ann", "u2", "bob")
THERE = PersonFacts(active=True)


def ann_after(*events: Event) -> Person | None:
    return reduce(evolve, (ADDED, *events), None)


def later(days: float, by: Circumstances = ANN) -> Circumstances:
    return replace(by, at=AT + timedelta(days=days))


def refused(asked: Callable[[], object], reason: Reason, place: str = "") -> str:
    with pytest.raises(RefusedError) as refusal:
        asked()
    assert (refusal.value.reason, refusal.value.place) == (reason, place), refusal.value.message
    return refusal.value.message


# ---- planned


@pytest.mark.parametrize("by", [ANN, ROOT])
def test_a_person_and_an_admin_plan_an_absence(by: Circumstances) -> None:
    command = PlanAbsence("ann", "a1", TODAY, TODAY, "bob", False, ("travel", "leave", "leave"))
    event = AbsencePlanned("ann", "a1", TODAY, TODAY, "bob", False, ("leave", "travel"))
    assert plan_absence(ann_after(), command, by, THERE) == (event,)
    after = ann_after(event)
    assert after
    assert after.absences == {
        "a1": Absence(
            "a1",
            TODAY,
            TODAY,
            substitute="bob",
            open_tasks=False,
            definitions=("leave", "travel"),
        )
    }


def test_an_absence_needs_no_substitute() -> None:
    (event,) = plan_absence(ann_after(), replace(PLAN, substitute=None), ANN, None)
    assert event == AbsencePlanned("ann", "a2", PLAN.first, PLAN.last)


def test_nobody_plans_for_others_and_who_is_not_there_is_not_found() -> None:
    for decide, command in ((plan_absence, PLAN), (report_absence, REPORT)):
        refused(partial(decide, ann_after(), command, BOB, THERE), Reason.NOT_ALLOWED)
        refused(partial(decide, None, command, ROOT, THERE), Reason.NOT_FOUND, "login")
        refused(partial(decide, None, command, BOB, THERE), Reason.NOT_ALLOWED)


@pytest.mark.parametrize(
    ("differing", "place"),
    [
        ({"last": PLAN.first - DAY}, "last"),
        ({"first": TODAY - DAY, "last": TODAY - DAY}, "last"),
        ({"last": PLAN.first + LONGEST_DAYS * DAY}, "last"),
        ({"first": TODAY - 367 * DAY, "last": TODAY}, "first"),
        ({"first": date.min, "last": date.max}, "last"),
        ({"first": date.max, "last": date.max}, "first"),
        ({"substitute": "ann"}, "substitute"),
        ({"absence": "a b"}, "absence"),
        ({"absence": ""}, "absence"),
        ({"definitions": ("purchase", "No name")}, "definitions.1"),
        ({"definitions": tuple(f"d{at}" for at in range(MOST_DEFINITIONS + 1))}, "definitions"),
    ],
)
def test_what_cannot_be_planned_is_refused_at_its_place(
    differing: dict[str, object], place: str
) -> None:
    command = replace(PLAN, **differing)  # type: ignore[arg-type]
    refused(partial(plan_absence, ann_after(), command, ANN, THERE), Reason.INVALID, place)


def test_the_longest_absence_and_the_earliest_are_taken() -> None:
    longest = replace(PLAN, last=PLAN.first + (LONGEST_DAYS - 1) * DAY)
    assert plan_absence(ann_after(), longest, ANN, THERE)
    assert plan_absence(ann_after(), replace(PLAN, first=TODAY - 366 * DAY), ANN, THERE)


def test_today_is_the_persons_own() -> None:
    yesterday = replace(PLAN, first=date(2026, 6, 30), last=date(2026, 6, 30))
    hawaii = ann_after(ZoneSet("ann", "Pacific/Honolulu"))
    assert plan_absence(hawaii, yesterday, replace(ANN, at=AT - timedelta(hours=1)), THERE)
    refused(partial(plan_absence, ann_after(), yesterday, ANN, THERE), Reason.INVALID, "last")


def test_a_substitute_is_there_and_active() -> None:
    for decide, command in ((plan_absence, PLAN), (report_absence, REPORT)):
        refused(partial(decide, ann_after(), command, ANN, None), Reason.NOT_FOUND, "substitute")
        gone = PersonFacts(active=False)
        refused(partial(decide, ann_after(), command, ANN, gone), Reason.INVALID, "substitute")
    own = replace(REPORT, substitute="ann")
    refused(partial(report_absence, ann_after(), own, ANN, THERE), Reason.INVALID, "substitute")


def test_an_id_is_used_once() -> None:
    again = replace(PLAN, absence="a1")
    place = "absence"
    person = ann_after(PLANNED)
    refused(partial(plan_absence, person, again, ANN, THERE), Reason.ALREADY_EXISTS, place)


@pytest.mark.parametrize(
    ("first", "last", "definitions", "fits"),
    [
        (3, 3, (), True),
        (3, 4, (), False),
        (5, 5, (), False),
        (8, 9, (), False),
        (9, 9, (), True),
        (2, 10, (), False),
        (5, 5, ("travel",), False),
    ],
)
def test_days_are_planned_once_for_the_same_definitions(
    first: int, last: int, definitions: tuple[str, ...], *, fits: bool
) -> None:
    person = ann_after(PLANNED)
    days = {"first": TODAY + first * DAY, "last": TODAY + last * DAY}
    command = replace(PLAN, definitions=definitions, **days)  # type: ignore[arg-type]
    if fits:
        assert plan_absence(person, command, ANN, THERE)
        return
    message = refused(partial(plan_absence, person, command, ANN, THERE), Reason.INVALID, "first")
    assert "2026-07-05 to 2026-07-09" in message


def test_other_definitions_have_other_substitutes_on_the_same_days() -> None:
    person = ann_after(replace(PLANNED, definitions=("leave", "travel")))
    for definitions, fits in ((("purchase",), True), (("leave", "purchase"), False), ((), False)):
        command = replace(PLAN, first=PLANNED.first, last=PLANNED.last, definitions=definitions)
        if fits:
            assert plan_absence(person, command, ANN, THERE)
        else:
            refused(partial(plan_absence, person, command, ANN, THERE), Reason.INVALID, "first")


def test_what_is_cancelled_or_over_hinders_nothing() -> None:
    again = replace(PLAN, first=PLANNED.first, last=PLANNED.last)
    assert plan_absence(ann_after(PLANNED, AbsenceCancelled("ann", "a1")), again, ANN, THERE)
    back = AbsenceEnded("ann", "a1", AT + timedelta(days=6))
    assert plan_absence(ann_after(PLANNED, back), again, later(7), THERE)


def test_absences_ahead_are_bounded_but_not_those_that_are_over() -> None:
    ahead = [
        AbsencePlanned("ann", f"n{at}", TODAY + at * DAY, TODAY + at * DAY)
        for at in range(MOST_ABSENCES)
    ]
    command = replace(PLAN, first=TODAY + 500 * DAY, last=TODAY + 500 * DAY)
    person = ann_after(*ahead)
    refused(partial(plan_absence, person, command, ANN, THERE), Reason.INVALID, "absence")
    assert plan_absence(person, command, later(1), THERE)


# ---- circles


def back_to_ann(begin: int, end: int, **differing: object) -> PersonFacts:
    absence = Absence("b1", TODAY + begin * DAY, TODAY + end * DAY, substitute="ann")
    return PersonFacts(active=True, absences=(replace(absence, **differing),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "fits"),
    [
        (back_to_ann(20, 20), False),
        (back_to_ann(21, 30), False),
        (back_to_ann(22, 30), True),
        (back_to_ann(10, 19), True),
        (back_to_ann(20, 20, substitute="eve"), True),
        (back_to_ann(20, 20, substitute=None), True),
        (back_to_ann(20, 20, definitions=("travel",)), False),
        (back_to_ann(20, 20, ended_at=AT), True),
        (back_to_ann(0, 0, first=None, last=None, since=AT), False),
        (back_to_ann(0, 0, first=None, last=None, since=AT, ended_at=AT), True),
    ],
)
def test_two_do_not_stand_in_for_each_other_at_the_same_time(
    facts: PersonFacts, *, fits: bool
) -> None:
    if fits:
        assert plan_absence(ann_after(), PLAN, ANN, facts)
    else:
        place = "substitute"
        refused(partial(plan_absence, ann_after(), PLAN, ANN, facts), Reason.INVALID, place)


def test_for_different_definitions_they_may() -> None:
    facts = back_to_ann(20, 20, definitions=("travel",))
    assert plan_absence(ann_after(), replace(PLAN, definitions=("leave",)), ANN, facts)


def test_the_same_time_is_not_the_same_date_everywhere() -> None:
    """Auckland's 22 July begins at noon of the 21st in UTC."""
    facts = replace(back_to_ann(21, 21), zone="Pacific/Auckland")
    command = replace(PLAN, first=TODAY + 20 * DAY, last=TODAY + 20 * DAY)
    refused(partial(plan_absence, ann_after(), command, ANN, facts), Reason.INVALID, "substitute")
    assert plan_absence(ann_after(), command, ANN, replace(facts, zone="UTC"))


# ---- unplanned


def test_an_unplanned_absence_waits_to_be_taken_over() -> None:
    (event,) = report_absence(ann_after(), REPORT, ANN, THERE)
    assert event == AbsenceReported("ann", "u2", AT, "bob")
    person = ann_after(event)
    assert person
    assert person.absences["u2"] == Absence("u2", since=AT, substitute="bob")
    (taken,) = take_over(person, TakeOver("ann", "u2"), BOB)
    assert taken == AbsenceTakenOver("ann", "u2")
    after = evolve(person, taken)
    assert after.absences["u2"].taken_over
    refused(partial(take_over, after, TakeOver("ann", "u2"), BOB), Reason.NOTHING_CHANGES)


def test_what_is_planned_for_later_hinders_no_unplanned_absence_nor_the_reverse() -> None:
    assert report_absence(ann_after(PLANNED), REPORT, ANN, THERE)
    assert report_absence(ann_after(), REPORT, ANN, back_to_ann(20, 30))
    assert plan_absence(ann_after(REPORTED), PLAN, ANN, THERE)
    refused(
        partial(report_absence, ann_after(REPORTED), REPORT, ANN, THERE), Reason.INVALID, "absence"
    )
    refused(
        partial(report_absence, ann_after(), REPORT, ANN, back_to_ann(0, 0)),
        Reason.INVALID,
        "substitute",
    )


def test_only_the_substitute_and_an_admin_take_over() -> None:
    command = TakeOver("ann", "u1")
    assert take_over(ann_after(REPORTED), command, ROOT)
    refused(partial(take_over, ann_after(REPORTED), command, ANN), Reason.NOT_ALLOWED)
    refused(partial(take_over, None, command, BOB), Reason.NOT_ALLOWED)
    refused(partial(take_over, None, command, ROOT), Reason.NOT_FOUND, "login")
    refused(partial(take_over, ann_after(), command, BOB), Reason.NOT_ALLOWED)
    refused(partial(take_over, ann_after(), command, ROOT), Reason.NOT_FOUND, "absence")
    planned = TakeOver("ann", "a1")
    refused(partial(take_over, ann_after(PLANNED), planned, BOB), Reason.INVALID, "absence")
    ended = ann_after(REPORTED, AbsenceEnded("ann", "u1", AT))
    refused(partial(take_over, ended, command, BOB), Reason.NOTHING_CHANGES)


# ---- ended


@pytest.mark.parametrize(
    ("days", "event"),
    [
        (3.5, AbsenceCancelled("ann", "a1")),
        (4, AbsenceEnded("ann", "a1", AT + timedelta(days=4))),
        (8.5, AbsenceEnded("ann", "a1", AT + timedelta(days=8.5))),
        (9, None),
    ],
)
def test_an_absence_is_cancelled_before_and_ended_within(days: float, event: Event | None) -> None:
    person = ann_after(PLANNED)
    for by in (ANN, ROOT):
        if event is None:
            refused(
                partial(end_absence, person, EndAbsence("ann", "a1"), later(days, by)),
                Reason.NOTHING_CHANGES,
            )
        else:
            assert end_absence(person, EndAbsence("ann", "a1"), later(days, by)) == (event,)


def test_an_unplanned_absence_ends_when_somebody_says_so_and_once() -> None:
    person = ann_after(REPORTED)
    (event,) = end_absence(person, EndAbsence("ann", "u1"), later(40))
    assert event == AbsenceEnded("ann", "u1", AT + timedelta(days=40))
    over = ann_after(REPORTED, event)
    refused(partial(end_absence, over, EndAbsence("ann", "u1"), later(41)), Reason.NOTHING_CHANGES)
    early = ann_after(REPORTED)
    assert end_absence(early, EndAbsence("ann", "u1"), later(-1)) == (
        AbsenceEnded("ann", "u1", AT),
    )


def test_nobody_else_ends_an_absence_and_only_one_that_is_there() -> None:
    command: PersonCommand = EndAbsence("ann", "a1")
    refused(partial(end_absence, ann_after(PLANNED), command, BOB), Reason.NOT_ALLOWED)
    refused(partial(end_absence, ann_after(), command, ANN), Reason.NOT_FOUND, "absence")
    refused(partial(end_absence, None, command, ROOT), Reason.NOT_FOUND, "login")


# ---- time zones


def test_a_person_says_in_whose_days_they_live() -> None:
    command = SetZone("ann", "Europe/Amsterdam")
    assert set_zone(ann_after(), command, ANN) == (ZoneSet("ann", "Europe/Amsterdam"),)
    moved = ann_after(ZoneSet("ann", "Europe/Amsterdam"))
    refused(partial(set_zone, moved, command, ANN), Reason.NOTHING_CHANGES)
    refused(partial(set_zone, ann_after(), command, BOB), Reason.NOT_ALLOWED)
    unknown = SetZone("ann", "Europe/Nowhere")
    refused(partial(set_zone, ann_after(), unknown, ROOT), Reason.INVALID, "zone")


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("UTC", True),
        ("Europe/Amsterdam", True),
        ("America/Argentina/Buenos_Aires", True),
        ("Etc/GMT+5", True),
        ("America/Port-au-Prince", True),
        ("", False),
        ("localtime", False),
        ("posixrules", False),
        ("America/Argentina", False),
        ("Europe/Amsterdam\n", False),
        ("../etc/passwd", False),
        ("/etc/localtime", False),
        ("Europe/../UTC", False),
        ("Europe/" + "x" * 100, False),
    ],
)
def test_zones_are_those_of_regions_and_utc(name: str, *, known: bool) -> None:
    assert is_zone(name) is known


def test_a_day_that_was_skipped_is_no_time_at_all() -> None:
    """Samoa went from 29 to 31 December 2011."""
    skipped = Absence("s", date(2011, 12, 30), date(2011, 12, 30))
    when = period(skipped, "Pacific/Apia")
    assert when.start == when.end == datetime(2011, 12, 30, 10, tzinfo=UTC)
    assert not clash(skipped, "Pacific/Apia", skipped, "Pacific/Apia")


def test_an_absence_without_a_time_is_a_mistake_of_the_program() -> None:
    with pytest.raises(TypeError, match="neither days nor a beginning"):
        period(Absence("x"), "UTC")
