"""The stages of a flow, and what becomes of a document that one of them rejects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.definition.approvers import Approver
from domain.definition.counting import EVERYBODY, Counting


class Return(StrEnum):
    """Where a rejected document goes."""

    REQUESTER = "requester"
    """Back to its requester, who may revise and submit it again."""
    END = "end"
    """Nowhere: it is rejected for good."""
    PREVIOUS = "previous"
    """To the step that was decided before, within the round."""
    STEP = "step"
    """To a step that the definition names, within the round."""


@dataclass(frozen=True)
class Rejection:
    """What follows when a step is rejected."""

    to: Return = Return.REQUESTER
    step: str = ""
    """The earlier step that is taken again, where `to` says so."""
    most_times: int = 5
    """So often the flow goes back from this step in one round; then the document returns."""


#: What follows where the definition says nothing.
TO_REQUESTER = Rejection()


class Missing(StrEnum):
    """What happens where a source gives nobody."""

    BLOCK = "block"
    """The step is blocked: somebody sees it, nothing is approved."""
    SKIP = "skip"
    """The source does not count; a step without any place left is skipped, with the reason."""


class SelfApproval(StrEnum):
    """What happens where the requester would decide."""

    FORBID = "forbid"
    """The place is nobody's."""
    ALLOW = "allow"
    """The requester decides."""
    MANAGER = "manager"
    """The requester's manager decides instead."""
    SKIP = "skip"
    """The place is left out, with the reason."""


class Duplicates(StrEnum):
    """What happens where somebody who has approved in this round would decide again."""

    ASK = "ask"
    """They are asked again."""
    CONSECUTIVE = "consecutive"
    """They are not, if they approved the step before."""
    KEEP_FIRST = "keep_first"
    """They are not, if they approved any step before."""


@dataclass(frozen=True)
class Step:
    """One stage of the flow. It has either approvers or branches."""

    name: str
    approvers: tuple[Approver, ...] = ()
    label: str = ""
    condition: str = ""
    """A CEL expression over the fields; the step is skipped where it is false. Empty: always."""
    counting: Counting = EVERYBODY
    in_order: bool = False
    """Do its places open one after the other, each when the one before has approved?"""
    rejection: Rejection = TO_REQUESTER
    missing: Missing = Missing.BLOCK
    watches: tuple[str, ...] = ()
    """Submitted again, a document keeps this step's approval while these fields and the steps
    before are as they were. Empty: it is always taken again."""
    branches: tuple[tuple["Step", ...], ...] = ()
    """Sequences of steps that are taken side by side; all of them must be approved."""


def walk(steps: Sequence[Step]) -> Iterator[Step]:
    """Yield every step of a flow in the definition's order, a block before what is in it."""
    for step in steps:
        yield step
        for branch in step.branches:
            yield from walk(branch)
