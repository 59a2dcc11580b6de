"""How a step's votes come out: approved, rejected, or open as long as both are possible.

A step ends as soon as no vote that is still open could change its outcome, and not before.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from math import ceil

from domain.definition.counting import Counting, Rejecting, Rule


class Vote(StrEnum):
    """What has become of a place for a decision."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    ABSTAINED = "abstained"


@dataclass(frozen=True)
class Ballot:
    """One place for a decision, as counting sees it."""

    vote: Vote = Vote.OPEN
    voter: str = ""
    """Who is accountable for the vote; empty while it is open."""
    group: str = ""
    weight: int = 1
    veto: bool = False
    """Does this vote against end the step, whatever the others say?"""
    mandatory: bool = False
    """Can the step be approved only if this vote approves?"""


def outcome(counting: Counting, ballots: Sequence[Ballot]) -> Vote:
    """Return APPROVED or REJECTED if this is certain, whatever the open votes will be; else OPEN.

    No rule makes an approval of a vote against, nor a rejection of a vote in favour: so if the
    step is approved with every open vote against, or rejected with each in favour, it is certain.
    """
    if counting.every_vote and any(ballot.vote is Vote.OPEN for ballot in ballots):
        return Vote.OPEN
    if approves(counting, _completed(ballots, Vote.REJECTED)):
        return Vote.APPROVED
    return Vote.OPEN if approves(counting, _completed(ballots, Vote.APPROVED)) else Vote.REJECTED


def approves(counting: Counting, ballots: Sequence[Ballot]) -> bool:
    """Tell whether votes of which none is open approve the step; no votes at all never do."""
    against = [ballot for ballot in ballots if ballot.vote is Vote.REJECTED]
    in_favour = [ballot for ballot in ballots if ballot.vote is Vote.APPROVED]
    if any(ballot.veto for ballot in against):
        return False
    if against and counting.rejecting is Rejecting.FIRST:
        return False
    if any(ballot.mandatory and ballot.vote is not Vote.APPROVED for ballot in ballots):
        return False
    if not in_favour or len({ballot.voter for ballot in in_favour}) < counting.persons:
        return False
    return _RULES[counting.rule](counting, ballots, in_favour)


def possible(counting: Counting, ballots: Sequence[Ballot]) -> bool:
    """Tell whether the step would be approved if everybody approved."""
    return approves(counting, _completed(ballots, Vote.APPROVED))


def _completed(ballots: Sequence[Ballot], vote: Vote) -> list[Ballot]:
    """Return the ballots as they would be if everybody who is left voted like this."""
    return [
        replace(ballot, vote=vote, voter=ballot.voter or f"#{number}")
        if ballot.vote is Vote.OPEN
        else ballot
        for number, ballot in enumerate(ballots)
    ]


_Approves = Callable[[Counting, Sequence[Ballot], Sequence[Ballot]], bool]


def _percent(counting: Counting, ballots: Sequence[Ballot], in_favour: Sequence[Ballot]) -> bool:
    voters = sum(
        counting.abstentions_count or ballot.vote is not Vote.ABSTAINED for ballot in ballots
    )
    return len(in_favour) >= ceil(Decimal(counting.percent) * voters / 100)


def _groups(ballots: Sequence[Ballot]) -> Mapping[str, list[bool]]:
    """Return for each group which of its votes approve."""
    groups: dict[str, list[bool]] = defaultdict(list)
    for ballot in ballots:
        groups[ballot.group].append(ballot.vote is Vote.APPROVED)
    return groups


_RULES: Mapping[Rule, _Approves] = {
    Rule.ALL: lambda _, ballots, in_favour: len(in_favour) == len(ballots),
    Rule.ANY: lambda _counting, _ballots, in_favour: bool(in_favour),
    Rule.AT_LEAST: lambda counting, _, in_favour: len(in_favour) >= counting.number,
    Rule.PERCENT: _percent,
    Rule.WEIGHT: lambda counting, _, in_favour: (
        sum(ballot.weight for ballot in in_favour) >= counting.number
    ),
    Rule.EACH_GROUP: lambda counting, ballots, _: all(
        sum(votes) >= counting.number for votes in _groups(ballots).values()
    ),
    Rule.ANY_GROUP: lambda _counting, ballots, _: any(
        all(votes) for votes in _groups(ballots).values()
    ),
}
