"""National holidays as the library tells them: days that are known for certain."""

from datetime import date

import pytest

from domain.calendar.content import Holiday
from domain.errors import Reason, RefusedError
from infra.holidays import national_holidays, years_of


def test_holidays_of_the_years_asked_come_in_order_with_their_names() -> None:
    found = national_holidays("NL", range(2025, 2027))
    assert Holiday(date(2025, 4, 21), "Tweede paasdag") in found
    assert [each.day for each in found] == sorted({each.day for each in found})
    assert {each.day.year for each in found} == {2025, 2026}


def test_a_part_of_a_country_has_holidays_of_its_own() -> None:
    epiphany = date(2026, 1, 6)
    assert epiphany in {each.day for each in national_holidays("DE", range(2026, 2027), "BY")}
    assert epiphany not in {each.day for each in national_holidays("DE", range(2026, 2027))}


@pytest.mark.parametrize(
    ("country", "years", "subdivision", "place"),
    [
        ("XX", range(2026, 2027), None, "country"),
        ("", range(2026, 2027), None, "country"),
        ("DE", range(2026, 2027), "XX", "subdivision"),
        ("NL", range(2026, 2026), None, "years"),
        ("NL", range(2026, 2057), None, "years"),
        ("NL", range(1900, 1901), None, "years"),
        ("NL", range(2100, 2102), None, "years"),
    ],
)
def test_what_the_library_does_not_know_is_refused(
    country: str, years: range, subdivision: str | None, place: str
) -> None:
    with pytest.raises(RefusedError) as refusal:
        national_holidays(country, years, subdivision)
    assert (refusal.value.reason, refusal.value.place) == (Reason.INVALID, place)


def test_years_are_one_or_from_one_to_another() -> None:
    assert [*years_of("2026"), *years_of("2026-2028")] == [2026, 2026, 2027, 2028]


@pytest.mark.parametrize("text", ["", "26", "2028-2026", "2026-", "2026,2027", " 2026"])
def test_what_is_no_year_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="2026-2028") as refusal:
        years_of(text)
    assert refusal.value.place == "years"
