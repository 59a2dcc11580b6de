"""Where a flow goes next: which step is needed, and whose decision it awaits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain.conditions import holds
from domain.definition.content import Approver, ApproverKind, Content, FieldKind, Step
from domain.document.events import AssigneeKind, Slot, StepBlocked, StepSkipped, StepStarted
from domain.document.facts import DirectoryFacts, Facts, Needs
from domain.errors import Reason, RefusedError
from domain.metadata import Event
from domain.values import Values


@dataclass(frozen=True)
class Assignee:
    """Who would decide a step, and by which rule."""

    kind: AssigneeKind
    name: str
    why: str


class NobodyError(Exception):
    """A step has nobody who may decide it; the message says why."""

    def __init__(self, message: str, reason: Reason = Reason.NO_APPROVER) -> None:
        super().__init__(message)
        self.reason = reason


def needs(content: Content, values: Values, requester: str, after: str = "") -> Needs:
    """Return of whom the steps after `after` (empty: all) must know."""
    steps = _steps_after(content, after)
    named = [_named(step.approver, values, content) for step in steps]
    people = {name for kind, name in named if kind is AssigneeKind.PERSON and name}
    roles = {name for kind, name in named if kind is AssigneeKind.ROLE and name}
    if any(step.approver.kind is ApproverKind.MANAGER for step in steps):
        people.add(requester)
    return Needs(frozenset(people), frozenset(roles))


def require_approvers(content: Content, values: Values, requester: str, facts: Facts) -> None:
    """Refuse a round that would come to a step which nobody may decide, or to none at all.

    Raises:
        RefusedError: NO_APPROVER, SELF_APPROVAL, or what a condition could not be told.
    """
    needed = 0
    for number, step in enumerate(content.steps):
        if _is_needed(content, step, values):
            needed += 1
            try:
                _assignee(content, step, values, requester, facts.directory)
            except NobodyError as error:
                raise RefusedError(
                    error.reason, f"step {step.name}: {error}", f"steps.{number}.approver"
                ) from error
    if not needed:
        raise RefusedError(
            Reason.NO_APPROVER, "no step of the flow applies: nobody would decide", "steps"
        )


def advance(
    facts: Facts, values: Values, requester: str, round_: int, after: str = ""
) -> Sequence[Event]:
    """Return what happens after the step `after`: skips, then a step that starts or is blocked.

    Ends with a StepSkipped, or is empty, where no further step is needed.
    """
    return list(_advance(facts, values, requester, round_, after))


def _advance(
    facts: Facts, values: Values, requester: str, round_: int, after: str
) -> Iterator[Event]:
    content = facts.definition.content
    for step in _steps_after(content, after):
        if not _is_needed(content, step, values):
            yield StepSkipped(round_, step.name, f"condition is false: {step.condition}")
            continue
        try:
            assignee = _assignee(content, step, values, requester, facts.directory)
        except NobodyError as error:
            yield StepBlocked(round_, step.name, str(error))
        else:
            slot = Slot(
                id=f"{round_}.{step.name}.1",
                kind=assignee.kind,
                assignee=assignee.name,
                why=assignee.why,
                excluded=() if content.self_approval else (requester,),
            )
            yield StepStarted(round_, step.name, (slot,))
        return


def _steps_after(content: Content, after: str) -> Sequence[Step]:
    names = [step.name for step in content.steps]
    return content.steps[names.index(after) + 1 if after else 0 :]


def _is_needed(content: Content, step: Step, values: Values) -> bool:
    return not step.condition or holds(step.condition, content.fields, values)


def _named(approver: Approver, values: Values, content: Content) -> tuple[AssigneeKind | None, str]:
    """Return the person or role that the rule names by itself; no kind for a manager."""
    match approver.kind:
        case ApproverKind.PERSON:
            return AssigneeKind.PERSON, approver.name
        case ApproverKind.ROLE:
            return AssigneeKind.ROLE, approver.name
        case ApproverKind.FIELD:
            field = content.field(approver.name)
            is_role = field is not None and field.kind is FieldKind.ROLE
            value = values.get(approver.name, "")
            return AssigneeKind.ROLE if is_role else AssigneeKind.PERSON, str(value)
    return None, ""


_RULES: Mapping[ApproverKind, str] = {
    ApproverKind.PERSON: "the definition names {name}",
    ApproverKind.ROLE: "the definition names the role {name}",
    ApproverKind.FIELD: "the field {field} names {name}",
    ApproverKind.MANAGER: "{name} is the manager of {requester}",
}


def _assignee(
    content: Content, step: Step, values: Values, requester: str, directory: DirectoryFacts
) -> Assignee:
    """Return who decides the step; raise NobodyError if nobody does, or nobody active."""
    approver = step.approver
    kind, name = _named(approver, values, content)
    if kind is None:
        person = directory.people.get(requester)
        kind, name = AssigneeKind.PERSON, (person.manager if person else None) or ""
        if not name:
            raise NobodyError(f"{requester} has no manager")
    elif not name:
        raise NobodyError(f"the field {approver.name} is empty")
    if kind is AssigneeKind.PERSON:
        found = directory.people.get(name)
        if name == requester and not content.self_approval:
            raise NobodyError(
                f"{requester} would decide on a document of their own", Reason.SELF_APPROVAL
            )
        if found is None or not found.active:
            raise NobodyError(f"{name} is not an active person of the directory")
    elif name not in directory.roles:
        raise NobodyError(f"nobody who may decide holds the role {name}")
    why = _RULES[approver.kind].format(name=name, field=approver.name, requester=requester)
    return Assignee(kind, name, why)
