"""Creating and revising: what a document holds before anybody decides."""

import pytest

from domain.definition.content import Field, FieldKind
from domain.document.commands import (
    AddComment,
    CreateDocument,
    DiscardDocument,
    ReviseDocument,
    SubmitDocument,
    WithdrawDocument,
)
from domain.document.decide import LARGEST_CONTENT
from domain.document.events import DocumentCreated, DocumentDiscarded, DocumentRevised
from domain.document.state import Status, fold
from domain.errors import Reason
from domain.values import Money, revision_of
from tests.builders import ANN, BOB, DOCUMENT, MIA, ZOE, Given, content, given, ports
from tests.documents import (
    COST,
    approved,
    created,
    discarded,
    draft,
    pending,
    returned,
    withdrawn,
)

EMPTY = revision_of({})


def test_a_draft_may_lack_what_a_round_requires() -> None:
    given().when(CreateDocument(DOCUMENT, "purchase")).then(
        DocumentCreated("purchase", 1, "ann", {}, EMPTY)
    )


def test_a_draft_holds_canonical_values_and_no_empty_ones() -> None:
    values = {"title": " Desk ", "cost": {"amount": "5", "currency": "EUR"}, "desk": None}
    held = {"title": "Desk", "cost": Money(COST.amount, "EUR")}
    given().when(CreateDocument(DOCUMENT, "purchase", values)).then(
        DocumentCreated("purchase", 1, "ann", held, revision_of(held))
    )


def test_a_draft_begins_under_the_version_in_force() -> None:
    world = ports(content(), content(milestones=()))
    given(world=world).when(CreateDocument(DOCUMENT, "purchase")).then(
        DocumentCreated("purchase", 2, "ann", {}, EMPTY)
    )


def test_a_document_is_created_once() -> None:
    draft().when(CreateDocument(DOCUMENT, "purchase"), BOB).refused(
        Reason.ALREADY_EXISTS, "document"
    )


def test_a_document_is_of_a_definition() -> None:
    given().when(CreateDocument(DOCUMENT, "travel")).refused(Reason.NOT_FOUND, "definition")


@pytest.mark.parametrize(
    ("values", "reason", "place"),
    [
        ({"colour": "red"}, Reason.UNKNOWN_FIELD, "values.colour"),
        ({"title": 5}, Reason.INVALID, "values.title"),
        ({"cost": {"amount": "5", "currency": "eur"}}, Reason.INVALID, "values.cost.currency"),
    ],
)
def test_what_is_given_must_be_valid(values, reason, place) -> None:
    given().when(CreateDocument(DOCUMENT, "purchase", values)).refused(reason, place)
    draft().when(ReviseDocument(DOCUMENT, values)).refused(reason, place)


def test_a_revision_names_what_changed_and_the_whole_content() -> None:
    values = {"title": "Chair", "cost": {"amount": "5.00", "currency": "EUR"}, "pieces": 3}
    draft().when(ReviseDocument(DOCUMENT, values)).then(
        DocumentRevised(
            {"title": "Chair", "pieces": 3},
            revision_of({"title": "Chair", "cost": COST, "pieces": 3}),
        )
    )


def test_none_empties_a_field() -> None:
    decided = draft().when(ReviseDocument(DOCUMENT, {"cost": None}))
    decided.then(DocumentRevised({"cost": None}, revision_of({"title": "Desk"})))
    found = fold([*draft().history, *decided.events])
    assert found is not None
    assert found.values == {"title": "Desk"}
    assert found.revision == revision_of(found.values)


def test_the_order_of_fields_makes_no_other_revision() -> None:
    one = given().after(CreateDocument(DOCUMENT, "purchase", {"title": "x", "pieces": 1}))
    other = given().after(CreateDocument(DOCUMENT, "purchase", {"pieces": 1, "title": "x"}))
    first, second = one.history[0], other.history[0]
    assert isinstance(first, DocumentCreated)
    assert isinstance(second, DocumentCreated)
    assert first.revision == second.revision


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"title": "Desk"},
        {"title": " Desk\n"},
        {"desk": None, "pieces": None},
        {"cost": {"amount": "5", "currency": "EUR"}},
    ],
)
def test_a_revision_changes_something(values) -> None:
    draft().when(ReviseDocument(DOCUMENT, values)).refused(Reason.NOTHING_CHANGES, "values")


@pytest.mark.parametrize("where", [draft, returned, withdrawn], ids=lambda where: where.__name__)
def test_the_requester_revises_what_is_in_their_hands(where) -> None:
    found: Given = where()
    found.when(ReviseDocument(DOCUMENT, {"title": "Chair"})).then(
        DocumentRevised({"title": "Chair"}, revision_of({"title": "Chair", "cost": COST}))
    )
    found.when(ReviseDocument(DOCUMENT, {"title": "Chair"}), BOB).refused(Reason.NOT_ALLOWED)


@pytest.mark.parametrize("where", [pending, approved], ids=lambda where: where.__name__)
def test_what_is_decided_on_is_not_revised(where) -> None:
    where().when(ReviseDocument(DOCUMENT, {"title": "Chair"}), ANN).refused(Reason.WRONG_STATUS)


def test_what_is_not_there_cannot_be_revised() -> None:
    given().when(ReviseDocument(DOCUMENT, {"title": "x"})).refused(Reason.NOT_FOUND, "document")


def test_a_revision_goes_by_the_version_in_force() -> None:
    world = ports(content(), content(fields=[Field("size", FieldKind.INTEGER)]))
    older = Given([created()], world)
    older.when(ReviseDocument(DOCUMENT, {"size": 3})).then(
        DocumentRevised({"size": 3}, revision_of({"title": "Desk", "cost": COST, "size": 3}))
    )
    older.when(ReviseDocument(DOCUMENT, {"pieces": 3})).refused(
        Reason.UNKNOWN_FIELD, "values.pieces"
    )


def test_a_field_that_is_no_more_may_be_emptied_but_not_filled() -> None:
    world = ports(content(), content(fields=[Field("title", FieldKind.TEXT)]))
    older = Given([created()], world)
    older.when(ReviseDocument(DOCUMENT, {"cost": None})).then(
        DocumentRevised({"cost": None}, revision_of({"title": "Desk"}))
    )
    older.when(ReviseDocument(DOCUMENT, {"cost": {"amount": "7", "currency": "EUR"}})).refused(
        Reason.UNKNOWN_FIELD, "values.cost"
    )


def test_nothing_is_decided_under_a_definition_that_views_have_lost() -> None:
    gone = draft().where(ports())
    gone.world.definitions.versions.clear()  # type: ignore[attr-defined]
    gone.when(ReviseDocument(DOCUMENT, {"title": "x"})).refused(Reason.NOT_FOUND, "definition")


def test_a_created_document_is_a_draft() -> None:
    found = fold(draft().history)
    assert found is not None
    assert (found.status, found.round, found.waiting, found.open_slots) == (Status.DRAFT, 0, (), ())
    assert fold([]) is None


def test_all_texts_of_a_document_together_are_bounded() -> None:
    """Each of them may be long, but lists are made of whole documents."""
    names = [f"part_{number}" for number in range(8)]
    world = ports(content(fields=[Field(name, FieldKind.TEXT) for name in names]))
    whole = "é" * (LARGEST_CONTENT // 16)
    full = dict.fromkeys(names, whole)
    begun = given(world=world).after(CreateDocument(DOCUMENT, "purchase", full))
    begun.when(ReviseDocument(DOCUMENT, {"part_0": whole + "x"})).refused(Reason.INVALID, "values")
    begun.after(ReviseDocument(DOCUMENT, {"part_0": None})).after(
        ReviseDocument(DOCUMENT, {"part_0": whole[1:] + "xx"})
    )
    over = CreateDocument(DOCUMENT, "purchase", {**full, "part_7": whole + "x"})
    given(world=world).when(over).refused(Reason.INVALID, "values")


# ---- discard

DISCARD = DiscardDocument(DOCUMENT)


def test_a_requester_discards_a_draft_and_nobody_else_does() -> None:
    draft().when(DISCARD).then(DocumentDiscarded())
    for actor in (BOB, MIA, ZOE):
        draft().when(DISCARD, actor).refused(Reason.NOT_ALLOWED)
    given().when(DISCARD).refused(Reason.NOT_FOUND, "document")


@pytest.mark.parametrize(
    "where", [pending, returned, withdrawn, approved], ids=lambda where: where.__name__
)
def test_what_was_submitted_is_withdrawn_and_not_discarded(where) -> None:
    decided = where().when(DISCARD)
    decided.refused(Reason.WRONG_STATUS)
    assert decided.refusal is not None
    assert "is withdrawn instead" in decided.refusal.message


@pytest.mark.parametrize(
    "command",
    [
        DISCARD,
        ReviseDocument(DOCUMENT, {"title": "Chair"}),
        SubmitDocument(DOCUMENT),
        WithdrawDocument(DOCUMENT),
        AddComment(DOCUMENT, "wait"),
    ],
    ids=lambda command: command.NAME,
)
def test_nothing_more_can_be_done_with_what_was_discarded(command) -> None:
    found = fold(discarded().history)
    assert found is not None
    assert (found.status, found.round, found.stages, found.open_slots) == (
        Status.DISCARDED,
        0,
        {},
        (),
    )
    discarded().when(command).refused(Reason.WRONG_STATUS)


def test_what_was_discarded_tells_strangers_nothing() -> None:
    discarded().when(AddComment(DOCUMENT, "wait"), BOB).refused(Reason.NOT_ALLOWED)
