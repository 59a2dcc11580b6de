"""What the content of a calendar must be, so that whatever is due comes some day."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.calendar.content import WEEKDAYS, Content, hours_of
from domain.calendar.hours import between
from domain.calendar.spans import parse_span
from domain.errors import RefusedError
from domain.findings import Finding
from domain.text import text

#: Days with an entry of their own, of each kind: thirty years of holidays and more.
MOST_DAYS = 1_000
#: Spans of one day.
MOST_SPANS = 10
#: Characters of a label or of a holiday's name, at most.
LONGEST_LABEL = 200
#: Within this time from now, hours must come.
AWAITED = timedelta(days=366)

FIRST_YEAR, LAST_YEAR = 1970, 2199

_ZONE = re.compile(r"[A-Z][A-Za-z_]{1,20}(/[A-Z][A-Za-z0-9_+-]{0,30}){1,2}|UTC")


def check_content(content: Content, at: datetime) -> Sequence[Finding]:
    """Return every fault of a calendar that is to be in force from `at` on."""
    found = [
        *_zone(content.zone),
        *_label(content.label, "label"),
        *_week(content.week),
        *_days([each.day for each in content.holidays], "holidays"),
        *_days([each.day for each in content.special], "special"),
    ]
    for holiday in content.holidays[:MOST_DAYS]:
        found += _label(holiday.name, f"holidays.{holiday.day}")
    for special in content.special[:MOST_DAYS]:
        found += _hours(special.hours, f"special.{special.day}")
    if not found and not between(hours_of(content), at, at + AWAITED):
        found.append(Finding("week", "there are no hours within a year from now on"))
    return found


def _zone(name: str) -> Iterator[Finding]:
    try:
        known = bool(_ZONE.fullmatch(name)) and bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of the database
        known = False
    if not known:
        yield Finding("zone", "this is no time zone; they are called as Europe/Amsterdam, and UTC")


def _label(label: str, place: str) -> Iterator[Finding]:
    try:
        text(label, place)
    except RefusedError as refusal:
        yield from refusal.findings
    else:
        if len(label) > LONGEST_LABEL:
            yield Finding(place, f"at most {LONGEST_LABEL} characters, not {len(label)}")


def _week(week: Sequence[Sequence[str]]) -> Iterator[Finding]:
    if len(week) != len(WEEKDAYS):
        yield Finding("week", f"a week has {len(WEEKDAYS)} days")
        return
    for name, hours in zip(WEEKDAYS, week, strict=True):
        yield from _hours(hours, f"week.{name}")
    if not any(week):
        yield Finding("week", "a week has hours on one day at least: else nothing is ever due")


def _days(days: Sequence[date], place: str) -> Iterator[Finding]:
    if len(days) > MOST_DAYS:
        yield Finding(place, f"a calendar has at most {MOST_DAYS} of these, not {len(days)}")
        return
    for before, day in zip([None, *days], days, strict=False):
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            yield Finding(f"{place}.{day}", f"days are of {FIRST_YEAR} to {LAST_YEAR}")
        if before is not None and day <= before:
            yield Finding(f"{place}.{day}", "days are in their order, each once")


def _hours(hours: Sequence[str], place: str) -> Iterator[Finding]:
    if len(hours) > MOST_SPANS:
        yield Finding(place, f"a day has at most {MOST_SPANS} spans, not {len(hours)}")
        return
    closed = -1
    for number, each in enumerate(hours):
        try:
            span = parse_span(each)
        except ValueError as error:
            yield Finding(f"{place}.{number}", str(error))
            continue
        if span.begins <= closed:
            yield Finding(f"{place}.{number}", "it begins after the one before has ended")
        closed = max(closed, span.ends)
