"""Business time against a clock on the wall that is looked at every so many minutes."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st

from domain.calendar.duration import Duration, Unit
from domain.calendar.hours import Calendar, add, add_time, between, business_days, is_open
from domain.calendar.spans import Span

#: When the clocks of a zone were set: by an hour, by half of one, at midnight, for a month, over a
#: whole day, by a quarter; never.
TURNS = {
    "Europe/Amsterdam": ("2025-03-30T01:00Z", "2025-10-26T01:00Z"),
    "America/New_York": ("2025-03-09T07:00Z", "2025-11-02T06:00Z"),
    "America/Sao_Paulo": ("2018-11-04T03:00Z", "2018-02-18T02:00Z"),
    "Australia/Lord_Howe": ("2025-10-04T15:30Z", "2025-04-05T15:00Z"),
    "Africa/Casablanca": ("2026-02-15T02:00Z", "2026-03-22T02:00Z"),
    "Pacific/Apia": ("2011-12-30T10:00Z",),
    "Asia/Kathmandu": ("1985-12-31T18:30Z",),
    "UTC": ("2026-11-23T12:00Z",),
}

#: Everything here happens at multiples of this.
STEP = timedelta(minutes=15)


@st.composite
def spans(draw: st.DrawFn) -> tuple[Span, ...]:
    edges = sorted(draw(st.sets(st.integers(0, 96), max_size=6)))
    return tuple(
        Span(begins * 15, ends * 15)
        for begins, ends in pairwise(edges[: len(edges) // 2 * 2])
        if edges.index(begins) % 2 == 0
    )


OFFICE = (Span(9 * 60, 17 * 60),)


@st.composite
def calendars(draw: st.DrawFn, zone: str, around: datetime) -> Calendar:
    days = st.integers(-12, 12).map(lambda days: (around + timedelta(days=days)).date())
    hours = spans() | st.just(OFFICE) | st.just((Span(0, 24 * 60),))
    week = draw(st.lists(hours, min_size=7, max_size=7))
    assume(any(week))
    return Calendar(
        zone,
        tuple(week),
        draw(st.dictionaries(days, st.just("holiday"), max_size=4)),
        draw(st.dictionaries(days, hours, max_size=3)),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Calendar, datetime]:
    zone = draw(st.sampled_from(sorted(TURNS)))
    around = datetime.fromisoformat(draw(st.sampled_from(TURNS[zone])))
    steps = st.integers(-16, 16) | st.integers(-300, 300)
    return draw(calendars(zone, around)), around + draw(steps) * STEP


def shown(calendar: Calendar, instant: datetime) -> datetime:
    return instant.astimezone(ZoneInfo(calendar.zone))


def hours_of(calendar: Calendar, day: date) -> tuple[Span, ...]:
    if day in calendar.special:
        return calendar.special[day]
    return () if day in calendar.holidays else calendar.week[day.weekday()]


def counts(calendar: Calendar, instant: datetime) -> bool:
    """Look at the clock on the wall."""
    wall = shown(calendar, instant)
    past = wall.hour * 60 + wall.minute
    return any(each.begins <= past < each.ends for each in hours_of(calendar, wall.date()))


def stepped(calendar: Calendar, begins: datetime, ends: datetime) -> timedelta:
    """Count the steps that are business time, one by one."""
    total = timedelta()
    while begins < ends:
        total += STEP * counts(calendar, begins)
        begins += STEP
    return total


@given(cases(), st.integers(0, 16) | st.integers(0, 400))
def test_business_time_is_what_a_clock_shows(case: tuple[Calendar, datetime], steps: int) -> None:
    calendar, begins = case
    ends = begins + steps * STEP
    assert between(calendar, begins, ends) == stepped(calendar, begins, ends)
    assert between(calendar, ends, begins) == -between(calendar, begins, ends)
    assert is_open(calendar, begins) == counts(calendar, begins)


@given(cases(), st.integers(1, 60))
def test_what_is_added_is_the_first_instant_by_which_it_has_gone_by(
    case: tuple[Calendar, datetime], steps: int
) -> None:
    calendar, begins = case
    found = add(calendar, begins, Duration(steps * 15, Unit.BUSINESS_MINUTES))
    at, left = begins, steps
    while left:
        left -= counts(calendar, at)
        at += STEP
    assert found == at


@given(cases(), st.integers(1, 60))
def test_what_is_taken_away_is_the_last_instant_from_which_it_goes_by(
    case: tuple[Calendar, datetime], steps: int
) -> None:
    calendar, ends = case
    found = add(calendar, ends, Duration(-steps * 15, Unit.BUSINESS_MINUTES))
    at, left = ends, steps
    while left:
        at -= STEP
        left -= counts(calendar, at)
    assert found == at


odd = st.integers(-5 * 10**9, 5 * 10**9).map(lambda number: timedelta(microseconds=number))
minutes = st.integers(-3_000, 3_000)


@given(cases(), odd, minutes)
def test_between_is_what_was_added(
    case: tuple[Calendar, datetime], more: timedelta, number: int
) -> None:
    calendar, begins = case[0], case[1] + more
    found = add(calendar, begins, Duration(number, Unit.BUSINESS_MINUTES))
    assert between(calendar, begins, found) == timedelta(minutes=number)


@given(cases(), odd, odd)
def test_a_clock_that_was_stopped_goes_on_with_what_was_left(
    case: tuple[Calendar, datetime], more: timedelta, later: timedelta
) -> None:
    calendar, begins = case[0], case[1] + more
    left = between(calendar, begins, begins + later)
    assert between(calendar, begins, add_time(calendar, begins, left)) == left


@given(cases(), odd, minutes, minutes)
def test_adding_twice_is_adding_the_sum(
    case: tuple[Calendar, datetime], more: timedelta, one: int, other: int
) -> None:
    assume(one * other >= 0)
    calendar, begins = case[0], case[1] + more
    first = add(calendar, begins, Duration(one, Unit.BUSINESS_MINUTES))
    both = add(calendar, begins, Duration(one + other, Unit.BUSINESS_MINUTES))
    assert add(calendar, first, Duration(other, Unit.BUSINESS_MINUTES)) == both


@given(cases(), odd, st.integers(0, 3_000))
def test_taking_away_undoes_adding_from_within_hours(
    case: tuple[Calendar, datetime], more: timedelta, number: int
) -> None:
    calendar, begins = case[0], case[1] + more
    assume(is_open(calendar, begins))
    there = add(calendar, begins, Duration(number, Unit.BUSINESS_MINUTES))
    assert add(calendar, there, Duration(-number, Unit.BUSINESS_MINUTES)) == begins


durations = st.builds(Duration, st.integers(-40, 40), st.sampled_from(Unit))


@given(cases(), odd, st.integers(0, 500), durations)
def test_who_begins_later_is_due_no_earlier(
    case: tuple[Calendar, datetime], more: timedelta, steps: int, duration: Duration
) -> None:
    calendar, begins = case[0], case[1] + more
    later = begins + steps * STEP
    # By the wall, the second showing of an hour is as early as the first.
    assume(not shown(calendar, begins).fold)
    assume(not shown(calendar, later).fold)
    assume(
        shown(calendar, begins).replace(tzinfo=None) <= shown(calendar, later).replace(tzinfo=None)
    )
    assert add(calendar, begins, duration) <= add(calendar, later, duration)


@given(cases(), odd, durations)
def test_time_that_is_added_does_not_lead_back(
    case: tuple[Calendar, datetime], more: timedelta, duration: Duration
) -> None:
    calendar, begins = case[0], case[1] + more
    assume(not shown(calendar, begins).fold)
    found = add(calendar, begins, duration)
    if duration.number > 0:
        assert found >= begins
    elif duration.number < 0:
        assert found <= begins
    elif duration.unit is not Unit.BUSINESS_DAY_ENDS:
        assert found == begins


def later_days(day: date, step: int) -> Iterator[date]:
    while True:
        day += timedelta(days=step)
        yield day


@given(cases(), st.integers(1, 12), st.sampled_from([1, -1]))
def test_the_end_of_a_business_day_is_when_the_wall_shows_its_closing(
    case: tuple[Calendar, datetime], number: int, step: int
) -> None:
    calendar, begins = case
    found = add(calendar, begins, Duration(step * number, Unit.BUSINESS_DAY_ENDS))
    days = later_days(shown(calendar, begins).date(), step)
    for _ in range(number):
        day = next(each for each in days if hours_of(calendar, each))
    closes = hours_of(calendar, day)[-1].ends
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001  # by the wall
    wall = midnight + timedelta(minutes=closes)
    before = shown(calendar, found - timedelta(microseconds=1)).replace(tzinfo=None)
    assert before < wall <= shown(calendar, found).replace(tzinfo=None)


@given(cases(), st.integers(-60, 60))
def test_business_days_are_those_with_hours(case: tuple[Calendar, datetime], length: int) -> None:
    calendar, begins = case
    first = shown(calendar, begins).date()
    last = first + timedelta(days=length)
    days = [first + timedelta(days=number) for number in range(length + 1)]
    assert business_days(calendar, first, last) == sum(
        bool(hours_of(calendar, day)) for day in days
    )


@given(cases(), st.integers(1, 12))
def test_business_days_from_within_hours_lead_to_the_same_time_or_the_nearest(
    case: tuple[Calendar, datetime], number: int
) -> None:
    calendar, begins = case
    wall = shown(calendar, begins)
    assume(is_open(calendar, begins) and not wall.fold)
    found = add(calendar, begins, Duration(number, Unit.BUSINESS_DAYS))
    days = later_days(wall.date(), 1)
    for _ in range(number):
        day = next(each for each in days if hours_of(calendar, each))
    hours = hours_of(calendar, day)
    past = min(max(wall.hour * 60 + wall.minute, hours[0].begins), hours[-1].ends)
    expected = datetime(day.year, day.month, day.day) + timedelta(minutes=past)  # noqa: DTZ001
    reached = shown(calendar, found)
    if reached.replace(tzinfo=None) != expected:  # the clocks were set forward over it
        before = shown(calendar, found - timedelta(microseconds=1)).replace(tzinfo=None)
        assert before < expected < reached.replace(tzinfo=None)
