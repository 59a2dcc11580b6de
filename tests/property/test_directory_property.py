"""Absences, substitutes, chains and limits against small models that know no intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from commands.bus import decide
from commands.handlers import HANDLERS
from domain.actor import Actor
from domain.directory.absence import Absence, clash, period
from domain.directory.authority import UNLIMITED, Limit, limit
from domain.directory.chain import LinkState, chain
from domain.directory.commands import (
    EndAbsence,
    PersonCommand,
    PlanAbsence,
    ReportAbsence,
    SetZone,
    TakeOver,
)
from domain.directory.events import PersonAdded
from domain.directory.facts import LONGEST_CHAIN, DirectoryFacts, Needs, PersonFacts
from domain.directory.person import Person, evolve
from domain.directory.standing_in import Presence, represents, stands_in
from domain.errors import RefusedError
from domain.metadata import Event
from domain.values import Personal
from tests.builders import an_envelope, ports, recorded
from tests.fakes import InMemoryDirectory, Known

ZONES = (
    "UTC",
    "Europe/Amsterdam",
    "America/Sao_Paulo",  # until 2019 its clocks skipped midnight
    "America/Havana",  # where the first hour of a day is twice
    "Pacific/Apia",  # which skipped 30 December 2011
    "Pacific/Kiritimati",
    "Asia/Kathmandu",
)
LOGINS = ("ann", "bob", "cid", "dot")
DEFINITIONS = ("leave", "travel")

WORLD = ports()
ROOT = Actor("root", frozenset({"admin"}))

zones = st.sampled_from(ZONES)
definitions = st.lists(st.sampled_from(DEFINITIONS), unique=True).map(tuple)
days = st.dates(date(2005, 1, 1), date(2030, 1, 1))
hours = st.integers(-30, 24 * 12)


@given(zones, days, st.integers(0, 9), hours)
@example("Pacific/Apia", date(2011, 12, 30), 0, 10)
@example("America/Sao_Paulo", date(2018, 11, 4), 0, 3)
@example("America/Havana", date(2018, 11, 4), 0, 4)
def test_a_person_is_away_exactly_on_the_days_of_their_own_calendar(
    zone: str, first: date, length: int, hour: int
) -> None:
    absence = Absence("a", first, first + timedelta(days=length))
    at = datetime(first.year, first.month, first.day, tzinfo=UTC) + timedelta(hours=hour)
    assert absence.last is not None
    there = at.astimezone(ZoneInfo(zone)).date()
    assert period(absence, zone).holds(at) == (first <= there <= absence.last)


@given(zones, zones, days, st.integers(-3, 3), st.tuples(st.integers(0, 3), st.integers(0, 3)))
def test_absences_clash_exactly_where_both_are_away_at_some_time(
    zone: str, other_zone: str, first: date, shift: int, lengths: tuple[int, int]
) -> None:
    """Offsets are multiples of 15 minutes: so no common time is shorter."""
    one = Absence("a", first, first + timedelta(days=lengths[0]))
    begin = first + timedelta(days=shift)
    other = Absence("b", begin, begin + timedelta(days=lengths[1]))
    start = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=5)
    here, there = period(one, zone), period(other, other_zone)
    quarters = (start + timedelta(minutes=15 * quarter) for quarter in range(14 * 96))
    both = any(here.holds(at) and there.holds(at) for at in quarters)
    assert clash(one, zone, other, other_zone) == both
    assert clash(other, other_zone, one, zone) == both


# ---- chains


managers = st.fixed_dictionaries(
    {login: st.none() | st.sampled_from([*LOGINS, "gone"]) for login in LOGINS}
)


@given(managers, st.sets(st.sampled_from(LOGINS)), st.sampled_from([*LOGINS, "gone"]))
def test_a_chain_is_the_managers_one_after_the_other_and_never_endless(
    above: Mapping[str, str | None], inactive: set[str], login: str
) -> None:
    facts = DirectoryFacts(
        {each: PersonFacts(each not in inactive, manager) for each, manager in above.items()}
    )
    expected: list[tuple[str, LinkState]] = []
    below, seen = login, [login]
    if login not in above:
        expected.append((login, LinkState.UNKNOWN))
    while below in above and (manager := above[below]) is not None:
        if manager in seen:
            expected.append((manager, LinkState.CIRCLE))
            break
        if manager not in above:
            expected.append((manager, LinkState.UNKNOWN))
            break
        state = LinkState.VACANT if manager in inactive else LinkState.ACTIVE
        expected.append((manager, state))
        seen.append(manager)
        below = manager
    found = chain(facts, login)
    assert [(each.login, each.state) for each in found] == expected
    assert all(each.why for each in found)
    assert not any(each.is_broken for each in found[:-1])


@given(st.integers(0, 2 * LONGEST_CHAIN))
def test_a_chain_has_an_end_that_is_told(levels: int) -> None:
    facts = DirectoryFacts(
        {
            f"p{at}": PersonFacts(active=True, manager=f"p{at + 1}" if at < levels else None)
            for at in range(levels + 1)
        }
    )
    found = chain(facts, "p0")
    assert [each.depth for each in found] == list(range(1, min(levels, LONGEST_CHAIN + 1) + 1))
    assert (levels > LONGEST_CHAIN) == bool(found and found[-1].state is LinkState.TOO_LONG)


# ---- limits


limits = st.lists(
    st.builds(
        Limit,
        st.none() | st.decimals(0, 1000, places=2),
        st.sampled_from(["EUR", "USD"]),
        st.sampled_from(["", *DEFINITIONS]),
    ),
    unique_by=lambda each: (each.currency, each.definition),
).map(tuple)


@given(limits, st.sampled_from(DEFINITIONS), st.sampled_from(["EUR", "USD", "JPY"]))
def test_a_limit_is_the_definitions_own_or_the_general_one(
    given_limits: tuple[Limit, ...], definition: str, currency: str
) -> None:
    found = limit(PersonFacts(active=True, limits=given_limits), definition, currency)
    fitting = [each for each in given_limits if each.currency == currency]
    own = [each for each in fitting if each.definition == definition]
    general = [each for each in fitting if not each.definition]
    expected: Decimal | None = None
    for each in [*general, *own]:
        expected = UNLIMITED if each.amount is None else each.amount
    assert found == expected


# ---- an organisation that plans

START = datetime(2026, 10, 20, 9, tzinfo=UTC)  # clocks go back within the next days

logins = st.sampled_from(LOGINS)
ids = st.sampled_from([f"a{at}" for at in range(9)])
offsets = st.integers(-2, 12)
plans = st.builds(
    lambda login, id_, first, length, substitute, which: PlanAbsence(
        login,
        id_,
        START.date() + timedelta(days=first),
        START.date() + timedelta(days=first + length % 5),
        substitute,
        length < 5,
        which,
    ),
    logins,
    ids,
    offsets,
    st.integers(0, 9),
    st.none() | logins,
    definitions,
)
asked = st.one_of(
    plans,
    plans,
    st.builds(
        lambda login, id_, substitute, which: ReportAbsence(
            login, id_, substitute, definitions=which
        ),
        logins,
        ids,
        logins,
        definitions,
    ),
    st.builds(TakeOver, logins, ids),
    st.builds(EndAbsence, logins, ids),
    st.builds(SetZone, logins, zones),
)
stories = st.lists(st.tuples(asked, st.integers(0, 20)), max_size=25)


class Organisation:
    """People, decided as the bus does, and the directory as the views would show it at once."""

    def __init__(self) -> None:
        self.at = START
        self.histories: dict[str, list[Event]] = {
            login: [PersonAdded(login, Personal(login, login))] for login in LOGINS
        }
        self.directory = InMemoryDirectory({login: Known() for login in LOGINS})

    @property
    def people(self) -> dict[str, Person]:
        return {login: person_of(history) for login, history in self.histories.items()}

    def do(self, command: PersonCommand) -> bool:
        history = self.histories[command.login]
        world = replace(WORLD, directory=self.directory)
        envelope = an_envelope(command, ROOT, at=self.at)
        try:
            history += decide(HANDLERS[type(command)], recorded(history), envelope, world)
        except RefusedError:
            return False
        person = person_of(history)
        self.directory.people[command.login] = Known(
            zone=person.zone, absences=tuple(person.absences.values())
        )
        return True

    def facts(self) -> DirectoryFacts:
        return self.directory.facts(Needs(frozenset(LOGINS)), "", self.at)


def person_of(history: Sequence[Event]) -> Person:
    person = None
    for event in history:
        person = evolve(person, event)
    assert person is not None
    return person


def told(story: Sequence[tuple[PersonCommand, int]]) -> Organisation:
    organisation = Organisation()
    for command, hours_later in story:
        organisation.at += timedelta(hours=hours_later)
        organisation.do(command)
    return organisation


def away(person: Person, definition: str, at: datetime) -> Absence | None:
    """The model: whole dates where the person lives; what was planned counts first."""
    today = at.astimezone(ZoneInfo(person.zone)).date()
    for each in person.absences.values():
        concerned = not each.definitions or definition in each.definitions
        over = each.ended_at is not None and each.ended_at <= at
        if each.first and each.last and each.first <= today <= each.last and concerned and not over:
            return each
    for each in person.absences.values():
        concerned = not each.definitions or definition in each.definitions
        over = each.ended_at is not None and each.ended_at <= at
        if each.since is not None and each.since <= at and concerned and not over:
            return each
    return None


def expected(organisation: Organisation, login: str, definition: str) -> str | None:
    people, at = organisation.people, organisation.at
    absence = away(people[login], definition, at)
    if absence is None or absence.substitute is None:
        return None
    if absence.since is not None and not absence.taken_over:
        return None
    return None if away(people[absence.substitute], definition, at) else absence.substitute


@given(stories, st.sampled_from(DEFINITIONS), st.integers(0, 24 * 20))
def test_who_stands_in_is_as_the_model_says_and_told_in_words(
    story: Sequence[tuple[PersonCommand, int]], definition: str, hours_later: int
) -> None:
    organisation = told([each for each in story if not isinstance(each[0], SetZone)])
    organisation.at += timedelta(hours=hours_later)
    facts = organisation.facts()
    for login in LOGINS:
        found = stands_in(facts, login, definition, organisation.at)
        model = away(organisation.people[login], definition, organisation.at)
        assert found.away == model
        assert found.substitute == expected(organisation, login, definition)
        assert bool(found.why) == (model is not None)
        assert found.substitute != login
        if found.substitute is not None:
            assert stands_in(facts, found.substitute, definition, organisation.at) == Presence()


@given(stories, st.sampled_from(DEFINITIONS), st.integers(0, 24 * 20))
def test_no_two_stand_in_for_each_other_and_no_day_is_planned_twice(
    story: Sequence[tuple[PersonCommand, int]], definition: str, hours_later: int
) -> None:
    organisation = told([each for each in story if isinstance(each[0], PlanAbsence)])
    at = organisation.at + timedelta(hours=hours_later)
    named = {}
    for login, person in organisation.people.items():
        counting = [
            each
            for each in person.absences.values()
            if (not each.definitions or definition in each.definitions)
            and period(each, person.zone).holds(at)
        ]
        assert len(counting) <= 1
        named[login] = counting[0].substitute if counting else None
    for login, substitute in named.items():
        assert substitute is None or named[substitute] != login


@given(stories, st.sampled_from([*DEFINITIONS, "purchase"]), st.integers(-48, 48))
def test_whom_somebody_represents_is_the_reverse_of_who_stands_in(
    story: Sequence[tuple[PersonCommand, int]], definition: str, hours_ago: int
) -> None:
    organisation = told(story)
    facts, at = organisation.facts(), organisation.at
    opened_at = at - timedelta(hours=hours_ago)
    for substitute in LOGINS:
        covered = [
            each.login
            for each in represents(facts, substitute, at)
            if each.covers(definition, opened_at)
        ]
        found = {login: stands_in(facts, login, definition, at) for login in LOGINS}
        assert covered == [
            login
            for login in LOGINS
            if found[login].substitute == substitute and found[login].reaches(opened_at)
        ]


@given(stories)
def test_facts_of_a_moment_leave_out_nothing_that_counts(
    story: Sequence[tuple[PersonCommand, int]],
) -> None:
    organisation = told(story)
    every = organisation.directory.facts(Needs(frozenset(LOGINS)), "")
    for login in LOGINS:
        for definition in DEFINITIONS:
            found = stands_in(organisation.facts(), login, definition, organisation.at)
            assert found == stands_in(every, login, definition, organisation.at)


def test_of_the_substitute_alone_is_asked_and_of_nobody_where_there_is_none() -> None:
    organisation, today = Organisation(), START.date()
    assert organisation.do(PlanAbsence("ann", "a1", today, today))
    assert organisation.directory.asked == []
    assert organisation.do(ReportAbsence("ann", "a2", "bob"))
    assert organisation.directory.asked == [Needs(frozenset({"bob"}))]
    assert not organisation.do(ReportAbsence("bob", "a1", "eve"))
