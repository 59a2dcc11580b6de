"""The contract of the ports Directory and Definitions: what decisions are told of the world."""

from abc import ABC, abstractmethod

from commands.ports import Ports
from domain.definition.commands import PublishDefinition
from domain.definition.steps import Step
from domain.directory.commands import AssignManager, DeactivatePerson, RevokeRole
from domain.document.facts import DirectoryFacts, Needs, PersonFacts, Published
from tests.builders import ANN, ZOE, content, person
from tests.documents import CREATE
from tests.office import WorkspaceOffice, usual_office

NEWER = content(Step("boss", (person("zoe"),)))


class PortsContract(ABC):
    @abstractmethod
    def ports_of(self, office: WorkspaceOffice) -> Ports:
        """Return ports that have seen every event of the office's log."""

    def test_people_are_known_with_their_managers(self) -> None:
        ports = self.ports_of(usual_office((DeactivatePerson("mia"), ZOE)))
        facts = ports.directory.facts(Needs(frozenset({"ann", "fay", "eve"})), "ann")
        assert facts == DirectoryFacts(
            {
                "ann": PersonFacts(active=True, manager="mia"),
                "mia": PersonFacts(active=False, manager="zoe"),
                "fay": PersonFacts(active=True),
            }
        )

    def test_a_role_is_known_that_somebody_active_and_other_holds(self) -> None:
        office = usual_office()
        needs = Needs(roles=frozenset({"finance", "clerk", "admin", "nobodys"}))
        every = {"finance", "clerk", "admin"}
        assert self.ports_of(office).directory.facts(needs, "").roles == every
        assert self.ports_of(office).directory.facts(needs, "ann").roles == every
        assert self.ports_of(office).directory.facts(needs, "zoe").roles == {"finance", "clerk"}
        assert self.ports_of(office).directory.facts(needs, "fay").roles == every
        office.do(DeactivatePerson("fin"), ZOE)
        assert self.ports_of(office).directory.facts(needs, "fay").roles == {"admin"}
        office.do(RevokeRole("fay", "finance"), ZOE)
        assert self.ports_of(office).directory.facts(needs, "").roles == {"admin"}

    def test_who_needs_to_know_nothing_is_told_nothing(self) -> None:
        assert self.ports_of(usual_office()).directory.facts(Needs(), "ann") == DirectoryFacts()

    def test_managers_above_are_told_nearest_first(self) -> None:
        directory = self.ports_of(usual_office((AssignManager("zoe", "fay"), ZOE))).directory
        assert list(directory.managers_above("ann")) == ["mia", "zoe", "fay"]
        assert list(directory.managers_above("fay")) == []
        assert list(directory.managers_above("eve")) == []

    def test_who_is_active_is_told_apart_from_who_is_not_there(self) -> None:
        directory = self.ports_of(usual_office((DeactivatePerson("bob"), ZOE))).directory
        found = [directory.is_active(login) for login in ("ann", "bob", "eve")]
        assert found == [True, False, None]

    def test_other_admins_are_counted_if_they_are_active(self) -> None:
        office = usual_office()
        assert self.ports_of(office).directory.other_admins("ann") == 1
        assert self.ports_of(office).directory.other_admins("zoe") == 0
        office.do(DeactivatePerson("bob"), ZOE)
        assert self.ports_of(office).directory.other_admins("bob") == 1

    def test_versions_are_told_as_they_were_published(self) -> None:
        office = usual_office((CREATE, ANN), (PublishDefinition("purchase", NEWER), ZOE))
        definitions = self.ports_of(office).definitions
        first = Published("purchase", 1, content(), content().hash)
        second = Published("purchase", 2, NEWER, NEWER.hash)
        assert definitions.version("purchase", 1) == first
        assert definitions.latest("purchase") == definitions.version("purchase", 2) == second
        assert definitions.version("purchase", 3) is None
        assert definitions.version("travel", 1) is None
        assert definitions.latest("travel") is None

    def test_a_version_in_force_is_followed_by_the_next(self) -> None:
        office = usual_office()
        before = self.ports_of(office).definitions.latest("purchase")
        office.do(PublishDefinition("purchase", NEWER), ZOE)
        after = self.ports_of(office).definitions.latest("purchase")
        assert (before and before.version, after and after.version) == (1, 2)
