"""How the votes of a step are counted: what a definition may say of it."""

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """What it takes to approve a step."""

    ALL = "all"
    """Every vote approves."""
    ANY = "any"
    """One vote approves."""
    AT_LEAST = "at_least"
    """`number` votes approve."""
    PERCENT = "percent"
    """`percent` of the votes approve, rounded up to a whole vote."""
    WEIGHT = "weight"
    """The votes that approve weigh `number` together."""
    EACH_GROUP = "each_group"
    """In every group, `number` votes approve."""
    ANY_GROUP = "any_group"
    """In some group, every vote approves."""


class Rejecting(StrEnum):
    """When a vote against ends a step."""

    CERTAIN = "certain"
    """When approval has become impossible."""
    FIRST = "first"
    """At once: one vote against is enough."""


@dataclass(frozen=True)
class Counting:
    """How votes add up."""

    rule: Rule = Rule.ALL
    number: int = 1
    """Of votes, or of weight; for the rules that name it."""
    percent: str = "100"
    """An exact decimal above 0, at most 100; for the rule that names it."""
    persons: int = 1
    """So many different people must approve, whatever their votes weigh."""
    rejecting: Rejecting = Rejecting.CERTAIN
    every_vote: bool = False
    """Is the outcome known only when everybody has voted?"""
    abstentions_count: bool = True
    """Does who abstains belong to those of whom `percent` is taken?"""


#: How votes add up where the definition says nothing.
EVERYBODY = Counting()
