"""What the counting of a step's votes must be; a quorum that nobody could reach is found."""

import re
from collections.abc import Iterator
from decimal import Decimal

from domain.definition.approvers import ApproverKind
from domain.definition.counting import Counting, Rule
from domain.definition.steps import Step
from domain.findings import Finding

#: Kinds of approvers that give at most one place each.
ONE_PLACE = frozenset(
    {
        ApproverKind.PERSON,
        ApproverKind.ROLE,
        ApproverKind.FIELD,
        ApproverKind.MANAGER,
        ApproverKind.EXPRESSION,
    }
)

_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?")
_WITH_NUMBER = frozenset({Rule.AT_LEAST, Rule.WEIGHT, Rule.EACH_GROUP})


def check_counting(step: Step, place: str) -> Iterator[Finding]:
    """Find everything that is wrong with how a step counts."""
    counting = step.counting
    if counting.rule not in _WITH_NUMBER and counting.number != Counting.number:
        yield Finding(f"{place}.number", f"the rule {counting.rule} has no number")
    elif counting.number < 1:
        yield Finding(f"{place}.number", "1 at least: nothing approves itself")
    if counting.rule is not Rule.PERCENT and counting.percent != Counting.percent:
        yield Finding(f"{place}.percent", f"the rule {counting.rule} has no percent")
    elif not _PERCENT.fullmatch(counting.percent) or not 0 < Decimal(counting.percent) <= 100:  # noqa: PLR2004
        yield Finding(f"{place}.percent", 'above 0 and at most 100, in quotes, as "66.7"')
    if counting.persons < 1:
        yield Finding(f"{place}.persons", "1 at least")
    yield from _check_reachable(step, place)


def _check_reachable(step: Step, place: str) -> Iterator[Finding]:
    """Find a quorum above what all places together could give."""
    if any(approver.kind not in ONE_PLACE for approver in step.approvers):
        return  # how many places there will be is the directory's to say
    places, counting = len(step.approvers), step.counting
    weights = sum(approver.weight for approver in step.approvers)
    if counting.rule is Rule.AT_LEAST and counting.number > places:
        yield Finding(f"{place}.number", f"there are only {places} places")
    if counting.rule is Rule.WEIGHT and counting.number > weights:
        yield Finding(f"{place}.number", f"all votes together weigh only {weights}")
    if counting.persons > max(places, 1):
        yield Finding(f"{place}.persons", f"there are only {places} places")
