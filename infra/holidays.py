"""National holidays, from the library `holidays`; what it says goes into a command, day by day.

It is asked where a command begins and never again: what it knew then is what the log holds.
"""

import re
from collections.abc import Sequence

import holidays

from domain.calendar.content import Holiday
from domain.errors import Reason, RefusedError

#: Years that are asked for at once, at most.
MOST_YEARS = 30

_YEARS = re.compile(r"([0-9]{4})(?:-([0-9]{4}))?")
_FIRST_YEAR, _LAST_YEAR = 1970, 2100


def years_of(text: str) -> range:
    """Return the years that a text such as "2026" or "2026-2028" means, both ends included.

    Raises:
        RefusedError: INVALID.
    """
    match = _YEARS.fullmatch(text)
    if match is None or (match[2] or match[1]) < match[1]:
        raise RefusedError(Reason.INVALID, 'years are given as "2026" or "2026-2028"', "years")
    return range(int(match[1]), int(match[2] or match[1]) + 1)


def national_holidays(
    country: str, years: range, subdivision: str | None = None
) -> Sequence[Holiday]:
    """Return the public holidays of a country, and of one of its parts, in order.

    `country` is its code of ISO 3166-1, such as NL; `subdivision` what comes after it in
    ISO 3166-2, such as BY of DE-BY. Names are in the country's own language.

    Raises:
        RefusedError: INVALID, for a place or years that the library does not know.
    """
    if not 1 <= len(years) <= MOST_YEARS:
        raise RefusedError(Reason.INVALID, f"ask for 1 to {MOST_YEARS} years at once", "years")
    if years[0] < _FIRST_YEAR or years[-1] > _LAST_YEAR:
        raise RefusedError(Reason.INVALID, f"years are {_FIRST_YEAR} to {_LAST_YEAR}", "years")
    known = holidays.list_supported_countries()
    if country not in known:
        raise RefusedError(Reason.INVALID, f"no holidays are known of {country[:20]!a}", "country")
    if subdivision is not None and subdivision not in known[country]:
        parts = ", ".join(known[country]) or "none"
        raise RefusedError(
            Reason.INVALID, f"the parts of {country} that are known: {parts}", "subdivision"
        )
    language = holidays.country_holidays(country).default_language  # else that of the process
    found = holidays.country_holidays(country, subdiv=subdivision, years=years, language=language)
    return [Holiday(day, found[day]) for day in sorted(found) if day.year in years]
