"""From a case to its commands: pure, and the same for the same case on every machine.

A case is a document: created as a draft at the case's first event, with the amount, the budget
number and the approvers of the first round, so that one command does what would take two. Each
further event drives one command, as it says. A later round in which other roles act has its
fields revised before it is submitted: both commands are that one event's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from domain.command import Command
from domain.definition.fields import parse_values
from domain.document.commands import (
    ApproveStep,
    CreateDocument,
    ReachMilestone,
    RejectStep,
    ReviseDocument,
    SubmitDocument,
    WithdrawDocument,
)
from domain.errors import RefusedError
from domain.streams import NAMESPACE
from domain.values import revision_of
from infra.importing.activity import Kind, approvers_of, understood
from infra.importing.amount import Amount, in_cents
from infra.importing.cases import Case, LoggedEvent
from infra.importing.declaration import (
    DEFINITION,
    MOST_APPROVERS,
    REQUESTER,
    approver_field,
    content,
)


@dataclass(frozen=True)
class Content:
    """A document's fields at a moment."""

    values: Mapping[str, object]
    revision: str

    @classmethod
    def of(cls, values: Mapping[str, object]) -> "Content":
        """Return these values with what the engine will call them."""
        return cls(values, _revision_of(values))


@dataclass(frozen=True)
class Planned:
    """One command, and when it was given in the world."""

    kind: Kind
    command: Command
    command_id: str
    role: str
    """The role that gives it."""
    effective_at: datetime
    content: Content | None = None
    """What the document's fields are after it, if it changes them."""


@dataclass(frozen=True)
class Line:
    """What one event asks for."""

    kind: Kind
    role: str
    event: LoggedEvent
    number: int
    """The event's place in its case, from 0."""
    content: Content | None = None
    """What the document's fields must be in the round that it begins, if it begins one."""


@dataclass(frozen=True)
class Plan:
    """What a case asks for."""

    case: str
    document: UUID
    content: Content
    """What the document begins with."""
    lines: tuple[Line, ...]
    """One for each event."""
    approvers: int
    """How many approvers the longest round has."""
    roles: frozenset[str]
    """The roles that must be held by somebody."""
    is_rounded: bool
    """The amount had more decimals than cents have."""

    def creation(self) -> Planned:
        """Return the command at the case's first event."""
        event = self.lines[0].event
        command = CreateDocument(self.document, DEFINITION, self.content.values)
        return Planned(Kind.CREATE, command, self._id("create"), REQUESTER, event.at, self.content)

    def commands(self, line: Line, now: Content) -> Sequence[Planned]:
        """Return the commands of one event, of which each needs the one before it.

        `now` is what the document's fields are: it says what must be revised, and it is what
        whoever decides has seen.
        """
        planned = []
        if line.content is not None and line.content.values != now.values:
            planned.append(self._revision(line, line.content, now))
        command = self._command(line, now.revision)
        if command is not None:
            name = self._id(str(line.number))
            planned.append(Planned(line.kind, command, name, line.role, line.event.at))
        return planned

    def _revision(self, line: Line, wanted: Content, now: Content) -> Planned:
        changes = {
            name: wanted.values.get(name)
            for name in sorted(now.values.keys() | wanted.values.keys())
            if wanted.values.get(name) != now.values.get(name)
        }
        command = ReviseDocument(self.document, changes)
        name = self._id(f"{line.number}:revise")
        return Planned(Kind.REVISE, command, name, line.role, line.event.at, wanted)

    def _command(self, line: Line, revision: str) -> Command | None:
        match line.kind:
            case Kind.SUBMIT:
                return SubmitDocument(self.document)
            case Kind.APPROVE:
                return ApproveStep(self.document, revision)
            case Kind.REJECT:
                return RejectStep(self.document, revision, reason=line.event.activity)
            case Kind.WITHDRAW:
                return WithdrawDocument(self.document, reason=line.event.activity)
            case Kind.PAYMENT_REQUESTED | Kind.PAYMENT_HANDLED:
                return ReachMilestone(self.document, line.kind.value)
            case _:
                return None

    def _id(self, name: str) -> str:
        return f"import:{self.case}:{name}"


def plan_case(case: Case) -> Plan:
    """Return what a case asks for; what the engine will refuse is planned all the same."""
    steps = understood([event.activity for event in case.events])
    amount = in_cents(case.attributes.get("Amount", ""))
    described = _described(case, amount)
    rounds = {
        number: approvers_of(steps[number + 1 :])
        for number, step in enumerate(steps)
        if step.kind is Kind.SUBMIT
    }
    contents = {
        number: Content.of({**described, **_named(roles)}) for number, roles in rounds.items()
    }
    lines = tuple(
        Line(step.kind, step.role, event, number, contents.get(number))
        for number, (step, event) in enumerate(zip(steps, case.events, strict=True))
    )
    return Plan(
        case=case.name,
        document=document_of(case.name),
        content=next(iter(contents.values()), None) or Content.of(described),
        lines=lines,
        approvers=max(map(len, rounds.values()), default=0),
        roles=frozenset({step.role for step in steps if step.role}.union(*rounds.values())),
        is_rounded=amount.is_rounded,
    )


def document_of(case_name: str) -> UUID:
    """Return the document that a case becomes."""
    return uuid5(NAMESPACE, f"import:{DEFINITION}:{case_name}")


def _described(case: Case, amount: Amount) -> Mapping[str, object]:
    """Return the fields that no round changes."""
    values: dict[str, object] = {}
    if amount.text:
        values["amount"] = {"amount": amount.text, "currency": "EUR"}
    if budget_number := case.attributes.get("BudgetNumber", ""):
        values["budget_number"] = budget_number
    return values


def _named(approvers: Sequence[str]) -> Mapping[str, object]:
    return {approver_field(number): role for number, role in enumerate(approvers, 1)}


#: With as many fields as any version has: the revision is the same under each of them.
_DEFINED = content(MOST_APPROVERS)


def _revision_of(values: Mapping[str, object]) -> str:
    """Return what the engine will call this content; nothing where it refuses it anyway."""
    try:
        parsed = parse_values(_DEFINED, values)
    except RefusedError:
        return ""
    return revision_of({name: value for name, value in parsed.items() if value is not None})
