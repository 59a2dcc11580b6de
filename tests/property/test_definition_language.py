"""However a definition is written, it is the same one; what differs has a path."""

import json
import unicodedata
from dataclasses import asdict, replace
from typing import Any

import jsonschema
import msgspec
import yaml
from hypothesis import given
from hypothesis import strategies as st

from api.definition_reading import read_body, read_text
from api.schemas.json_schema import definition_schema
from domain.definition.canonical import canonical
from domain.definition.content import Content, Field, FieldKind, Milestone
from domain.definition.counting import Counting, Rule
from domain.definition.difference import Kind, differences
from domain.definition.steps import Duplicates, Missing, Rejection, Return, SelfApproval, Step
from infra.definitions.reading import Language
from infra.definitions.writing import as_yaml
from projections.workspace.definitions import content_as_sent
from tests.builders import manager, named_by, person, role

VALIDATOR = jsonschema.Draft202012Validator(definition_schema())

LABELS = st.text("aé\u0301ü😀 no:#'\"-{}[]&*!|>%@`\n\t01", max_size=12).map(str.strip)
APPROVERS = st.one_of(
    st.just(manager()),
    st.sampled_from(["finance", "no"]).map(role),
    st.sampled_from(["eva", "on"]).map(person),
    st.just(named_by("deputy")),
    st.builds(replace, st.just(role("board")), weight=st.integers(1, 5), veto=st.booleans()),
)
FIELDS = (
    Field("cost", FieldKind.MONEY),
    Field("deputy", FieldKind.PERSON, required=True),
    Field("no", FieldKind.CHOICE, choices=("010", "yes", "null", "1.5", "ä")),
)


def steps() -> st.SearchStrategy[Step]:
    plain = st.builds(
        Step,
        st.just("s"),
        st.lists(APPROVERS, min_size=1, max_size=3).map(tuple),
        label=LABELS,
        condition=st.sampled_from(["", 'cost > money("5")', 'no == "010"']),
        counting=st.sampled_from([Counting(), Counting(persons=1), Counting(Rule.ANY)]),
        in_order=st.booleans(),
        missing=st.sampled_from(Missing),
        rejection=st.sampled_from([Rejection(), Rejection(Return.END)]),
        watches=st.sampled_from([(), ("cost", "deputy")]),
    )
    block = st.lists(st.lists(plain, min_size=1, max_size=2).map(tuple), min_size=2, max_size=3)
    return plain | st.builds(Step, st.just("s"), branches=block.map(tuple))


def named(found: tuple[Step, ...], prefix: str = "s") -> tuple[Step, ...]:
    """Return the steps, each with a name of its own."""
    return tuple(
        replace(
            step,
            name=f"{prefix}{number}",
            branches=tuple(
                named(branch, f"{prefix}{number}_{side}_")
                for side, branch in enumerate(step.branches)
            ),
        )
        for number, step in enumerate(found)
    )


@st.composite
def contents(draw: st.DrawFn) -> Content:
    found = draw(st.lists(steps(), min_size=1, max_size=4))
    return Content(
        FIELDS,
        named(tuple(found)),
        draw(st.sampled_from([(), (Milestone("paid", "finance", "Paid"),)])),
        draw(LABELS),
        draw(st.sampled_from(SelfApproval)),
        draw(st.sampled_from(Duplicates)),
        four_eyes=draw(st.booleans()),
    )


def body_of(content: Content) -> dict[str, Any]:
    stored = msgspec.json.decode(msgspec.json.encode(asdict(content)))
    return {"definition": "trip", **content_as_sent(stored)}


def shuffled(draw: st.DrawFn, value: Any) -> Any:
    """Return the same value with the members of its objects in another order."""
    if isinstance(value, dict):
        names = draw(st.permutations(list(value)))
        return {name: shuffled(draw, value[name]) for name in names}
    return [shuffled(draw, each) for each in value] if isinstance(value, list) else value


@st.composite
def written(draw: st.DrawFn, content: Content) -> tuple[bytes, Language]:
    """Draw a way to write it."""
    body = shuffled(draw, body_of(content))
    language = draw(st.sampled_from(Language))
    if language is Language.JSON:
        text = json.dumps(
            body, indent=draw(st.sampled_from([None, 1, 4])), ensure_ascii=draw(st.booleans())
        )
    else:
        text = yaml.safe_dump(
            body,
            sort_keys=False,
            allow_unicode=draw(st.booleans()),
            default_flow_style=draw(st.sampled_from([None, False, True])),
            width=draw(st.sampled_from([20, 80, 1000])),
            indent=draw(st.sampled_from([2, 4])),
        )
        text = f"# before\n\n{text}\n# after\n"
    form = draw(st.sampled_from(["NFC", "NFD"]))
    return unicodedata.normalize(form, text).encode(), language


@given(st.data(), contents())
def test_however_it_is_written_it_is_the_same(data: st.DataObject, content: Content) -> None:
    raw, language = data.draw(written(content))
    read = read_text(raw, language)
    assert read.stands, [str(each) for each in read.findings]
    assert read.content is not None
    assert (read.name, read.content.hash) == ("trip", content.hash)


@given(contents())
def test_what_is_printed_reads_as_it_was(content: Content) -> None:
    body = body_of(content)
    read = read_text(as_yaml(body).encode())
    assert list(read.findings) == []
    assert read.content is not None
    assert canonical(read.content) == canonical(content)
    assert read_body(body).content == content


@given(contents())
def test_what_stands_is_of_the_published_schema(content: Content) -> None:
    VALIDATOR.validate(body_of(content))


@given(st.data(), contents(), st.sampled_from(["labl", "Steps", "", "approver "]))
def test_an_unknown_key_is_refused_wherever_it_stands_as_the_schema_does(
    data: st.DataObject, content: Content, key: str
) -> None:
    body = body_of(content)
    objects = [body, *body["fields"], *body["steps"], *body["milestones"]]
    objects += [each["approver"] for each in body["steps"] if "approver" in each]
    objects += [
        step for each in body["steps"] for side in each.get("branches", ()) for step in side
    ]
    data.draw(st.sampled_from(objects))[key] = "x"
    assert not VALIDATOR.is_valid(body)
    found = read_body(body).findings
    assert [each.code for each in found] == ["unknown_field"]
    assert found[0].place.rpartition(".")[2] == key


@given(contents(), contents())
def test_what_differs_has_a_path_and_only_that(one: Content, other: Content) -> None:
    found = differences(one, other)
    assert (found == []) == (one.hash == other.hash)
    assert len({(each.path, each.kind) for each in found}) == len(found)
    back = differences(other, one)
    turned = {Kind.ADDED: Kind.REMOVED, Kind.REMOVED: Kind.ADDED}
    assert {(each.path, turned.get(each.kind, each.kind)) for each in back} == {
        (each.path, each.kind) for each in found
    }


@given(contents())
def test_what_is_usual_is_not_in_the_canonical_form(content: Content) -> None:
    usual = {"label": "", "self_approval": "forbid", "duplicates": "ask", "four_eyes": False}
    form: Any = canonical(content)
    assert not any(form.get(name) == value for name, value in usual.items())
    assert json.loads(json.dumps(form)) == form
