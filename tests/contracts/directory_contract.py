"""The contract of the port Directory's facts: ranks, limits, absences, chains, members."""

from abc import ABC, abstractmethod
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from commands.ports import Ports
from domain.actor import SYSTEM, Actor
from domain.command import Command
from domain.directory.absence import Absence
from domain.directory.authority import Limit
from domain.directory.chain import LinkState, chain
from domain.directory.commands import (
    AddPerson,
    AssignManager,
    DeactivatePerson,
    EndAbsence,
    GrantRole,
    PersonCommand,
    PlanAbsence,
    ReportAbsence,
    RevokeRole,
    SetDepartment,
    SetLevel,
    SetLimits,
    SetZone,
    TakeOver,
)
from domain.directory.facts import LONGEST_CHAIN, DirectoryFacts, Needs, PersonFacts
from domain.directory.standing_in import stands_in
from tests.builders import ANN, AT, BOB, FAY, MIA, ZOE
from tests.office import USUAL, WorkspaceOffice

DAY = timedelta(days=1)
TODAY = AT.date()
LIMITS = (Limit(None), Limit(Decimal("5000.00"), "EUR", "purchase"))


def people_of(*further: tuple[Command, Actor]) -> WorkspaceOffice:
    """Return the usual world without its definitions."""
    return WorkspaceOffice(*(each for each in USUAL if isinstance(each, PersonCommand)), *further)


def people(*logins: str) -> Needs:
    return Needs(people=frozenset(logins))


class DirectoryContract(ABC):
    @abstractmethod
    def ports_of(self, office: WorkspaceOffice) -> Ports:
        """Return ports that have seen every event of the office's log."""

    def facts(self, office: WorkspaceOffice, needs: Needs, but_not: str = "") -> DirectoryFacts:
        return self.ports_of(office).directory.facts(needs, but_not, AT)

    def test_who_says_nothing_of_a_person_knows_no_more(self) -> None:
        facts = self.facts(people_of(), people("mia", "eve"))
        assert facts.people == {
            "mia": PersonFacts(active=True, manager="zoe"),
            "zoe": PersonFacts(active=True),
        }

    def test_a_persons_place_in_the_organisation_is_told(self) -> None:
        office = people_of(
            (SetLevel("ann", 3), ZOE),
            (SetLevel("ann", 4), ZOE),
            (SetDepartment("ann", "Forschung & Größe"), ZOE),
            (SetLimits("ann", LIMITS), ZOE),
            (SetZone("ann", "Europe/Amsterdam"), ANN),
            (SetLevel("fay", 1), ZOE),
            (SetLevel("fay", None), ZOE),
            (SetLimits("fay", LIMITS), ZOE),
            (SetLimits("fay", ()), ZOE),
        )
        facts = self.facts(office, people("ann", "fay"))
        assert facts.people["ann"] == PersonFacts(
            active=True,
            manager="mia",
            level=4,
            department="Forschung & Größe",
            limits=LIMITS,
            zone="Europe/Amsterdam",
        )
        assert facts.people["fay"] == PersonFacts(active=True)

    def test_absences_are_told_with_the_substitutes_and_no_cascade(self) -> None:
        office = people_of(
            (PlanAbsence("ann", "a1", TODAY, TODAY + DAY, "bob", False, ("travel", "leave")), ANN),
            (PlanAbsence("bob", "b1", TODAY, TODAY, "fay"), BOB),
            (PlanAbsence("bob", "b2", TODAY + 30 * DAY, TODAY + 31 * DAY), BOB),
            (ReportAbsence("mia", "m1", "zoe"), MIA),
            (TakeOver("mia", "m1"), ZOE),
        )
        facts = self.facts(office, people("ann"))
        assert facts.people.keys() == {"ann", "mia", "bob", "zoe"}, "not the substitutes' own"
        assert facts.people["ann"].absences == (
            Absence(
                "a1",
                TODAY,
                TODAY + DAY,
                substitute="bob",
                open_tasks=False,
                definitions=("leave", "travel"),
            ),
        )
        assert [each.id for each in facts.people["bob"].absences] == ["b1", "b2"]
        assert facts.people["mia"].absences == (
            Absence("m1", since=AT, substitute="zoe", taken_over=True),
        )
        assert stands_in(facts, "mia", "purchase", AT).substitute == "zoe"
        assert stands_in(facts, "ann", "travel", AT).substitute is None

    def test_absences_that_are_over_are_not_told_but_where_no_moment_is_named(self) -> None:
        office = people_of(
            (PlanAbsence("ann", "a1", TODAY, TODAY, "fay"), ANN),
            (ReportAbsence("ann", "a2", "fin"), ANN),
            (EndAbsence("ann", "a2"), ANN),
            (PlanAbsence("ann", "a3", TODAY + DAY, TODAY + DAY, "bob"), ANN),
            (EndAbsence("ann", "a3"), ANN),
        )
        directory = self.ports_of(office).directory
        every = directory.facts(people("ann"), "")
        assert [each.id for each in every.people["ann"].absences] == ["a1", "a2"]
        assert every.people["ann"].absences[1].ended_at == AT
        later = directory.facts(people("ann"), "", AT + 3 * DAY)
        assert later.people["ann"].absences == ()
        assert "fay" not in later.people

    def test_who_holds_a_role_is_told_by_login_and_only_who_is_active(self) -> None:
        office = people_of(
            (GrantRole("bob", "finance"), ZOE),
            (GrantRole("ann", "finance"), ZOE),
            (DeactivatePerson("ann"), ZOE),
            (RevokeRole("fay", "finance"), ZOE),
            (PlanAbsence("fin", "f1", TODAY, TODAY, "mia"), SYSTEM),
        )
        needs = Needs(roles=frozenset({"finance", "clerk", "nobodys"}))
        facts = self.facts(office, needs)
        assert facts.members == {"finance": ("bob", "fin"), "clerk": ("fin",)}
        assert facts.roles == {"finance", "clerk"}
        assert facts.people.keys() == {"bob", "fin", "mia"}
        assert self.facts(office, needs, "fin").roles == {"finance"}
        assert self.facts(office, needs, "fin").members == facts.members

    def test_a_chain_is_told_to_its_top_and_past_vacancies(self) -> None:
        office = people_of(
            (AssignManager("zoe", "fay"), ZOE),
            (DeactivatePerson("mia"), ZOE),
            (ReportAbsence("fay", "f1", "bob"), FAY),
        )
        facts = self.facts(office, Needs(chains=frozenset({"ann", "eve"})))
        assert facts.people.keys() == {"ann", "mia", "zoe", "fay", "bob"}
        assert [(each.login, each.state) for each in chain(facts, "ann")] == [
            ("mia", LinkState.VACANT),
            ("zoe", LinkState.ACTIVE),
            ("fay", LinkState.ACTIVE),
        ]
        assert [each.state for each in chain(facts, "eve")] == [LinkState.UNKNOWN]

    def test_a_chain_is_told_to_one_level_more_than_it_may_have(self) -> None:
        logins = [f"p{number:02}" for number in range(LONGEST_CHAIN + 5)]
        office = people_of(
            *((AddPerson(login, login), ZOE) for login in logins),
            *((AssignManager(below, above), ZOE) for below, above in pairwise(logins)),
        )
        facts = self.facts(office, Needs(chains=frozenset({"p00"})))
        assert sorted(facts.people) == logins[: LONGEST_CHAIN + 2]
        found = chain(facts, "p00")
        assert [each.login for each in found] == logins[1 : LONGEST_CHAIN + 2]
        assert [each.state for each in found[-2:]] == [LinkState.ACTIVE, LinkState.TOO_LONG]

    def test_a_substitute_is_asked_of_what_they_have_planned(self) -> None:
        office = people_of(
            (PlanAbsence("ann", "a1", date(2027, 7, 1), date(2027, 7, 9), "bob"), ANN)
        )
        found = self.ports_of(office).directory.facts(people("ann"), "").people["ann"]
        assert [(each.id, each.substitute) for each in found.absences] == [("a1", "bob")]
