"""The order of a flow's steps: what comes next, what came before, what is taken again."""

from collections.abc import Iterator, Mapping, Sequence

from domain.definition.steps import Step, walk
from domain.document.stage import OVER, Stage, Standing

Stages = Mapping[str, Stage]


def reached(steps: Sequence[Step], stages: Stages) -> Iterator[Step]:
    """Yield the steps, and the blocks, that have not begun and wait for no other."""
    for step in steps:
        stage = stages.get(step.name)
        if stage is None:
            yield step
            return
        if not _is_over(step, stage, stages):
            for branch in step.branches:
                yield from reached(branch, stages)
            return


def are_over(steps: Sequence[Step], stages: Stages) -> bool:
    """Tell whether nothing is left of a sequence."""
    found = [(step, stages.get(step.name)) for step in steps]
    return all(stage is not None and _is_over(step, stage, stages) for step, stage in found)


def _is_over(step: Step, stage: Stage, stages: Stages) -> bool:
    if step.branches and stage.standing is Standing.WAITING:
        return all(are_over(branch, stages) for branch in step.branches)
    return stage.standing in OVER


def ahead_of(steps: Sequence[Step], name: str) -> list[str]:
    """Return the names of what must be over before the step begins, and what is in it."""
    for number, step in enumerate(steps):
        before = [each.name for each in walk(steps[:number])]
        if step.name == name:
            return before
        for branch in step.branches:
            if _holds(branch, name):
                return [*before, *ahead_of(branch, name)]
    return []


def from_on(steps: Sequence[Step], name: str) -> list[str]:
    """Return the names of the step and of all that waits for it, or is in what waits."""
    for number, step in enumerate(steps):
        after = [each.name for each in walk(steps[number + 1 :])]
        if step.name == name:
            return [*(each.name for each in walk([step])), *after]
        for branch in step.branches:
            if _holds(branch, name):
                return [*from_on(branch, name), *after]
    return []


def previous(steps: Sequence[Step], name: str) -> str:
    """Return the step just before this one, or before the block it is in; empty: it is first."""
    for number, step in enumerate(steps):
        before = steps[number - 1].name if number else ""
        if step.name == name:
            return before
        for branch in step.branches:
            if _holds(branch, name):
                return previous(branch, name) or before
    return ""


def _holds(branch: Sequence[Step], name: str) -> bool:
    return any(step.name == name for step in walk(branch))
