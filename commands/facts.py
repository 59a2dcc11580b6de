"""The facts that each decision is given, asked of the ports: as few questions as it takes."""

from dataclasses import replace

from commands.ports import Ports
from domain.actor import Circumstances
from domain.definition.steps import Return, SelfApproval, walk
from domain.directory.commands import AssignManager, PersonCommand, PlanAbsence, ReportAbsence
from domain.directory.facts import PersonFacts
from domain.directory.person import AdminFacts, ManagerFacts
from domain.document import deciding, flow
from domain.document.commands import (
    CreateDocument,
    DelegateTask,
    DocumentCommand,
    ReassignTask,
    VoteCommand,
)
from domain.document.facts import Facts, Needs, Published
from domain.document.knowing import asks_of_requester, names_by_expression
from domain.document.state import Document, existing
from domain.errors import Reason, RefusedError

#: Where a rejected document stays in its flow.
_WITHIN = frozenset({Return.STEP, Return.PREVIOUS})


def none(_ports: Ports, _state: object, _command: object, _given: Circumstances) -> None:
    """Ask nothing."""


def definition_named(
    ports: Ports, _document: Document | None, command: CreateDocument, given: Circumstances
) -> Facts:
    """Return the version in force of the definition that the command names."""
    return Facts(_in_force(ports, command.definition, given))


def definition_in_force(
    ports: Ports, document: Document | None, _command: DocumentCommand, given: Circumstances
) -> Facts:
    """Return the version in force of the document's definition."""
    return Facts(_in_force(ports, existing(document).definition, given))


def definition_pinned(
    ports: Ports, document: Document | None, _command: DocumentCommand, _given: Circumstances
) -> Facts:
    """Return the version under which the document was created or last submitted."""
    return Facts(_pinned(ports, existing(document)))


def whole_flow(
    ports: Ports, document: Document | None, _command: DocumentCommand, given: Circumstances
) -> Facts:
    """Return the version in force, and what is known of everybody whom its flow names."""
    found = existing(document)
    begun = _begun(ports, _in_force(ports, found.definition, given), found, given)
    return _with_directory(ports, begun, flow.needs_of_all(found, begun, given.since), found, given)


def rest_of_flow(
    ports: Ports, document: Document | None, command: VoteCommand, given: Circumstances
) -> Facts:
    """Return the pinned version, and what is known of everybody whom its later steps name.

    Where the actor has no slot of their own, also of those in whose place they may decide.
    """
    found = existing(document)
    begun = _begun(ports, _pinned(ports, found), found, given)
    needs = flow.needs_of_rest(found, begun, given.since)
    needs = _and_represented(needs, found, command, given)
    return _with_directory(ports, begun, needs, found, given)


def flow_after_a_vote(
    ports: Ports, document: Document | None, command: VoteCommand, given: Circumstances
) -> Facts:
    """Return the pinned version, and of the directory what a vote that is no approval can need.

    Where the flow can go back, that is everybody whom it names; where such a vote can be the last
    that an approval waits for, everybody whom later steps name. And as for an approval, those in
    whose place the actor may decide.
    """
    found = existing(document)
    begun = _begun(ports, _pinned(ports, found), found, given)
    needs = Needs()
    if any(step.rejection.to in _WITHIN for step in walk(begun.definition.content.steps)):
        needs = flow.needs_of_all(found, begun, given.since)
    elif any(len(stage.seats) > 1 and stage.waiting for stage in found.stages.values()):
        needs = flow.needs_of_rest(found, begun, given.since)
    needs = _and_represented(needs, found, command, given)
    return _with_directory(ports, begun, needs, found, given)


def _and_represented(
    needs: Needs, document: Document, command: VoteCommand, given: Circumstances
) -> Needs:
    """Return the needs, and those in whose place the actor may decide."""
    represented = deciding.represented(document, command.step, given)
    return replace(needs, people=needs.people | represented)


def whole_flow_pinned(
    ports: Ports, document: Document | None, _command: DocumentCommand, given: Circumstances
) -> Facts:
    """Return the pinned version, and what is known of everybody whom its flow names."""
    found = existing(document)
    begun = _begun(ports, _pinned(ports, found), found, given)
    return _with_directory(ports, begun, flow.needs_of_all(found, begun, given.since), found, given)


def who_is_to(
    ports: Ports,
    _document: Document | None,
    command: DelegateTask | ReassignTask,
    given: Circumstances,
) -> PersonFacts | None:
    """Return what is known of whom a slot is to be given to; None: there is no such person."""
    needs = Needs(frozenset({command.to}))
    return ports.directory.facts(needs, "", given.at).people.get(command.to)


def manager(
    ports: Ports, _person: object, command: AssignManager, _given: Circumstances
) -> ManagerFacts:
    """Return what is known of the proposed manager."""
    if command.manager is None:
        return ManagerFacts(exists=True, chain=())
    active = ports.directory.is_active(command.manager)
    above = ports.directory.managers_above(command.manager)
    return ManagerFacts(exists=active is not None, chain=tuple(above))


def substitute(
    ports: Ports, _person: object, command: PlanAbsence | ReportAbsence, given: Circumstances
) -> PersonFacts | None:
    """Return what is known of the proposed substitute and what they plan; None: nobody."""
    if command.substitute is None:
        return None
    needs = Needs(frozenset({command.substitute}))
    return ports.directory.facts(needs, "", given.at).people.get(command.substitute)


def other_admins(
    ports: Ports, _person: object, command: PersonCommand, _given: Circumstances
) -> AdminFacts:
    """Return how many others could still administrate."""
    return AdminFacts(others=ports.directory.other_admins(command.login))


def _begun(ports: Ports, published: Published, document: Document, given: Circumstances) -> Facts:
    """Return what must be known to tell of whom else to ask: whom an expression gives."""
    facts = Facts(published)
    if not names_by_expression(published.content) or not asks_of_requester(published.content):
        return facts
    return _with_directory(ports, facts, Needs(frozenset({document.requester})), document, given)


def _with_directory(
    ports: Ports, begun: Facts, needs: Needs, document: Document, given: Circumstances
) -> Facts:
    if not needs:
        return begun
    allowed = begun.definition.content.self_approval is SelfApproval.ALLOW
    but_not = "" if allowed else document.requester
    return Facts(begun.definition, ports.directory.facts(needs, but_not, given.at))


def _in_force(ports: Ports, name: str, given: Circumstances) -> Published:
    published = ports.definitions.latest(name, given.at)
    if published is None:
        raise RefusedError(Reason.NOT_FOUND, f"there is no definition {name}", "definition")
    return published


def _pinned(ports: Ports, document: Document) -> Published:
    published = ports.definitions.version(document.definition, document.definition_version)
    if published is None:
        raise RefusedError(
            Reason.NOT_FOUND,
            f"version {document.definition_version} of {document.definition} is not known here yet",
            "definition",
        )
    return published
