"""What the documents say is so: their snippets run, their tables are complete."""

import re
import sys
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import pytest

from infra.eventstore.settings import StoreSettings
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
