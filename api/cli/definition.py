"""`ringi definition`."""

import json
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.definition_server import Server, operand
from api.client import ProblemError
from api.definition_reading import Read, read_text
from domain.definition.content import Content
from domain.definition.difference import Difference, Kind, differences
from domain.findings import Finding, Severity
from infra.definitions.reading import Language, language_of

#: More than any definition may have; what is longer is not read whole.
_LONGEST_READ = 1024 * 1024


class Action(StrEnum):
    """What is to be done."""

    LINT = "lint"
    SHOW = "show"
    DIFF = "diff"
    DRAFT = "draft"
    PUBLISH = "publish"
    PROPOSE = "propose"
    APPROVE = "approve"
    DEPRECATE = "deprecate"


#: How often each action's arguments are given, and what they are.
_ARGUMENTS: Mapping[Action, str] = {
    Action.LINT: "FILE",
    Action.SHOW: "NAME-OR-NAME@VERSION",
    Action.DIFF: "OLD NEW",
    Action.DRAFT: "FILE",
    Action.PUBLISH: "FILE-OR-NAME",
    Action.PROPOSE: "NAME",
    Action.APPROVE: "NAME HASH",
    Action.DEPRECATE: "NAME VERSION",
}


def run(
    action: Annotated[Action, typer.Argument(help="See below.")],
    arguments: Annotated[list[str], typer.Argument(help="A file, or a name; see below.")],
    *,
    draft: Annotated[
        bool, typer.Option("--draft", help="show: the draft, and what is proposed.")
    ] = False,
    effective_from: Annotated[
        str | None, typer.Option(help="publish, propose: an instant, as 2027-01-01T00:00:00Z.")
    ] = None,
    reason: Annotated[str, typer.Option(help="deprecate: why.")] = "",
    url: Annotated[str, typer.Option(help="The API; this installation's if not given.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs, not for eyes.")] = False,
) -> None:
    """Write, check, compare and publish definitions.

    lint FILE tells everything that is wrong with a file (YAML or JSON), offline. show
    NAME, or NAME@VERSION, prints a version as YAML. diff OLD NEW compares two files or versions
    (NAME@VERSION). draft FILE keeps a file as the draft. publish FILE puts it in force; publish
    NAME, the last draft. propose NAME asks a second person, who says approve NAME HASH. deprecate
    NAME VERSION lets no document begin under it any more.

    Where it asks the API, the token is taken from the environment, RINGI_TOKEN.
    """
    _require(action, arguments)
    server = Server(url)
    first = arguments[0]
    actions: Mapping[Action, Callable[[], object]] = {
        Action.LINT: lambda: _lint(Path(first), as_json=as_json),
        Action.SHOW: lambda: server.show(first, draft=draft, as_json=as_json),
        Action.DIFF: lambda: _diff(server, first, arguments[-1], as_json=as_json),
        Action.DRAFT: lambda: server.save_draft(*_named_file(Path(first))),
        Action.PUBLISH: lambda: _publish(server, first, effective_from),
        Action.PROPOSE: lambda: server.propose(first, effective_from),
        Action.APPROVE: lambda: server.approve(first, arguments[-1]),
        Action.DEPRECATE: lambda: server.deprecate(first, _version(arguments[-1]), reason),
    }
    try:
        actions[action]()
    except ProblemError as error:
        findings = error.problem.get("errors")
        if not findings:
            raise
        for each in findings:
            typer.echo(Finding(**{**each, "severity": Severity(each["severity"])}), err=True)
        raise typer.Exit(1) from None


def _require(action: Action, arguments: Sequence[str]) -> None:
    if len(arguments) != len(_ARGUMENTS[action].split()):
        raise typer.BadParameter(f"ringi definition {action} {_ARGUMENTS[action]}")


def _version(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise ValueError(f"a version is a number, not {text!r}")
    return int(text)


def _lint(file: Path, *, as_json: bool) -> None:
    _, _, read = _file(file)
    if as_json:
        typer.echo(json.dumps([each.plain for each in read.findings], ensure_ascii=False))
    else:
        for each in read.findings:
            typer.echo(f"{file}:{each}")
        if read.stands and read.content is not None:
            typer.echo(f"{file}: this is {read.name}, {read.content.hash}")
    if not read.stands:
        raise typer.Exit(1)


def _publish(server: Server, what: str, effective_from: str | None) -> None:
    if Path(what).exists():
        name, raw, language = _named_file(Path(what))
        server.publish_text(name, raw, language, effective_from)
    else:
        server.publish_draft(what, effective_from)


def _diff(server: Server, old: str, new: str, *, as_json: bool) -> None:
    """Print what differs; exit with 1 if anything does, as diff(1) has it."""
    found = differences(*(_content(server, each) for each in (old, new)))
    if as_json:
        typer.echo(json.dumps([each.plain for each in found], ensure_ascii=False))
    else:
        for each in found:
            typer.echo(_line(each))
    if found:
        raise typer.Exit(1)


def _content(server: Server, what: str) -> Content:
    path = Path(what)
    read = _file(path)[2] if path.exists() else server.read(*operand(what))
    if read.content is None:
        raise ValueError(f"{what}: {read.findings[0]}")
    return read.content


def _line(difference: Difference) -> str:
    old, new = (json.dumps(each, ensure_ascii=False) for each in (difference.old, difference.new))
    match difference.kind:
        case Kind.ADDED:
            return f"+ {difference.path}: {new}"
        case Kind.REMOVED:
            return f"- {difference.path}: {old}"
    mark = "~" if difference.kind is Kind.CHANGED else "↕"
    return f"{mark} {difference.path}: {old} → {new}"


def _named_file(file: Path) -> tuple[str, bytes, Language]:
    raw, language, read = _file(file)
    if not read.name:
        raise ValueError(f"{file} does not say what it defines: `definition: NAME`")
    return read.name, raw, language


def _file(file: Path) -> tuple[bytes, Language, Read]:
    with file.open("rb") as opened:
        raw = opened.read(_LONGEST_READ)
    language = language_of(raw.decode(errors="replace"))
    return raw, language, read_text(raw, language)
