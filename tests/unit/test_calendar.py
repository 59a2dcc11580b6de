"""Defining a calendar: every rule of its content, its versions, and holidays that are added."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.actor import Actor
from domain.calendar.calendar import evolve
from domain.calendar.commands import AddHolidays, DefineCalendar
from domain.calendar.content import Content, Holiday, SpecialDay
from domain.calendar.events import CalendarDefined
from domain.directory.events import PersonDeactivated
from domain.errors import Reason
from domain.streams import calendar_stream, definition_stream
from tests.builders import ANN, ZOE, Decided, given

DAY = ("09:00-17:00",)
OFFICE = Content("Europe/Amsterdam", (*(DAY,) * 5, (), ()))
CHRISTMAS = Holiday(date(2026, 12, 25), "Eerste Kerstdag")
BOXING_DAY = Holiday(date(2026, 12, 26), "Tweede Kerstdag")


def defined(content: Content = OFFICE, version: int = 1) -> CalendarDefined:
    return CalendarDefined("office", version, content, content.hash)


def define(content: Content, *history: CalendarDefined, by: Actor = ZOE) -> Decided:
    return given(*history).when(DefineCalendar("office", content), by)


def test_the_first_version_is_one_and_another_content_the_next() -> None:
    define(OFFICE).then(defined())
    closed = replace(OFFICE, holidays=(CHRISTMAS,))
    define(closed, defined()).then(defined(closed, 2))
    define(OFFICE, defined(), defined(closed, 2)).then(defined(version=3))


def test_the_same_content_changes_nothing() -> None:
    define(replace(OFFICE), defined()).refused(Reason.NOTHING_CHANGES, "content")


def test_only_an_admin_defines_a_calendar_and_its_holidays() -> None:
    define(OFFICE, by=ANN).refused(Reason.NOT_ALLOWED)
    given(defined()).when(AddHolidays("office", (CHRISTMAS,)), ANN).refused(Reason.NOT_ALLOWED)


def test_a_calendars_name_has_the_form_of_names() -> None:
    given().when(DefineCalendar("Office", OFFICE), ZOE).refused(Reason.INVALID, "calendar")


def test_an_event_of_another_aggregate_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"person.deactivated is no event of a calendar"):
        evolve(None, PersonDeactivated("ann"))


def test_holidays_that_are_added_go_among_those_that_are_there() -> None:
    named = replace(OFFICE, holidays=(replace(BOXING_DAY, name="Boxing Day"),))
    new_year = Holiday(date(2027, 1, 1), "Nieuwjaarsdag")
    asked = AddHolidays("office", (new_year, CHRISTMAS, BOXING_DAY))
    expected = replace(OFFICE, holidays=(CHRISTMAS, named.holidays[0], new_year))
    given(defined(named)).when(asked, ZOE).then(defined(expected, 2))


def test_holidays_that_are_all_there_change_nothing() -> None:
    history = defined(replace(OFFICE, holidays=(CHRISTMAS,)))
    again = given(history).when(AddHolidays("office", (CHRISTMAS,)), ZOE)
    again.refused(Reason.NOTHING_CHANGES, "content")


def test_holidays_are_added_to_a_calendar_that_there_is() -> None:
    nowhere = given().when(AddHolidays("office", (CHRISTMAS,)), ZOE)
    nowhere.refused(Reason.NOT_FOUND, "calendar")


def with_monday(*spans: str) -> Content:
    return replace(OFFICE, week=(spans, *OFFICE.week[1:]))


def holidays(*days: date) -> Content:
    return replace(OFFICE, holidays=tuple(Holiday(day, "") for day in days))


FIRST = date(2026, 1, 1)
EVERY_DAY = [FIRST + timedelta(days=number) for number in range(1_001)]

REFUSED = [
    *(
        (replace(OFFICE, zone=zone), "zone", "no time zone")
        for zone in (
            *("", "Europe", "Europe/Utrecht", "europe/amsterdam", "../etc/passwd", "localtime"),
            *("right/UTC", "posix/Europe/Amsterdam", "/usr/share/zoneinfo/UTC", "Etc/UTC\0"),
        )
    ),
    (replace(OFFICE, label="x" * 201), "label", "at most 200"),
    (replace(OFFICE, label="\0"), "label", "cannot be"),
    (replace(OFFICE, week=(DAY,) * 6), "week", "7 days"),
    (replace(OFFICE, week=((),) * 7), "week", "one day at least"),
    (with_monday("9:00-17:00"), "week.monday.0", "a span is"),
    (with_monday("09:00-24:01"), "week.monday.0", "a span is"),
    (with_monday("09:00 - 17:00"), "week.monday.0", "a span is"),
    (with_monday("22:00-06:00"), "week.monday.0", "over midnight"),
    (with_monday("09:00-09:00"), "week.monday.0", "after it begins"),
    (with_monday("09:00-12:00", "11:00-17:00"), "week.monday.1", "begins after the one before"),
    (with_monday("09:00-12:00", "12:00-17:00"), "week.monday.1", "begins after the one before"),
    (with_monday("13:00-17:00", "09:00-12:00"), "week.monday.1", "begins after the one before"),
    (with_monday(*(f"{hour:02}:00-{hour:02}:30" for hour in range(11))), "week.monday", "10 spans"),
    (holidays(FIRST, FIRST), "holidays.2026-01-01", "each once"),
    (holidays(EVERY_DAY[1], FIRST), "holidays.2026-01-01", "in their order"),
    (holidays(date(1969, 12, 31)), "holidays.1969-12-31", "1970 to 2199"),
    (holidays(date(2200, 1, 1)), "holidays.2200-01-01", "1970 to 2199"),
    (holidays(*EVERY_DAY), "holidays", "at most 1000"),
    (holidays(*EVERY_DAY[:1_000]), "week", "within a year"),
    (
        replace(OFFICE, holidays=(replace(CHRISTMAS, name="x" * 201),)),
        "holidays.2026-12-25",
        "at most 200",
    ),
    (
        replace(OFFICE, special=(SpecialDay(FIRST, ("08:00-07:00",)),)),
        "special.2026-01-01.0",
        "after it begins",
    ),
    (replace(OFFICE, special=tuple(map(SpecialDay, EVERY_DAY))), "special", "at most 1000"),
]


@pytest.mark.parametrize(("content", "place", "message"), REFUSED, ids=range(len(REFUSED)))
def test_content_that_cannot_stand_is_refused_at_its_place(
    content: Content, place: str, message: str
) -> None:
    refused = define(content)
    refused.refused(Reason.INVALID, place)
    assert refused.refusal is not None
    assert message in refused.refusal.message


def test_every_fault_is_told_at_once() -> None:
    wrong = replace(
        with_monday("a", "09:00-08:00"),
        zone="Nowhere",
        holidays=(CHRISTMAS, CHRISTMAS),
        special=(SpecialDay(FIRST, ("b",)),),
    )
    refusal = define(wrong).refusal
    assert refusal is not None
    assert [finding.place for finding in refusal.findings] == [
        "zone",
        "week.monday.0",
        "week.monday.1",
        "holidays.2026-12-25",
        "special.2026-01-01.0",
    ]


ACCEPTED = [
    with_monday("00:00-24:00"),
    with_monday(*(f"{hour:02}:00-{hour:02}:30" for hour in range(10))),
    replace(OFFICE, zone="UTC"),
    replace(OFFICE, zone="America/Argentina/Buenos_Aires"),
    replace(OFFICE, zone="Etc/GMT+12"),
    replace(OFFICE, label="x" * 200),
    holidays(*EVERY_DAY[:400]),
    replace(OFFICE, holidays=(CHRISTMAS,), special=(SpecialDay(CHRISTMAS.day, DAY),)),
]


@pytest.mark.parametrize("content", ACCEPTED, ids=range(len(ACCEPTED)))
def test_content_at_its_bounds_stands(content: Content) -> None:
    define(content).then(defined(content))


def test_whether_hours_come_is_looked_at_from_the_moment_of_definition() -> None:
    """The days are closed until September 2028; the test's world is of November 2026."""
    closed = holidays(*(FIRST + timedelta(days=number) for number in range(1_000)))
    define(closed).refused(Reason.INVALID, "week")
    assert datetime(2026, 11, 23, tzinfo=UTC).date() in {each.day for each in closed.holidays}


def test_a_name_gives_the_same_stream_for_ever() -> None:
    assert str(calendar_stream("office")) == "0524068d-556b-52b0-8ab3-89150f8ac973"
    assert calendar_stream("office") != definition_stream("office")
