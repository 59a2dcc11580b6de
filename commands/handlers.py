"""Every command: its stream, its facts, its decision. The index of the write side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from commands import facts
from commands.ports import Ports
from domain.actor import Circumstances
from domain.calendar import calendar
from domain.calendar.commands import AddHolidays, DefineCalendar
from domain.command import Command
from domain.definition import definition, publishing
from domain.definition.commands import (
    ApprovePublication,
    DeprecateVersion,
    ProposePublication,
    PublishDefinition,
    SaveDraft,
)
from domain.directory import mailing, person, planning, ranking
from domain.directory.commands import (
    AddPerson,
    AssignManager,
    DeactivatePerson,
    EndAbsence,
    GrantRole,
    IssueToken,
    PlanAbsence,
    ReactivatePerson,
    ReportAbsence,
    RevokeRole,
    RevokeToken,
    SetDepartment,
    SetLevel,
    SetLimits,
    SetMailAddress,
    SetNotices,
    SetZone,
    TakeOver,
)
from domain.document import decide, deciding, handing_over
from domain.document import state as document
from domain.document.commands import (
    AbstainFromStep,
    AddComment,
    ApproveStep,
    ClaimTask,
    CreateDocument,
    DelegateTask,
    DiscardDocument,
    HandBackTask,
    ReachMilestone,
    ReassignTask,
    RecallVote,
    RecuseFromStep,
    RejectStep,
    ReleaseTask,
    ReviseDocument,
    RouteAgain,
    SubmitDocument,
    WithdrawDocument,
)
from domain.job import decide as decide_job
from domain.job import job
from domain.job.commands import (
    FailJob,
    ReportProgress,
    RequestJob,
    RetryJob,
    StartJob,
    SucceedJob,
)
from domain.metadata import Event
from domain.streams import calendar_stream, definition_stream, person_stream

StreamOf = Callable[[Any], UUID]
Evolve = Callable[[Any, Any], Any]
FactsOf = Callable[[Ports, Any, Any, Circumstances], Any]
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
    begins: bool = False
    """It begins a stream of its own, so there is nothing to load; the append finds out if not."""


DOCUMENT = Aggregate(lambda command: command.document, document.evolve)
PERSON = Aggregate(lambda command: person_stream(command.login), person.evolve)
DEFINITION = Aggregate(lambda command: definition_stream(command.definition), definition.evolve)
CALENDAR = Aggregate(lambda command: calendar_stream(command.calendar), calendar.evolve)
JOB = Aggregate(lambda command: command.job, job.evolve)

HANDLERS: Mapping[type[Command], Handler] = {
    PublishDefinition: Handler(DEFINITION, publishing.publish, facts.none),
    SaveDraft: Handler(DEFINITION, publishing.save_draft, facts.none),
    ProposePublication: Handler(DEFINITION, publishing.propose, facts.none),
    ApprovePublication: Handler(DEFINITION, publishing.approve, facts.none),
    DeprecateVersion: Handler(DEFINITION, publishing.deprecate, facts.none),
    DefineCalendar: Handler(CALENDAR, calendar.define, facts.none),
    AddHolidays: Handler(CALENDAR, calendar.add_holidays, facts.none),
    AddPerson: Handler(PERSON, person.add_person, facts.none),
    GrantRole: Handler(PERSON, person.grant_role, facts.none),
    RevokeRole: Handler(PERSON, person.revoke_role, facts.other_admins),
    AssignManager: Handler(PERSON, person.assign_manager, facts.manager),
    DeactivatePerson: Handler(PERSON, person.deactivate_person, facts.other_admins),
    ReactivatePerson: Handler(PERSON, person.reactivate_person, facts.none),
    IssueToken: Handler(PERSON, person.issue_token, facts.none),
    RevokeToken: Handler(PERSON, person.revoke_token, facts.none),
    SetMailAddress: Handler(PERSON, mailing.set_mail_address, facts.none),
    SetNotices: Handler(PERSON, mailing.set_notices, facts.none),
    SetLevel: Handler(PERSON, ranking.set_level, facts.none),
    SetDepartment: Handler(PERSON, ranking.set_department, facts.none),
    SetLimits: Handler(PERSON, ranking.set_limits, facts.none),
    SetZone: Handler(PERSON, planning.set_zone, facts.none),
    PlanAbsence: Handler(PERSON, planning.plan_absence, facts.substitute),
    ReportAbsence: Handler(PERSON, planning.report_absence, facts.substitute),
    TakeOver: Handler(PERSON, planning.take_over, facts.none),
    EndAbsence: Handler(PERSON, planning.end_absence, facts.none),
    CreateDocument: Handler(DOCUMENT, decide.create, facts.definition_named, begins=True),
    ReviseDocument: Handler(DOCUMENT, decide.revise, facts.definition_in_force),
    SubmitDocument: Handler(DOCUMENT, decide.submit, facts.whole_flow),
    ApproveStep: Handler(DOCUMENT, deciding.approve, facts.rest_of_flow),
    RejectStep: Handler(DOCUMENT, deciding.reject, facts.flow_after_a_vote),
    AbstainFromStep: Handler(DOCUMENT, deciding.abstain, facts.flow_after_a_vote),
    RecuseFromStep: Handler(DOCUMENT, deciding.recuse, facts.rest_of_flow),
    RecallVote: Handler(DOCUMENT, deciding.recall, facts.none),
    DelegateTask: Handler(DOCUMENT, handing_over.delegate, facts.who_is_to),
    HandBackTask: Handler(DOCUMENT, handing_over.hand_back, facts.none),
    ReassignTask: Handler(DOCUMENT, handing_over.reassign, facts.who_is_to),
    RouteAgain: Handler(DOCUMENT, handing_over.route_again, facts.whole_flow_pinned),
    ClaimTask: Handler(DOCUMENT, handing_over.claim, facts.none),
    ReleaseTask: Handler(DOCUMENT, handing_over.release, facts.none),
    WithdrawDocument: Handler(DOCUMENT, decide.withdraw, facts.none),
    DiscardDocument: Handler(DOCUMENT, decide.discard, facts.none),
    AddComment: Handler(DOCUMENT, decide.comment, facts.none),
    ReachMilestone: Handler(DOCUMENT, decide.reach_milestone, facts.definition_pinned),
    RequestJob: Handler(JOB, decide_job.request, facts.none, begins=True),
    StartJob: Handler(JOB, decide_job.start, facts.none),
    ReportProgress: Handler(JOB, decide_job.progress, facts.none),
    SucceedJob: Handler(JOB, decide_job.succeed, facts.none),
    FailJob: Handler(JOB, decide_job.fail, facts.none),
    RetryJob: Handler(JOB, decide_job.retry, facts.none),
}
