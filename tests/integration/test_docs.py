"""What the documents say is so: their snippets run, their tables are complete."""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import ModuleType

import jsonschema
import pytest

from api.definition_reading import read_text
from api.schemas.definitions import NewDefinition
from api.schemas.json_schema import definition_schema
from domain.actor import SYSTEM, Circumstances
from domain.calendar.content import Content as Calendar
from domain.definition.approvers import ApproverKind
from domain.definition.commands import PublishDefinition
from domain.definition.content import Content, FieldKind
from domain.definition.events import DefinitionPublished
from domain.definition.publishing import publish
from domain.definition.steps import walk
from domain.document.state import Status
from domain.events import EVENTS
from infra.definitions.reading import read_source
from infra.eventstore.settings import StoreSettings
from infra.importing.activity import Kind
from infra.importing.plan import plan_case
from infra.importing.xes import read_cases
from infra.settings import Settings, store_env
from projections.workspace.calendars import CALENDAR
from projections.workspace.definitions import DEFINITION
from projections.workspace.directory import ABSENCE, PERSON, TOKEN
from projections.workspace.documents import DOCUMENT
from projections.workspace.inbox import TASK
from projections.workspace.jobs import JOB
from projections.workspace.timeline import ENTRY
from tests.mutants import MUTANTS

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("tests/**/*.md")])


def snippets(document: Path) -> str:
    """Return a document's Python snippets as one program, at the lines where they stand."""
    program, inside = [], False
    for line in document.read_text().splitlines():
        if line.startswith("```"):
            inside = line == "```python"
            line = ""  # noqa: PLW2901
        program.append(line if inside else "")
    return "\n".join(program)


@pytest.mark.parametrize(
    "document",
    [document for document in DOCUMENTS if snippets(document).strip()],
    ids=lambda document: str(document.relative_to(ROOT)),
)
def test_the_snippets_run(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("snippet")
    monkeypatch.setitem(sys.modules, "snippet", module)  # events are found by their module
    scope = vars(module)
    exec(compile(snippets(document), str(document), "exec"), scope)


def test_the_log_shows_how_it_is_used() -> None:
    assert "Idempotency" in snippets(ROOT / "docs/eventstore.md")


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    documented = re.findall(r"`(MARIADB_\w+)`", (ROOT / "docs/eventstore.md").read_text())
    assert {f"MARIADB_{field.name.upper()}" for field in fields(StoreSettings)} == set(documented)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_points_to_is_there(document: Path) -> None:
    text = document.read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]
    paths = re.findall(r"`((?:infra|tests|docs)/[\w./-]+)`", text)
    for link in links:
        assert (document.parent / link).exists(), link
    for path in paths:
        assert (ROOT / path).exists(), path


def test_every_make_target_that_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in DOCUMENTS:
        named = set(re.findall(r"make ([a-z][a-z-]+)\b(?=`|\s{2,}#)", document.read_text()))
        assert named <= targets, document


def test_every_mutant_stands_in_the_table_of_the_tests_readme() -> None:
    table = (ROOT / "tests/README.md").read_text()
    for mutant in MUTANTS:
        assert f"| {mutant.rule} | {mutant.change} |" in table, mutant.change


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def blocks(name: str, language: str) -> list[str]:
    """Return the fenced blocks of a page that are in `language`."""
    return re.findall(rf"^```{language}\n(.*?)^```", page(name), re.DOTALL | re.MULTILINE)


def section(name: str, heading: str) -> str:
    """Return what stands below a heading, up to the next one of any level."""
    found = re.search(rf"^#+ {heading}\n(.*?)(?=^#|\Z)", page(name), re.DOTALL | re.MULTILINE)
    assert found is not None, heading
    return found[1]


def first_cells(text: str) -> list[str]:
    """Return what stands in backquotes at the beginning of each row of a table."""
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


def published(body: Mapping[str, object]) -> DefinitionPublished:
    """Return what follows when this is sent to POST /v1/definitions by who may."""
    name, content = NewDefinition().load(dict(body))
    (event,) = publish(
        None,
        PublishDefinition(name, content),
        Circumstances(SYSTEM, datetime(2026, 11, 23, tzinfo=UTC)),
    )
    assert isinstance(event, DefinitionPublished)
    return event


def test_the_examples_of_definitions_are_published_and_show_every_kind() -> None:
    (example,) = blocks("definitions.md", "json")
    whole = [block for block in blocks("definitions.md", "yaml") if "definition:" in block]
    read = [read_text(block.encode()) for block in whole]
    assert [list(each.findings) for each in read] == [[] for _ in whole]
    contents = [published(json.loads(example)).content, *(each.content for each in read)]
    kinds = {field.kind for each in contents if each for field in each.fields}
    assert kinds == set(FieldKind)
    assert {
        approver.kind
        for each in contents
        if each
        for step in walk(each.steps)
        for approver in step.approvers
    } == set(ApproverKind)


def test_the_examples_of_definitions_are_of_the_published_schema() -> None:
    validator = jsonschema.Draft202012Validator(definition_schema())
    (example,) = blocks("definitions.md", "json")
    whole = [block for block in blocks("definitions.md", "yaml") if "definition:" in block]
    assert len(whole) >= 2
    for found in (json.loads(example), *(read_source(each.encode()).value for each in whole)):
        validator.validate(found)
        assert not validator.is_valid({**found, "labl": "x"})


def test_every_kind_of_field_and_approver_and_every_status_is_documented() -> None:
    fields_, steps = section("definitions.md", "Fields"), section("definitions.md", "Steps")
    assert first_cells(fields_) == list(FieldKind)
    approvers = [json.loads(cell) for cell in first_cells(steps) if cell.startswith("{")]
    assert [kind for approver in approvers for kind in approver] == list(ApproverKind)
    assert set(first_cells(section("definitions.md", "Statuses"))) == set(Status)


DEFINITION_MEMBERS = [
    *(column.name for column in DEFINITION.columns if column.name != "content"),
    *(each.name for each in fields(Content)),
]


CALENDAR_MEMBERS = [
    *(column.name for column in CALENDAR.columns if column.name != "content"),
    *(each.name for each in fields(Calendar)),
]


@pytest.mark.parametrize(
    ("heading", "members"),
    [
        ("Document", [column.name for column in DOCUMENT.columns]),
        ("Task", [column.name for column in TASK.columns]),
        ("Entry", [column.name for column in ENTRY.columns]),
        ("Job", [column.name for column in JOB.columns]),
        ("Person", [column.name for column in PERSON.columns]),
        ("Person's own", ["limits", "absences", "stands_in_for"]),
        ("Absence", [column.name for column in ABSENCE.columns]),
        ("Token", [column.name for column in TOKEN.columns if column.name != "token_hash"]),
        ("Definition", DEFINITION_MEMBERS),
        ("Calendar", CALENDAR_MEMBERS),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_member_of_an_answer_is_documented_and_no_other(
    heading: str, members: list[str]
) -> None:
    documented = first_cells(section("api.md", heading))
    assert sorted(documented) == sorted(members)


def test_every_event_is_documented_with_its_members_and_no_other() -> None:
    rows = re.findall(r"^\| `([a-z_.]+)` \| ([^|]+) \|", section("api.md", "Events"), re.MULTILINE)
    documented = {topic: re.findall(r"`(\w+)`", members) for topic, members in rows}
    assert len(documented) == len(rows)
    assert documented == {
        event.TOPIC: [member.name for member in fields(event)] for event in EVENTS
    }


def test_every_variable_that_settings_make_of_the_store_is_documented() -> None:
    settings = Settings.from_env(
        {
            "RINGI_DATABASE_URL": "mysql+pymysql://nobody@localhost/",
            "RINGI_MIGRATION_URL": "mysql+pymysql://somebody@localhost/",
            "RINGI_REDIS_URL": "unix:///nowhere",
        }
    )
    table = re.findall(
        r"`(MARIADB_\w+)` \|$",
        section("operations.md", "Names of settings"),
        re.MULTILINE,
    )
    assert sorted(table) == sorted(store_env(settings).keys() - {"PERSISTENCE_MODULE"})


def test_the_example_of_a_log_is_read_and_asks_for_what_the_page_says() -> None:
    (example,) = blocks("import.md", "xml")
    (case,) = read_cases(BytesIO(example.encode()))
    assert case.name == "declaration 1"
    plan = plan_case(case)
    assert [line.kind for line in plan.lines] == [
        Kind.SUBMIT,
        Kind.REJECT,
        Kind.SUBMIT,
        Kind.APPROVE,
        Kind.PAYMENT_REQUESTED,
    ]
    assert plan.content.values == {
        "amount": {"amount": "26.85", "currency": "EUR"},
        "budget_number": "budget 86566",
        "approver_1": "administration",
    }
