"""Business time by examples that people argue about; the rules as properties are elsewhere."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.calendar.content import Content, Holiday, SpecialDay, hours_of
from domain.calendar.duration import Duration, Unit, parse_duration
from domain.calendar.hours import add, between, business_days
from domain.errors import Reason, RefusedError

#: Half a day on Fridays; Easter Monday 2025 closed, Maundy Thursday till noon.
OFFICE = hours_of(
    Content(
        "Europe/Amsterdam",
        (*(("09:00-17:00",),) * 4, ("09:00-13:00",), (), ()),
        holidays=(Holiday(date(2025, 4, 21), "Tweede paasdag"),),
        special=(SpecialDay(date(2025, 4, 17), ("09:00-12:00",)),),
    )
)
NIGHT = ("00:00-04:00",)
NIGHTS = hours_of(Content("Europe/Amsterdam", (NIGHT,) * 7))


def at(text: str, zone: str = OFFICE.zone, fold: int = 0) -> datetime:
    wall = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return wall.astimezone(UTC)  # times of one zone compare by the wall


# 2025-04-14 is a Monday.
EXAMPLES = [
    ("2025-04-14T16:00", "2 business_hours", "2025-04-15T10:00"),
    ("2025-04-14T16:00", "1 business_hour", "2025-04-14T17:00"),
    ("2025-04-14T17:00", "1 business_minute", "2025-04-15T09:01"),
    ("2025-04-14T09:00", "0 business_hours", "2025-04-14T09:00"),
    ("2025-04-16T16:00", "5 business_hours", "2025-04-18T10:00"),
    ("2025-04-18T12:00", "2 business_hours", "2025-04-22T10:00"),
    ("2025-04-22T10:00", "-2 business_hours", "2025-04-18T12:00"),
    ("2025-04-15T17:00", "-8 business_hours", "2025-04-15T09:00"),
    ("2025-04-15T17:00", "-16 business_hours", "2025-04-14T09:00"),
    ("2025-04-14T11:30", "1 business_day", "2025-04-15T11:30"),
    ("2025-04-14T11:30", "-1 business_day", "2025-04-11T11:30"),
    ("2025-04-17T11:30", "2 business_days", "2025-04-22T11:30"),
    ("2025-04-16T16:00", "1 business_day", "2025-04-17T12:00"),
    ("2025-04-17T16:00", "1 business_day", "2025-04-18T13:00"),
    ("2025-04-18T17:00", "1 business_day", "2025-04-22T17:00"),
    ("2025-04-19T10:00", "1 business_day", "2025-04-22T17:00"),
    ("2025-04-22T07:00", "1 business_day", "2025-04-22T17:00"),
    ("2025-04-22T17:00", "1 business_day", "2025-04-23T17:00"),
    ("2025-04-19T10:00", "-1 business_day", "2025-04-18T09:00"),
    ("2025-04-19T10:00", "1 business_day_end", "2025-04-22T17:00"),
    ("2025-04-18T17:00", "1 business_day_end", "2025-04-22T17:00"),
    ("2025-04-22T07:00", "1 business_day_end", "2025-04-23T17:00"),
    ("2025-04-22T07:00", "0 business_day_ends", "2025-04-22T17:00"),
    ("2025-04-22T17:00", "0 business_day_ends", "2025-04-22T17:00"),
    ("2025-04-22T17:01", "0 business_day_ends", "2025-04-23T17:00"),
    ("2025-04-19T10:00", "0 business_day_ends", "2025-04-22T17:00"),
    ("2025-04-30T23:59", "3 business_day_ends", "2025-05-05T17:00"),
    ("2025-04-22T07:00", "-1 business_day_end", "2025-04-18T13:00"),
    ("2025-04-14T08:00", "36 hours", "2025-04-15T20:00"),
    ("2025-04-14T08:00", "-90 minutes", "2025-04-14T06:30"),
    # The night in which an hour is left out, and the one in which an hour is shown twice.
    ("2025-03-29T12:00", "1 day", "2025-03-30T12:00"),
    ("2025-03-29T12:00", "24 hours", "2025-03-30T13:00"),
    ("2025-03-29T02:30", "1 day", "2025-03-30T03:00"),
    ("2025-03-31T02:30", "-1 day", "2025-03-30T03:00"),
    ("2025-10-25T02:30", "1 day", "2025-10-26T02:30"),
]


@pytest.mark.parametrize(("begins", "duration", "ends"), EXAMPLES)
def test_a_duration_ends_when_people_expect_it_to(begins: str, duration: str, ends: str) -> None:
    assert add(OFFICE, at(begins), parse_duration(duration)) == at(ends)


def test_a_special_day_goes_before_a_holiday() -> None:
    day = date(2025, 4, 21)
    content = Content(
        "UTC", ((),) * 7, (Holiday(day, "Easter Monday"),), (SpecialDay(day, ("10:00-12:00",)),)
    )
    assert business_days(hours_of(content), day, day) == 1


def test_a_break_is_waited_for_neither_there_nor_back() -> None:
    calendar = hours_of(Content("UTC", (("09:00-12:00", "13:00-17:00"),) * 7))
    noon, one = at("2025-04-14T12:00", "UTC"), at("2025-04-14T13:00", "UTC")
    assert add(calendar, at("2025-04-14T09:00", "UTC"), parse_duration("3 business_hours")) == noon
    assert add(calendar, at("2025-04-14T17:00", "UTC"), parse_duration("-4 business_hours")) == one


def test_an_hour_that_is_left_out_counts_nothing_and_one_shown_twice_counts_twice() -> None:
    def night(day: int, month: int) -> timedelta:
        begins = at(f"2025-{month:02}-{day}")
        return between(NIGHTS, begins, begins + timedelta(hours=12))

    assert [night(29, 3), night(30, 3)] == [timedelta(hours=4), timedelta(hours=3)]
    assert night(26, 10) == timedelta(hours=5)
    three = Duration(3, Unit.BUSINESS_HOURS)
    assert add(NIGHTS, at("2025-03-30T00:00"), three) == at("2025-03-30T04:00")
    assert add(NIGHTS, at("2025-10-26T00:00"), three) == at("2025-10-26T02:00", fold=1)


def test_the_closing_that_is_shown_twice_is_the_later_one() -> None:
    calendar = hours_of(Content("Europe/Amsterdam", (("00:00-02:30",),) * 7))
    end = Duration(1, Unit.BUSINESS_DAY_ENDS)
    assert add(calendar, at("2025-10-25T12:00"), end) == at("2025-10-26T02:30", fold=1)
    day = Duration(1, Unit.BUSINESS_DAYS)
    assert add(calendar, at("2025-10-25T02:30"), day) == at("2025-10-26T02:30", fold=1)
    assert add(calendar, at("2025-10-25T02:15"), day) == at("2025-10-26T02:15")
    assert between(calendar, at("2025-10-26T00:00"), at("2025-10-26T12:00")) == timedelta(hours=3)


def test_a_date_that_is_shown_twice_counts_both_times() -> None:
    """In 2010 St. John's set its clocks back one minute after midnight."""
    zone = "America/St_Johns"
    whole = ("00:00-24:00",)
    sundays = hours_of(Content(zone, (*((),) * 6, whole)))
    saturdays = hours_of(Content(zone, (*((),) * 5, whole, ())))
    begins, ends = at("2010-11-06T00:00", zone), at("2010-11-08T00:00", zone)
    assert between(saturdays, begins, ends) == timedelta(hours=24, minutes=59)
    assert between(sundays, begins, ends) == timedelta(hours=24, minutes=1)
    minute = begins + timedelta(hours=24)
    assert add(sundays, begins, Duration(1, Unit.BUSINESS_MINUTES)) == minute + timedelta(minutes=1)
    two = add(sundays, begins, Duration(2, Unit.BUSINESS_MINUTES))
    assert two == minute + timedelta(hours=1, minutes=1)


def test_a_day_that_never_was_has_no_time() -> None:
    """At the end of 2011 Samoa left out the 30th of December."""
    zone = "Pacific/Apia"
    fridays = hours_of(Content(zone, (*((),) * 4, ("00:00-24:00",), (), ())))
    begins, ends = at("2011-12-29T00:00", zone), at("2012-01-01T00:00", zone)
    assert between(fridays, begins, ends) == timedelta(0)
    assert business_days(fridays, date(2011, 12, 29), date(2011, 12, 31)) == 1


def test_days_keep_to_the_showing_that_they_begin_in() -> None:
    second = at("2025-10-26T02:30", fold=1)
    assert add(OFFICE, second, Duration(0, Unit.DAYS)) == second
    assert add(OFFICE, second, Duration(0, Unit.BUSINESS_DAYS)) == second
    next_autumn = at("2026-10-25T02:30", fold=1)
    assert add(NIGHTS, second, Duration(364, Unit.DAYS)) == next_autumn
    assert add(NIGHTS, second, Duration(364, Unit.BUSINESS_DAYS)) == next_autumn


def test_business_days_count_both_ends() -> None:
    assert business_days(OFFICE, date(2025, 4, 14), date(2025, 4, 18)) == 5
    assert business_days(OFFICE, date(2025, 4, 18), date(2025, 4, 21)) == 1
    assert business_days(OFFICE, date(2025, 4, 22), date(2025, 4, 14)) == 0
    assert business_days(OFFICE, date(2025, 12, 29), date(2026, 1, 2)) == 5


@pytest.mark.parametrize("unit", Unit)
@pytest.mark.parametrize("number", [10**9 - 1, 1 - 10**9])
def test_what_leads_farther_than_a_century_is_refused_at_once(unit: Unit, number: int) -> None:
    with pytest.raises(RefusedError, match="within a hundred years") as refusal:
        add(OFFICE, at("2025-04-14T16:00"), Duration(number, unit))
    assert (refusal.value.reason, refusal.value.place) == (Reason.INVALID, "duration")


@pytest.mark.parametrize("year", [1800, 3500])
def test_instants_of_other_centuries_are_refused(year: int) -> None:
    instant = datetime(year, 1, 1, tzinfo=UTC)
    with pytest.raises(RefusedError, match="1900 to 2899"):
        add(OFFICE, instant, Duration(1, Unit.DAYS))
    with pytest.raises(RefusedError, match="1900 to 2899"):
        between(OFFICE, min(instant, at("2025-04-14T16:00")), max(instant, at("2025-04-14T16:00")))


@pytest.mark.parametrize("text", ["2 business_hours", "-1 days", "0 business_day_ends"])
def test_a_duration_is_said_as_it_is_read(text: str) -> None:
    assert str(parse_duration(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2",
        "hours",
        "2 weeks",
        "1.5 hours",
        "2hours",
        "+2 hours",
        "1" * 10 + " hours",
        "2 Hours",
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="a duration is a number and a unit") as refusal:
        parse_duration(text, "due.in")
    assert (refusal.value.reason, refusal.value.place) == (Reason.INVALID, "due.in")
