"""Counting agrees with the enumeration of every way in which the open votes can come out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.definition.counting import Counting, Rejecting, Rule
from domain.document.counting import Ballot, Vote, outcome, possible

GROUPS = ("", "legal", "money")
PEOPLE = ("ann", "bob", "cyd")
CAST = (Vote.APPROVED, Vote.REJECTED, Vote.ABSTAINED)

countings = st.builds(
    Counting,
    rule=st.sampled_from(Rule),
    number=st.integers(1, 6),
    percent=st.sampled_from(["0.01", "33.33", "50", "60", "66.7", "99.99", "100"]),
    persons=st.integers(1, 3),
    rejecting=st.sampled_from(Rejecting),
    every_vote=st.booleans(),
    abstentions_count=st.booleans(),
)


@st.composite
def ballots(draw: st.DrawFn) -> Ballot:
    vote = draw(st.sampled_from(Vote))
    return Ballot(
        vote,
        "" if vote is Vote.OPEN else draw(st.sampled_from(PEOPLE)),
        draw(st.sampled_from(GROUPS)),
        draw(st.integers(0, 3)),
        draw(st.booleans()),
        draw(st.booleans()),
    )


def completions(cast: Sequence[Ballot]) -> Iterator[list[Ballot]]:
    """Yield every way in which the open votes can come out, each by a person of its own."""
    ways = [
        [replace(each, vote=vote, voter=f"new{number}") for vote in CAST]
        if each.vote is Vote.OPEN
        else [each]
        for number, each in enumerate(cast)
    ]
    return (list(way) for way in product(*ways))


def wins(counting: Counting, cast: Sequence[Ballot]) -> bool:
    """Say the rules a second time, over votes that are all cast."""
    approved = [each for each in cast if each.vote is Vote.APPROVED]
    if not approved or len({each.voter for each in approved}) < counting.persons:
        return False
    for each in cast:
        against = each.vote is Vote.REJECTED
        if against and (each.veto or counting.rejecting is Rejecting.FIRST):
            return False
        if each.mandatory and each.vote is not Vote.APPROVED:
            return False
    per_group = {
        group: [each.vote is Vote.APPROVED for each in cast if each.group == group]
        for group in {each.group for each in cast}
    }
    counted = [
        each for each in cast if counting.abstentions_count or each.vote is not Vote.ABSTAINED
    ]
    return {
        "all": len(approved) == len(cast),
        "any": True,
        "at_least": len(approved) >= counting.number,
        "percent": 100 * len(approved) >= Fraction(counting.percent) * len(counted),
        "weight": sum(each.weight for each in approved) >= counting.number,
        "each_group": all(votes.count(True) >= counting.number for votes in per_group.values()),
        "any_group": any(False not in votes for votes in per_group.values()),
    }[counting.rule.value]


@given(countings, st.lists(ballots(), max_size=5))
def test_a_step_ends_exactly_when_no_open_vote_can_change_its_outcome(
    counting: Counting, cast: list[Ballot]
) -> None:
    ends = {wins(counting, each) for each in completions(cast)}
    is_open = any(each.vote is Vote.OPEN for each in cast)
    if len(ends) > 1 or (counting.every_vote and is_open):
        expected = Vote.OPEN
    else:
        expected = Vote.APPROVED if ends == {True} else Vote.REJECTED
    assert outcome(counting, cast) is expected
    assert possible(counting, cast) == (True in ends)


@given(countings)
def test_without_votes_nothing_is_approved(counting: Counting) -> None:
    assert outcome(counting, []) is Vote.REJECTED


@pytest.mark.parametrize(
    ("percent", "voters", "needed"),
    [("60", 5, 3), ("60", 4, 3), ("50", 4, 2), ("50.01", 4, 3), ("33.33", 3, 1), ("100", 7, 7)],
)
def test_a_percentage_is_rounded_up_to_a_whole_vote(percent: str, voters: int, needed: int) -> None:
    counting = Counting(Rule.PERCENT, percent=percent)
    for approved in range(voters + 1):
        cast = [Ballot(Vote.APPROVED, f"p{n}") for n in range(approved)]
        cast += [Ballot(Vote.REJECTED, f"r{n}") for n in range(voters - approved)]
        assert (outcome(counting, cast) is Vote.APPROVED) == (approved >= needed)


def test_weight_alone_is_not_enough_where_two_people_are_asked_for() -> None:
    board = Counting(Rule.WEIGHT, number=2, persons=2)
    eva = Ballot(Vote.APPROVED, "eva", weight=2, veto=True)
    ida, ivo = Ballot(), Ballot()
    assert outcome(board, [eva, ida, ivo]) is Vote.OPEN
    assert outcome(board, [eva, replace(ida, vote=Vote.APPROVED, voter="ida"), ivo]) is (
        Vote.APPROVED
    )


def test_who_has_a_veto_is_waited_for() -> None:
    any_two = Counting(Rule.AT_LEAST, number=2)
    two = [Ballot(Vote.APPROVED, "ida"), Ballot(Vote.APPROVED, "ivo")]
    assert outcome(any_two, [*two, Ballot(veto=True)]) is Vote.OPEN
    assert outcome(any_two, [*two, Ballot(Vote.REJECTED, "eva", veto=True)]) is Vote.REJECTED
    assert outcome(any_two, [*two, Ballot(Vote.ABSTAINED, "eva", veto=True)]) is Vote.APPROVED
