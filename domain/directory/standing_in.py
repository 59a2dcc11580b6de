"""Who stands in for whom, at one instant: one substitute, never the substitute's own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from domain.directory.absence import Absence, period
from domain.directory.facts import DirectoryFacts, PersonFacts


@dataclass(frozen=True)
class Presence:
    """Whether a person is there for documents of a definition, and who stands in if not."""

    away: Absence | None = None
    """The absence that counts; None: the person is there."""
    substitute: str | None = None
    """Who stands in, beside the person; None: nobody."""
    why: str = ""
    """Why somebody, or nobody, stands in, in words; empty for who is there."""
    since: datetime | None = None
    """When the absence began."""

    def reaches(self, opened_at: datetime) -> bool:
        """Tell whether the substitute stands in for what waits since `opened_at`."""
        if self.substitute is None or self.away is None or self.since is None:
            return False
        return self.away.open_tasks or opened_at >= self.since


def stands_in(facts: DirectoryFacts, login: str, definition: str, at: datetime) -> Presence:
    """Return who stands in for a person at this instant, for documents of this definition.

    Never a chain: a substitute who is away themselves does not stand in, and nobody in their place.
    """
    absence = _absence(facts.people.get(login), definition, at)
    if absence is None:
        return Presence()
    since = period(absence, facts.people[login].zone).start
    words = f"{login} is away {_until(absence)}"
    if absence.substitute is None:
        return Presence(absence, why=f"{words}, and named no substitute", since=since)
    hindrance = _hindrance(facts, absence, definition, at)
    if hindrance:
        words = f"{words}, but the substitute {absence.substitute} {hindrance}"
        return Presence(absence, why=words, since=since)
    words = f"{words}: {absence.substitute} stands in"
    return Presence(absence, absence.substitute, words, since)


def _absence(person: PersonFacts | None, definition: str, at: datetime) -> Absence | None:
    """Return the absence that counts; of several, which races may have left, the first."""
    if person is None:
        return None
    for each in person.absences:
        if each.concerns(definition) and period(each, person.zone).holds(at):
            return each
    return None


def _hindrance(facts: DirectoryFacts, absence: Absence, definition: str, at: datetime) -> str:
    substitute = facts.people.get(absence.substitute or "")
    if substitute is None:
        return "is not in the directory"
    if not substitute.active:
        return "is not active"
    if not absence.is_planned and not absence.taken_over:
        return "has not taken over"
    own = _absence(substitute, definition, at)
    if own is not None:
        return f"is away {_until(own)} too, and nobody stands in for a substitute"
    return ""


def _until(absence: Absence) -> str:
    return f"until {absence.last}" if absence.last is not None else "until further notice"


@dataclass(frozen=True)
class Represented:
    """Somebody in whose place a substitute decides at one instant, by one absence."""

    login: str
    absence: str
    """The absence's id."""
    only: frozenset[str] | None
    """For documents of these definitions; None: of all but `but`."""
    but: frozenset[str] = frozenset()
    since: datetime | None = None
    """For what waits since this instant, or a later one; None: for all that waits."""

    def covers(self, definition: str, opened_at: datetime) -> bool:
        """Tell whether it is for what waits since `opened_at`, of this definition."""
        if self.since is not None and opened_at < self.since:
            return False
        return definition not in self.but if self.only is None else definition in self.only


def represents(facts: DirectoryFacts, substitute: str, at: datetime) -> tuple[Represented, ...]:
    """Return in whose place the person decides at this instant, by login.

    The reverse of `stands_in`, for all whom the facts know.
    """
    return tuple(
        represented
        for login in sorted(facts.people)
        for absence in facts.people[login].absences
        if absence.substitute == substitute
        for represented in _represented(facts, login, absence, at)
    )


#: The name of no definition: it stands for all that no absence names.
_ANY_OTHER = ""


def _represented(
    facts: DirectoryFacts, login: str, absence: Absence, at: datetime
) -> Iterator[Represented]:
    known = (facts.people.get(each or "") for each in (login, absence.substitute))
    named = {
        definition
        for person in known
        if person
        for each in person.absences
        for definition in each.definitions
    }

    def counts(definition: str) -> bool:
        found = stands_in(facts, login, definition, at)
        return found.away == absence and found.substitute is not None

    only = frozenset(filter(counts, named))
    since = None if absence.open_tasks else period(absence, facts.people[login].zone).start
    if counts(_ANY_OTHER):
        yield Represented(login, absence.id, None, frozenset(named) - only, since)
    elif only:
        yield Represented(login, absence.id, only, since=since)
