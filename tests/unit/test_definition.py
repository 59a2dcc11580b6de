"""Publishing a definition: every rule of its content, and its versions."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.actor import SYSTEM, Actor, Circumstances
from domain.definition.approvers import Approver, ApproverKind
from domain.definition.commands import PublishDefinition
from domain.definition.content import Content, Field, FieldKind, Milestone
from domain.definition.definition import Definition, evolve
from domain.definition.events import DefinitionPublished
from domain.definition.publishing import publish
from domain.definition.steps import Step
from domain.directory.events import PersonDeactivated
from domain.errors import Reason, RefusedError
from domain.streams import definition_stream, person_stream

AT = datetime(2026, 1, 2, tzinfo=UTC)
ADMIN = Circumstances(Actor("root", frozenset({"admin"})), AT)
CLERK = Circumstances(Actor("ann", frozenset({"auditor", "buying"})), AT)

BOSS = Approver(ApproverKind.MANAGER)
CONTENT = Content(
    fields=(
        Field("cost", FieldKind.MONEY, required=True),
        Field("kind", FieldKind.CHOICE, choices=("goods", "travel")),
        Field("buyer", FieldKind.PERSON),
        Field("desk", FieldKind.ROLE, label="Which desk?"),
    ),
    steps=(
        Step("boss", (BOSS,)),
        Step("buyer", (Approver(ApproverKind.FIELD, "buyer"),), condition='kind == "goods"'),
        Step("desk", (Approver(ApproverKind.FIELD, "desk"),)),
        Step(
            "chief", (Approver(ApproverKind.PERSON, "c.hief"),), condition='cost > money("5000.00")'
        ),
        Step("audit", (Approver(ApproverKind.ROLE, "audit"),)),
    ),
    milestones=(Milestone("paid", "finance"), Milestone("delivered", "stores", "Delivered")),
)


def published(content: Content, definition: Definition | None = None) -> DefinitionPublished:
    (event,) = publish(definition, PublishDefinition("purchase", content), ADMIN)
    assert isinstance(event, DefinitionPublished)
    return event


def with_field(field: Field) -> Content:
    return replace(CONTENT, fields=(*CONTENT.fields, field))


def with_step(approver: Approver = BOSS, **differing: str) -> Content:
    step = replace(Step("last", (approver,)), **differing)
    return replace(CONTENT, steps=(*CONTENT.steps, step))


def test_the_first_version_is_one() -> None:
    assert published(CONTENT) == DefinitionPublished("purchase", 1, CONTENT, CONTENT.hash)


def test_other_content_is_the_next_version() -> None:
    first = evolve(None, published(CONTENT))
    other = replace(CONTENT, label="Purchases")
    second = evolve(first, published(other, first))
    assert second == Definition("purchase", 2, other.hash)
    assert published(CONTENT, second).definition_version == 3


def test_the_same_content_changes_nothing() -> None:
    definition = evolve(None, published(CONTENT))
    with pytest.raises(RefusedError, match="version 1 has the same content") as refusal:
        published(replace(CONTENT), definition)
    assert refusal.value.reason == Reason.NOTHING_CHANGES


def test_only_an_admin_publishes() -> None:
    command = PublishDefinition("purchase", CONTENT)
    with pytest.raises(RefusedError, match="role admin") as refusal:
        publish(None, command, CLERK)
    assert refusal.value.reason == Reason.NOT_ALLOWED
    assert publish(None, command, Circumstances(SYSTEM, AT)) == [published(CONTENT)]


def test_an_event_of_another_aggregate_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"person.deactivated is no event of a definition"):
        evolve(None, PersonDeactivated("ann"))


def test_a_definitions_name_has_the_form_of_names() -> None:
    with pytest.raises(RefusedError) as refusal:
        publish(None, PublishDefinition("Purchase", CONTENT), ADMIN)
    assert (refusal.value.reason, refusal.value.place) == (Reason.INVALID, "definition")


NOBODY = Approver(ApproverKind.FIELD, "nobody")
TEXT = Field("note", FieldKind.TEXT)
CHOICE = Field("size_class", FieldKind.CHOICE)

REFUSED = [
    (replace(CONTENT, label="x" * 201), "label", "at most 200 characters, not 201"),
    (replace(CONTENT, label="\0"), "label", "a character that cannot be"),
    (replace(CONTENT, steps=()), "steps", "1 to 30 of these, not 0"),
    (replace(CONTENT, steps=tuple(Step(f"s{n}", (BOSS,)) for n in range(31))), "steps", "not 31"),
    (
        replace(CONTENT, fields=tuple(Field(f"f{n}", FieldKind.TEXT) for n in range(51))),
        "fields",
        "0 to 50 of these, not 51",
    ),
    (
        replace(CONTENT, milestones=tuple(Milestone(f"m{n}", "r") for n in range(21))),
        "milestones",
        "0 to 20 of these, not 21",
    ),
    (with_field(replace(TEXT, name="Note")), "fields.4.name", "a name is"),
    (with_field(replace(TEXT, name="desk")), "fields.4.name", "desk is there twice"),
    (with_field(replace(TEXT, name="null")), "fields.4.name", "null is a word of conditions"),
    (with_field(replace(TEXT, name="money")), "fields.4.name", "money is a word of conditions"),
    (with_field(replace(TEXT, name="cost_currency")), "fields.0.name", "cost_currency"),
    (with_field(replace(TEXT, label="x" * 201)), "fields.4.label", "at most 200"),
    (with_field(replace(TEXT, choices=("a",))), "fields.4.choices", "no choices"),
    (with_field(replace(TEXT, decimals=3)), "fields.4.decimals", "kind text has no decimals"),
    (
        with_field(Field("share", FieldKind.DECIMAL, decimals=7)),
        "fields.4.decimals",
        "decimals are 0 to 6",
    ),
    (
        with_field(Field("share", FieldKind.DECIMAL, decimals=-1)),
        "fields.4.decimals",
        "decimals are 0 to 6",
    ),
    (with_field(CHOICE), "fields.4.choices", "1 to 100 choices, not 0"),
    (
        with_field(replace(CHOICE, choices=tuple(map(str, range(101))))),
        "fields.4.choices",
        "not 101",
    ),
    (with_field(replace(CHOICE, choices=("a", "a"))), "fields.4.choices", "there twice"),
    (with_field(replace(CHOICE, choices=("a", ""))), "fields.4.choices.1", "without white space"),
    (with_field(replace(CHOICE, choices=(" a",))), "fields.4.choices.0", "without white space"),
    (with_field(replace(CHOICE, choices=("a\0",))), "fields.4.choices.0", "cannot be"),
    (with_field(replace(CHOICE, choices=("x" * 201,))), "fields.4.choices.0", "at most 200"),
    (with_step(name="Last"), "steps.5.name", "a name is"),
    (with_step(name="boss"), "steps.5.name", "boss is there twice"),
    (with_step(label="x" * 201), "steps.5.label", "at most 200"),
    (with_step(condition="cost > 5"), "steps.5.condition", "both sides of >"),
    (with_step(condition=" "), "steps.5.condition", "a value is expected"),
    (with_step(NOBODY), "steps.5.approvers.0.name", "no field of kind person or role"),
    (
        with_step(Approver(ApproverKind.FIELD, "kind")),
        "steps.5.approvers.0.name",
        "no field of kind person or role",
    ),
    (with_step(Approver(ApproverKind.PERSON, "Ann")), "steps.5.approvers.0.name", "the login"),
    (with_step(Approver(ApproverKind.ROLE, "a b")), "steps.5.approvers.0.name", "a role is"),
    (with_step(Approver(ApproverKind.MANAGER, "ann")), "steps.5.approvers.0.name", "has no name"),
    (
        replace(CONTENT, milestones=(Milestone("paid", "r"), Milestone("paid", "r"))),
        "milestones.1.name",
        "paid is there twice",
    ),
    (replace(CONTENT, milestones=(Milestone("paid", ""),)), "milestones.0.role", "a role is"),
    (
        replace(CONTENT, milestones=(Milestone("paid", "r", "x" * 201),)),
        "milestones.0.label",
        "at most 200",
    ),
]


@pytest.mark.parametrize(("content", "place", "message"), REFUSED, ids=range(len(REFUSED)))
def test_content_that_cannot_stand_is_refused_at_its_place(
    content: Content, place: str, message: str
) -> None:
    with pytest.raises(RefusedError, match=message) as refusal:
        published(content)
    assert (refusal.value.reason, refusal.value.place) == (Reason.INVALID, place)


ACCEPTED = [
    Content(fields=(), steps=(Step("boss", (BOSS,)),)),
    Content(
        fields=tuple(Field(f"f{n}", FieldKind.TEXT) for n in range(50)),
        steps=tuple(Step(f"s{n}", (BOSS,)) for n in range(30)),
        milestones=tuple(Milestone(f"m{n}", "r") for n in range(20)),
        label="x" * 200,
    ),
    with_field(Field("share", FieldKind.DECIMAL, decimals=0)),
    with_field(Field("share", FieldKind.MONEY, decimals=6)),
    with_field(replace(CHOICE, choices=tuple(map(str, range(100))))),
    with_field(replace(TEXT, name="kind_currency")),
    with_field(replace(TEXT, name="boss")),
]


@pytest.mark.parametrize("content", ACCEPTED, ids=range(len(ACCEPTED)))
def test_content_at_its_bounds_stands(content: Content) -> None:
    assert published(content).content == content


def test_a_name_gives_the_same_stream_for_ever() -> None:
    assert str(person_stream("ann")) == "bdf85071-8e4b-5cf2-97cf-b1052f28ecf3"
    assert str(definition_stream("purchase")) == "38dd3725-a058-5f3b-b7ac-0dfffad386ac"


def test_a_person_and_a_definition_of_one_name_are_two_streams() -> None:
    assert person_stream("travel") != definition_stream("travel")
