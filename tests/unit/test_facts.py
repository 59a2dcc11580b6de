"""The facts that decisions are given: as few questions as it takes, and the right ones."""

from dataclasses import replace

import pytest

from commands.handlers import HANDLERS
from commands.ports import Ports
from domain.actor import Actor, Circumstances
from domain.definition.steps import Step
from domain.directory.commands import AssignManager, DeactivatePerson, RevokeRole
from domain.directory.events import PersonAdded, RoleGranted
from domain.directory.person import AdminFacts, ManagerFacts
from domain.document.commands import AddComment, ApproveStep, RejectStep, WithdrawDocument
from domain.document.facts import Needs
from domain.document.state import fold
from domain.errors import Reason
from domain.metadata import Event
from domain.values import Personal
from tests.builders import (
    AT,
    DOCUMENT,
    FAY,
    MIA,
    ZOE,
    Given,
    content,
    directory,
    given,
    manager,
    named_by,
    person,
    ports,
    role,
)
from tests.documents import APPROVE, REVISION, SUBMIT, created, draft, pending
from tests.fakes import InMemoryDirectory, Known

GIVEN = Circumstances(Actor("zoe"), AT)


def asked(world: Ports) -> list[Needs]:
    assert isinstance(world.directory, InMemoryDirectory)
    return world.directory.asked


def test_a_submission_asks_once_of_everybody_whom_the_flow_names() -> None:
    flow = content(
        Step("lead", (manager(),)),
        Step("boss", (person("zoe"),)),
        Step("money", (role("finance"),)),
        Step("stand_in", (named_by("deputy"),)),
    )
    found = Given([created(title="Desk", deputy="bob")], ports(flow))
    found.after(SUBMIT)
    assert asked(found.world) == [
        Needs(frozenset({"zoe", "bob"}), frozenset({"finance"}), frozenset({"ann"}))
    ]


def test_an_approval_asks_of_what_is_left() -> None:
    found = pending().where(ports())
    found.after(APPROVE, MIA)
    assert asked(found.world) == [Needs(roles=frozenset({"finance"}))]


def test_the_approval_of_the_last_step_asks_nobody() -> None:
    found = Given([created()], ports(content(Step("boss", (person("zoe"),))))).after(SUBMIT)
    asked(found.world).clear()
    found.after(APPROVE, ZOE)
    assert asked(found.world) == []


@pytest.mark.parametrize(
    "command",
    [RejectStep(DOCUMENT, REVISION, "no"), WithdrawDocument(DOCUMENT), AddComment(DOCUMENT, "hi")],
    ids=lambda command: command.NAME,
)
def test_what_needs_no_facts_asks_nobody(command) -> None:
    world = ports()
    by = MIA if isinstance(command, RejectStep) else Actor("ann")
    pending().where(world).after(command, by)
    assert asked(world) == []


def test_an_approval_of_what_does_not_wait_is_refused_all_the_same() -> None:
    found = draft()
    assert fold(found.history) is not None
    found.when(ApproveStep(DOCUMENT, REVISION), FAY).refused(Reason.WRONG_STATUS)
    given().when(ApproveStep(DOCUMENT, REVISION), FAY).refused(Reason.NOT_FOUND, "document")


def test_a_proposed_manager_is_known_with_everybody_above() -> None:
    chain = {"a": Known(manager="b"), "b": Known(manager="c"), "c": Known(active=False)}
    world = Ports(InMemoryDirectory(chain), ports().definitions, ports().calendars)
    gather = HANDLERS[AssignManager].facts
    assert gather(world, None, AssignManager("x", "a"), GIVEN) == ManagerFacts(
        exists=True, chain=("b", "c")
    )
    assert gather(world, None, AssignManager("x", "c"), GIVEN) == ManagerFacts(
        exists=True, chain=()
    )
    assert gather(world, None, AssignManager("x", "z"), GIVEN) == ManagerFacts(
        exists=False, chain=()
    )
    gather(world, None, AssignManager("x", None), GIVEN)


def test_nobody_becomes_the_manager_of_their_own_manager() -> None:
    history: list[Event] = [PersonAdded("mia", Personal("mia", "Mia"))]
    Given(history).when(AssignManager("mia", "ann"), ZOE).refused(Reason.INVALID, "manager")
    Given(history).after(AssignManager("mia", "fay"), ZOE)


@pytest.mark.parametrize("command", [DeactivatePerson("zoe"), RevokeRole("zoe", "admin")])
def test_the_last_admin_stays(command) -> None:
    history: list[Event] = [
        PersonAdded("zoe", Personal("zoe", "Zoe")),
        RoleGranted("zoe", "admin"),
    ]
    Given(history).when(command, ZOE).refused(Reason.NOT_ALLOWED, "login")
    two = replace(ports(), directory=directory(bob=Known(roles=ZOE.roles)))
    Given(history, two).after(command, ZOE)
    assert HANDLERS[type(command)].facts(two, None, command, GIVEN) == AdminFacts(others=1)
    gone = replace(ports(), directory=directory(bob=Known(active=False, roles=ZOE.roles)))
    Given(history, gone).when(command, ZOE).refused(Reason.NOT_ALLOWED, "login")
