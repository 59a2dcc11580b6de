"""Every command: its stream, its facts, its decision. The index of the write side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from commands import facts
from commands.ports import Ports
from domain.actor import Circumstances
from domain.command import Command
from domain.definition import definition
from domain.definition.commands import PublishDefinition
from domain.directory import person
from domain.directory.commands import (
    AddPerson,
    AssignManager,
    DeactivatePerson,
    GrantRole,
    IssueToken,
    ReactivatePerson,
    RevokeRole,
    RevokeToken,
)
from domain.document import decide
from domain.document import state as document
from domain.document.commands import (
    AddComment,
    ApproveStep,
    CreateDocument,
    ReachMilestone,
    RejectStep,
    ReviseDocument,
    SubmitDocument,
    WithdrawDocument,
)
from domain.metadata import Event
from domain.streams import definition_stream, person_stream

StreamOf = Callable[[Any], UUID]
Evolve = Callable[[Any, Any], Any]
FactsOf = Callable[[Ports, Any, Any], Any]
Decide = Callable[[Any, Any, Circumstances, Any], Sequence[Event]]


@dataclass(frozen=True)
class Aggregate:
    """A kind of stream."""

    stream: StreamOf
    evolve: Evolve


@dataclass(frozen=True)
class Handler:
    """How one command is handled: load the stream, gather facts, decide."""

    aggregate: Aggregate
    decide: Decide
    facts: FactsOf


DOCUMENT = Aggregate(lambda command: command.document, document.evolve)
PERSON = Aggregate(lambda command: person_stream(command.login), person.evolve)
DEFINITION = Aggregate(lambda command: definition_stream(command.definition), definition.evolve)

HANDLERS: Mapping[type[Command], Handler] = {
    PublishDefinition: Handler(DEFINITION, definition.publish, facts.none),
    AddPerson: Handler(PERSON, person.add_person, facts.none),
    GrantRole: Handler(PERSON, person.grant_role, facts.none),
    RevokeRole: Handler(PERSON, person.revoke_role, facts.other_admins),
    AssignManager: Handler(PERSON, person.assign_manager, facts.manager),
    DeactivatePerson: Handler(PERSON, person.deactivate_person, facts.other_admins),
    ReactivatePerson: Handler(PERSON, person.reactivate_person, facts.none),
    IssueToken: Handler(PERSON, person.issue_token, facts.none),
    RevokeToken: Handler(PERSON, person.revoke_token, facts.none),
    CreateDocument: Handler(DOCUMENT, decide.create, facts.definition_named),
    ReviseDocument: Handler(DOCUMENT, decide.revise, facts.definition_in_force),
    SubmitDocument: Handler(DOCUMENT, decide.submit, facts.whole_flow),
    ApproveStep: Handler(DOCUMENT, decide.approve, facts.rest_of_flow),
    RejectStep: Handler(DOCUMENT, decide.reject, facts.none),
    WithdrawDocument: Handler(DOCUMENT, decide.withdraw, facts.none),
    AddComment: Handler(DOCUMENT, decide.comment, facts.none),
    ReachMilestone: Handler(DOCUMENT, decide.reach_milestone, facts.definition_pinned),
}
