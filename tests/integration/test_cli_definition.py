"""`ringi definition` and `ringi schema`: files offline, the rest as the API has it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from click.testing import Result
from typer.testing import CliRunner

import api.cli
from api.cli import definition_server
from api.client import ProblemError
from api.schemas.json_schema import definition_schema
from infra.stack import MariaDBServer
from tests.integration.api_world import World, a_company

TRIP = """\
# who may travel
definition: NAME
fields:
  - {name: cost, kind: money}
steps:
  - name: lead
    approver: {manager: requester}
"""


def ringi(*words: str) -> Result:
    return CliRunner().invoke(api.cli.command_line(words[0]), list(words))


def asking(*words: str) -> Result:
    """Run `ringi definition` where it asks the API."""
    return ringi("definition", *words, "--url", "http://nowhere")


class Client:
    """The client of the API, without a network between."""

    def __init__(self, world: World, by: str) -> None:
        self.world, self.by = world, by

    def get(self, path: str, **query: object) -> Any:
        given = {name: value for name, value in query.items() if value is not None}
        return self._of("GET", f"{path}?{urlencode(given)}" if given else path, None, {})

    def command(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        media_type: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Any:
        asked = f"{path}?{urlencode(query)}" if query else path
        found = self._of(method, asked, body, {"Content-Type": media_type})
        self.world.pump()
        return found

    def _of(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        answer = self.world.call(method, path, by=self.by, raw=raw, headers=headers)
        if answer.status_code >= 400:
            raise ProblemError(answer.status_code, answer.json)
        return answer.json


@pytest.fixture(scope="module")
def world(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_company(server, tmp_path_factory.mktemp("cli"), "cli_definition") as world:
        world.add_person("zoe", "admin")
        world.pump()
        yield world


@pytest.fixture
def by(world: World, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Let the command line speak for whom the dictionary names."""
    speaking = {"login": "root"}
    monkeypatch.setenv("RINGI_TOKEN", "a token")
    monkeypatch.setattr(
        definition_server, "RingiClient", lambda *_: Client(world, speaking["login"])
    )
    return speaking


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "trip.yaml"
    file.write_text(TRIP.replace("NAME", f"d{uuid4().hex[:8]}"))
    return file


def name_in(file: Path) -> str:
    return file.read_text().splitlines()[1].partition(": ")[2]


def test_lint_tells_every_fault_with_its_line_and_asks_nobody(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RINGI_TOKEN", raising=False)
    good = ringi("definition", "lint", str(file))
    assert (good.exit_code, f"this is {name_in(file)}, " in good.output) == (0, True)
    file.write_text(file.read_text().replace("money", "monney") + "  - {name: B}\n")
    bad = ringi("definition", "lint", str(file))
    assert bad.exit_code == 1
    found = [line.removeprefix(f"{file}:") for line in bad.output.splitlines()]
    assert [": ".join(line.split(": ")[:2]) for line in found] == [
        "4:18: fields.0.kind",
        "8:5: steps.1.approvers",
        "8:6: steps.1.name",
    ]
    plain = json.loads(ringi("definition", "lint", str(file), "--json").output)
    assert {each["line"] for each in plain} == {4, 8}


def test_two_files_are_compared_path_by_path(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(
        json.dumps(
            {
                "definition": "trip",
                "steps": [{"approver": {"manager": "requester"}, "name": "lead"}],
                "fields": [{"kind": "money", "name": "cost"}],
            }
        )
    )
    same = ringi("definition", "diff", str(file), str(other))
    assert (same.exit_code, same.output) == (0, "")
    file.write_text(file.read_text().replace("money}", "money, required: true}"))
    differs = ringi("definition", "diff", str(other), str(file))
    assert (differs.exit_code, differs.output) == (1, "+ fields.cost.required: true\n")


def test_a_definition_lives_by_the_command_line(by: dict[str, str], file: Path) -> None:
    name = name_in(file)
    assert "with 0 findings" in asking("draft", str(file)).output
    assert asking("show", name, "--draft").output.endswith(file.read_text())
    assert "this is version 1" in asking("publish", name).output
    shown = asking("show", name).output
    copy = file.with_name("copy.yaml")
    copy.write_text(shown)
    assert asking("diff", str(copy), f"{name}@1").exit_code == 0
    file.write_text(file.read_text() + "four_eyes: true\n")
    alone = asking("publish", str(file))
    assert "two persons" in str(alone.exception)
    asking("draft", str(file))
    proposed = asking("propose", name).output.split()
    by["login"] = "zoe"
    approved = asking(*proposed[proposed.index("definition") + 1 :])
    assert "this is version 2" in approved.output
    assert asking("deprecate", name, "2", "--reason", "slow").exit_code == 0
    gone = asking("show", name)
    assert "there is no such definition" in str(gone.exception)


def test_what_the_api_finds_is_told_line_by_line(by: dict[str, str], file: Path) -> None:
    file.write_text(file.read_text().replace("requester", "nobody").replace("cost", "Cost"))
    answer = asking("publish", str(file))
    assert answer.exit_code == 1
    assert [line.partition(": ")[0] for line in answer.stderr.splitlines()] == ["4:6", "7:16"]


@pytest.mark.parametrize("words", [("approve", "x"), ("lint", "a", "b"), ("deprecate", "x")])
def test_wrong_arguments_are_told(words: tuple[str, ...]) -> None:
    assert ringi("definition", *words).exit_code == 2


def test_the_schema_is_printed() -> None:
    assert json.loads(ringi("schema").output) == definition_schema()
