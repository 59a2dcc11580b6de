"""What the steps of a definition must be."""

from collections.abc import Iterator, Sequence

from domain.conditions import check_condition
from domain.definition.approver_checks import check_approver
from domain.definition.content import Content
from domain.definition.counting_checks import check_counting
from domain.definition.steps import Return, Step
from domain.definition.wording import check_count, check_label, check_name
from domain.errors import findings_of
from domain.findings import Finding

#: Steps of a definition, those of branches among them.
MOST_STEPS = 30
#: Branches of one step, and sources of approvers.
MOST_BRANCHES = 10
MOST_APPROVERS = 30
#: Steps within branches within steps, at most.
DEEPEST = 4
#: How often a flow may go back from one step in a round.
MOST_TIMES = 100


def check_steps(content: Content) -> Iterator[Finding]:
    """Find everything that is wrong with the steps."""
    placed = list(_placed(content.steps, "steps", 1))
    steps = [step for step, _ in placed]
    yield from check_count(steps, 1, MOST_STEPS, "steps")
    seen: set[str] = set()
    earlier: list[str] = []
    for step, place in placed[:MOST_STEPS]:
        yield from check_name(step.name, seen, f"{place}.name")
        yield from _check_step(step, content, place, earlier)
        earlier.append(step.name)
    yield from _check_depth(content.steps, "steps", 1)


def _placed(steps: Sequence[Step], place: str, depth: int) -> Iterator[tuple[Step, str]]:
    """Yield every step with its place, a block before what is in it."""
    for number, step in enumerate(steps):
        at = f"{place}.{number}"
        yield step, at
        if depth < DEEPEST:
            for branch_number, branch in enumerate(step.branches):
                yield from _placed(branch, f"{at}.branches.{branch_number}", depth + 1)


def _check_depth(steps: Sequence[Step], place: str, depth: int) -> Iterator[Finding]:
    if depth > DEEPEST:
        yield Finding(place, f"branches are within one another {DEEPEST - 1} times at most")
        return
    for number, step in enumerate(steps[:MOST_STEPS]):
        for branch_number, branch in enumerate(step.branches[:MOST_BRANCHES]):
            yield from _check_depth(branch, f"{place}.{number}.branches.{branch_number}", depth + 1)


def _check_step(
    step: Step, content: Content, place: str, earlier: Sequence[str]
) -> Iterator[Finding]:
    yield from check_label(step.label, f"{place}.label")
    if step.condition:
        at = f"{place}.condition"
        yield from findings_of(lambda: check_condition(step.condition, content.fields, at))
    if step.branches:
        yield from _check_branches(step, place)
    else:
        yield from _check_approvers(step, content, place)
    yield from _check_rejection(step, place, earlier)
    for number, name in enumerate(step.watches):
        if content.field(name) is None:
            yield Finding(f"{place}.watches.{number}", "there is no such field")


def _check_branches(step: Step, place: str) -> Iterator[Finding]:
    if step.approvers:
        yield Finding(place, "a step has either approvers or branches, not both")
    yield from check_count(step.branches, 2, MOST_BRANCHES, f"{place}.branches", "a step")
    for number, branch in enumerate(step.branches[:MOST_BRANCHES]):
        if not branch:
            yield Finding(f"{place}.branches.{number}", "a branch has a step at least")


def _check_approvers(step: Step, content: Content, place: str) -> Iterator[Finding]:
    if not step.approvers:
        yield Finding(f"{place}.approvers", "a step has approvers, or branches")
    yield from check_count(step.approvers, 0, MOST_APPROVERS, f"{place}.approvers", "a step")
    for number, approver in enumerate(step.approvers[:MOST_APPROVERS]):
        yield from check_approver(approver, content, f"{place}.approvers.{number}")
    yield from check_counting(step, f"{place}.counting")


def _check_rejection(step: Step, place: str, earlier: Sequence[str]) -> Iterator[Finding]:
    found = step.rejection
    if found.to is Return.STEP:
        if found.step not in earlier:
            yield Finding(f"{place}.rejection.step", "this is no step before this one")
    elif found.step:
        yield Finding(f"{place}.rejection.step", f"a rejection to {found.to} names no step")
    if not 1 <= found.most_times <= MOST_TIMES:
        yield Finding(f"{place}.rejection.most_times", f"1 to {MOST_TIMES} times")
