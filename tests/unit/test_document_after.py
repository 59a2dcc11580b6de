"""Comments, and what is awaited after approval."""

import pytest

from domain.actor import ADMIN, AUDITOR, SYSTEM, Actor
from domain.document.commands import AddComment, ReachMilestone
from domain.document.events import CommentAdded, MilestoneReached
from domain.document.state import fold
from domain.errors import Reason
from tests.builders import (
    ANN,
    BOB,
    DOCUMENT,
    FAY,
    FIN,
    MIA,
    ZOE,
    content,
    given,
    ports,
)
from tests.documents import approved, at_finance, draft, pending, returned, withdrawn

ORDERED, PAID = ReachMilestone(DOCUMENT, "ordered"), ReachMilestone(DOCUMENT, "paid")
HELLO = AddComment(DOCUMENT, " hello ")


@pytest.mark.parametrize("actor", [ANN, MIA, FAY, FIN, ZOE, SYSTEM], ids=lambda actor: actor.login)
def test_whoever_has_to_do_with_a_document_comments(actor) -> None:
    at_finance().when(HELLO, actor).then(CommentAdded("hello"))


@pytest.mark.parametrize(
    "actor", [BOB, Actor("finance"), Actor("mio", frozenset({"mia", AUDITOR}))]
)
def test_who_has_nothing_to_do_with_it_does_not(actor) -> None:
    at_finance().when(HELLO, actor).refused(Reason.NOT_ALLOWED)


@pytest.mark.parametrize(
    "where", [draft, pending, returned, withdrawn, approved], ids=lambda where: where.__name__
)
def test_a_comment_changes_nothing_in_any_status(where) -> None:
    found = where()
    assert fold(found.after(HELLO).history) == fold(found.history)


def test_a_comment_says_something() -> None:
    draft().when(AddComment(DOCUMENT, " \t")).refused(Reason.MISSING_FIELD, "text")
    draft().when(AddComment(DOCUMENT, "\0")).refused(Reason.INVALID, "text")
    given().when(HELLO).refused(Reason.NOT_FOUND, "document")


def test_milestones_are_reached_in_order() -> None:
    approved().when(ORDERED, FIN).then(MilestoneReached("ordered"))
    approved().when(PAID, FAY).refused(Reason.OUT_OF_ORDER, "milestone")
    first = approved().after(ORDERED, FIN)
    first.when(PAID, FAY).then(MilestoneReached("paid"))
    state = fold(first.after(PAID, FAY).history)
    assert state is not None
    assert state.milestones == ("ordered", "paid")


def test_a_milestone_is_reached_once() -> None:
    first = approved().after(ORDERED, FIN)
    first.when(ORDERED, FIN).refused(Reason.NOTHING_CHANGES, "milestone")
    both = first.after(PAID, FAY)
    both.when(ORDERED, FIN).refused(Reason.NOTHING_CHANGES, "milestone")
    both.when(PAID, FAY).refused(Reason.NOTHING_CHANGES, "milestone")


def test_a_milestone_is_reported_by_its_role() -> None:
    approved().when(ORDERED, FAY).refused(Reason.NOT_ALLOWED)
    approved().when(ORDERED, ANN).refused(Reason.NOT_ALLOWED)
    approved().when(ORDERED, Actor("root", frozenset({ADMIN}))).refused(Reason.NOT_ALLOWED)


@pytest.mark.parametrize(
    "where", [draft, pending, returned, withdrawn], ids=lambda where: where.__name__
)
def test_only_an_approved_document_has_milestones(where) -> None:
    where().when(ORDERED, FIN).refused(Reason.WRONG_STATUS)


def test_a_milestone_is_one_of_the_version_that_was_approved() -> None:
    approved().when(ReachMilestone(DOCUMENT, "lost"), FIN).refused(Reason.NOT_FOUND, "milestone")
    newer = approved().where(ports(content(), content(milestones=())))
    newer.when(ORDERED, FIN).then(MilestoneReached("ordered"))
    given().when(ORDERED, FIN).refused(Reason.NOT_FOUND, "document")
