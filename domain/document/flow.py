"""Where a flow goes next: which steps begin, are skipped, kept or blocked, and how it goes back."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from domain.definition.content import Content
from domain.definition.steps import Duplicates, Return, Step, walk
from domain.directory.facts import Needs
from domain.document import tree
from domain.document.counting import Ballot, Vote, outcome, possible
from domain.document.events import (
    AssigneeKind,
    BlockStarted,
    DocumentApproved,
    DocumentRejected,
    DocumentReturned,
    FlowWentBack,
    Slot,
    StepBlocked,
    StepKept,
    StepSkipped,
    StepStarted,
)
from domain.document.facts import Facts
from domain.document.knowing import known
from domain.document.needs import needs
from domain.document.routing import Case, NobodyError, Place, applies, route
from domain.document.stage import Standing
from domain.document.state import Document, evolve
from domain.errors import Reason, RefusedError
from domain.metadata import Event


def needs_of_rest(document: Document, facts: Facts, at: datetime) -> Needs:
    """Return of whom the steps that have not begun in this round must know.

    `facts` may know of nobody yet but the requester, if `asks_of_requester` says so.
    """
    steps = walk(facts.definition.content.steps)
    rest = [step for step in steps if step.name not in document.stages]
    return needs(case_of(document, facts, at), rest)


def needs_of_all(document: Document, facts: Facts, at: datetime) -> Needs:
    """Return of whom the steps of a whole round must know; `facts` as for `needs_of_rest`."""
    return needs(case_of(document, facts, at), walk(facts.definition.content.steps))


def require_approvers(document: Document, facts: Facts, at: datetime) -> None:
    """Refuse a round that would come to a step which nobody may decide, or to none at all.

    Raises:
        RefusedError: NO_APPROVER, SELF_APPROVAL, or what a condition could not be told.
    """
    case = case_of(document, facts, at)
    needed = 0
    for step, place in _needed(case, case.content.steps, "steps"):
        needed += 1
        try:
            route(case, step)
        except NobodyError as error:
            raise RefusedError(
                error.reason, f"step {step.name}: {error}", f"{place}.approvers"
            ) from error
    if not needed:
        raise RefusedError(
            Reason.NO_APPROVER, "no step of the flow applies: nobody would decide", "steps"
        )


def _needed(case: Case, steps: Sequence[Step], place: str) -> Iterator[tuple[Step, str]]:
    """Yield the steps with approvers whose conditions hold now, with their places."""
    for number, step in enumerate(steps):
        at = f"{place}.{number}"
        if not applies(case, step.condition):
            continue
        if not step.branches:
            yield step, at
        for side, branch in enumerate(step.branches):
            yield from _needed(case, branch, f"{at}.branches.{side}")


def advance(document: Document, facts: Facts, at: datetime) -> Sequence[Event]:
    """Return what happens next to a pending document of which nothing is left to be decided now.

    Every step that may begin does, or is skipped, kept or blocked; where none is left, the
    document is approved. Empty, where other steps are waited for.
    """
    found: list[Event] = []
    steps = facts.definition.content.steps
    while begins := list(tree.reached(steps, document.stages)):
        for step in begins:
            event = _begin(document, facts, step, at)
            document = evolve(document, event)
            found.append(event)
    if tree.are_over(steps, document.stages):
        found.append(DocumentApproved(document.round))
    return found


def begin_again(document: Document, facts: Facts, name: str, at: datetime) -> Sequence[Event]:
    """Return what happens when a blocked step is begun anew; votes cast there count no longer.

    Raises:
        RefusedError: NO_APPROVER: it would be blocked again.
    """
    step = facts.definition.content.step(name)
    assert step is not None  # noqa: S101  # the version is the one that blocked the step
    event = _begin(document, facts, step, at)
    if isinstance(event, StepBlocked):
        raise RefusedError(Reason.NO_APPROVER, f"step {name}: {event.reason}", "step")
    return [event, *advance(evolve(document, event), facts, at)]


def _begin(document: Document, facts: Facts, step: Step, at: datetime) -> Event:
    case = case_of(document, facts, at)
    round_ = document.round
    if not applies(case, step.condition):
        return StepSkipped(round_, step.name, f"condition is false: {step.condition}")
    if step.branches:
        return BlockStarted(round_, step.name)
    if _is_kept(document, case.content, step):
        watched = ", ".join(step.watches)
        return StepKept(round_, step.name, f"approved before, and unchanged since: {watched}")
    try:
        found = route(case, step)
    except NobodyError as error:
        return StepBlocked(round_, step.name, str(error))
    if not found.places:
        return StepSkipped(round_, step.name, "; ".join(found.left_out) or "nobody is asked")
    event = _asked(document, case, step, found.places)
    return replace(event, at=at) if isinstance(event, StepStarted) else event


def _asked(document: Document, case: Case, step: Step, places: Sequence[Place]) -> Event:
    """Return the start of the step with these places, but for those who have approved before."""
    spared = _spared(document, case.content, step)
    ballots = [_ballot(place, spared) for place in places]
    if outcome(step.counting, ballots) is Vote.APPROVED:
        names = ", ".join(sorted({place.assignee for place in places} & spared))
        return StepSkipped(document.round, step.name, f"approved in this round by {names} already")
    if not possible(step.counting, [_ballot(place, frozenset()) for place in places]):
        return StepBlocked(
            document.round, step.name, f"its {len(places)} slots cannot give what counting asks for"
        )
    made = document.slots_made.get(step.name, 0)
    prefix, barred = f"{document.round}.{step.name}", tuple(sorted(case.barred))
    slots = tuple(
        _slot(f"{prefix}.{made + turn}", place, barred, turn if step.in_order else 1)
        for turn, place in enumerate(places, 1)
    )
    return StepStarted(document.round, step.name, slots)


def _slot(name: str, place: Place, excluded: tuple[str, ...], turn: int) -> Slot:
    source = place.source
    return Slot(
        id=name,
        kind=place.kind,
        assignee=place.assignee,
        why=place.why,
        excluded=excluded,
        group=source.group,
        weight=source.weight,
        veto=source.veto,
        mandatory=source.mandatory,
        turn=turn,
    )


def _ballot(place: Place, spared: frozenset[str]) -> Ballot:
    source = place.source
    approved = place.kind is AssigneeKind.PERSON and place.assignee in spared
    return Ballot(
        Vote.APPROVED if approved else Vote.OPEN,
        place.assignee if approved else "",
        source.group,
        source.weight,
        source.veto,
        source.mandatory,
    )


def _spared(document: Document, content: Content, step: Step) -> frozenset[str]:
    """Return who need not decide again, having approved in this round."""
    match content.duplicates:
        case Duplicates.ASK:
            return frozenset()
        case Duplicates.CONSECUTIVE:
            names = [tree.previous(content.steps, step.name)]
        case Duplicates.KEEP_FIRST:
            names = tree.ahead_of(content.steps, step.name)
    stages = [document.stages[name] for name in names if name in document.stages]
    return frozenset().union(*(stage.approvers for stage in stages))


def _is_kept(document: Document, content: Content, step: Step) -> bool:
    """Tell whether the step's approval of the round before still counts."""
    before = document.before.get(step.name)
    if before is None or before.standing not in {Standing.APPROVED, Standing.KEPT}:
        return False
    old, new = document.submitted_before, document.submitted
    if not step.watches or any(old.get(name) != new.get(name) for name in step.watches):
        return False
    ahead = [document.stages.get(name) for name in tree.ahead_of(content.steps, step.name)]
    settled = {Standing.KEPT, Standing.SKIPPED}
    return not document.times_back and all(
        stage is None or stage.standing in settled or not stage.seats for stage in ahead
    )


def rejected(document: Document, step: Step, reason: str, content: Content) -> Sequence[Event]:
    """Return what follows when a step of the document has ended rejected."""
    to = _target(document, step, content)
    if step.rejection.to is Return.END:
        return [DocumentRejected(document.round, reason, _open_slots(document))]
    if not to:
        return [DocumentReturned(document.round, reason, _open_slots(document))]
    again = tuple(name for name in tree.from_on(content.steps, to) if name in document.stages)
    closed = tuple(seat.slot.id for name in again for seat in document.stages[name].waiting)
    return [FlowWentBack(document.round, step.name, to, again, reason, closed)]


def _target(document: Document, step: Step, content: Content) -> str:
    """Return the step to which the flow goes back; empty: the document leaves the flow."""
    if document.times_back.get(step.name, 0) >= step.rejection.most_times:
        return ""
    match step.rejection.to:
        case Return.STEP:
            return step.rejection.step
        case Return.PREVIOUS:
            return _decided_before(document, step, content)
    return ""


def _decided_before(document: Document, step: Step, content: Content) -> str:
    """Return the step before this one that was not skipped; empty: there is none."""
    name = tree.previous(content.steps, step.name)
    while name and document.stages[name].standing is Standing.SKIPPED:
        name = tree.previous(content.steps, name)
    return name


def _open_slots(document: Document) -> tuple[str, ...]:
    return tuple(slot.id for slot in document.open_slots)


def case_of(document: Document, facts: Facts, at: datetime) -> Case:
    """Return what routing must know of the document, as of this instant."""
    definition, directory = facts.definition, facts.directory
    return Case(
        definition.content,
        definition.name,
        document.values,
        document.requester,
        directory,
        known(document.requester, directory.people.get(document.requester), at),
    )
