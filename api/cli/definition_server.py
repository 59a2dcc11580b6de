"""What `ringi definition` asks of the API."""

import json
import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import typer

from api.client import RingiClient
from api.definition_reading import Read, read_body
from api.schemas.definitions import NewDefinition
from infra.definitions.reading import Language
from infra.definitions.writing import as_yaml
from infra.settings import Settings

#: What of an answer is the definition itself.
_MEMBERS: tuple[str, ...] = tuple(NewDefinition().load_fields)


class Server:
    """The API. Connects when it is first asked."""

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def _client(self) -> RingiClient:
        token = os.environ.get("RINGI_TOKEN")
        if not token:
            raise LookupError('RINGI_TOKEN is not set: export RINGI_TOKEN="$(ringi token LOGIN)"')
        if self._url:
            return RingiClient(self._url, token)
        settings = Settings.load()
        return RingiClient(f"http://{settings.api_host}:{settings.api_port}", token)

    def read(self, name: str, version: int | None) -> Read:
        """Return a version that was published."""
        found = self._client.get(f"/v1/definitions/{name}", version=version)
        return read_body(_definition(found))

    def show(self, what: str, *, draft: bool, as_json: bool) -> None:
        """Print a version, or what is to come."""
        name, version = operand(what)
        if draft:
            found = self._client.get(f"/v1/definitions/{name}/draft")
            typer.echo(_json(found) if as_json else _work(found))
            return
        found = self._client.get(f"/v1/definitions/{name}", version=version)
        if as_json:
            typer.echo(_json(_definition(found)))
            return
        typer.echo(f"# version {found['definition_version']}, {found['content_hash']}")
        for member in ("published_by", "published_at", "effective_from", "deprecated_at"):
            if found[member] is not None:
                typer.echo(f"# {member.replace('_', ' ')} {found[member]}")
        typer.echo(as_yaml(_definition(found)), nl=False)

    def save_draft(self, name: str, raw: bytes, language: Language) -> None:
        """Keep a text; tell what is wrong with it."""
        path = f"/v1/definitions/{name}/draft"
        outcome = self._client.command("PUT", path, raw, media_type=language.value)
        for each in outcome["findings"]:
            at = f"{each['line']}:{each['column']}: " if "line" in each else ""
            typer.echo(f"{at}{each['place']}: {each['message']}")
        typer.echo(f"kept as the draft of {name}, with {len(outcome['findings'])} findings")

    def publish_text(
        self, name: str, raw: bytes, language: Language, effective_from: str | None
    ) -> None:
        """Put a text in force."""
        outcome = self._client.command(
            "PUT",
            f"/v1/definitions/{name}",
            raw,
            media_type=language.value,
            query={"effective_from": effective_from} if effective_from else {},
        )
        _told(name, outcome)

    def publish_draft(self, name: str, effective_from: str | None) -> None:
        """Put the last draft in force."""
        _told(name, self._from_draft(name, "publish", effective_from))

    def propose(self, name: str, effective_from: str | None) -> None:
        """Let the last draft wait for a second person."""
        outcome = self._from_draft(name, "propose", effective_from)
        typer.echo("another admin publishes it by")
        typer.echo(f"ringi definition approve {name} {outcome['content_hash']}")

    def _from_draft(self, name: str, verb: str, effective_from: str | None) -> Mapping[str, Any]:
        draft = self._client.get(f"/v1/definitions/{name}/draft")["draft"]
        body = {"draft": draft, "effective_from": effective_from}
        outcome: Mapping[str, Any] = self._client.command(
            "POST", f"/v1/definitions/{name}/{verb}", body
        )
        return outcome

    def approve(self, name: str, content_hash: str) -> None:
        """Put in force what somebody else proposed."""
        path = f"/v1/definitions/{name}/approve"
        _told(name, self._client.command("POST", path, {"content_hash": content_hash}))

    def deprecate(self, name: str, version: int, reason: str) -> None:
        """Let no document begin under a version any more."""
        path = f"/v1/definitions/{name}/deprecate"
        self._client.command("POST", path, {"version": version, "reason": reason})
        typer.echo(f"no document begins under version {version} of {name} any more")


def operand(what: str) -> tuple[str, int | None]:
    """Return the name and the version that `NAME@VERSION` says; None: the one in force."""
    name, at, version = what.partition("@")
    if at and not (version.isascii() and version.isdecimal()):
        raise ValueError(f"neither a file nor NAME@VERSION: {what!r}")
    return name, int(version) if at else None


def _definition(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in _MEMBERS if name in found}


def _told(name: str, outcome: Mapping[str, Any]) -> None:
    typer.echo(f"this is version {outcome['definition_version']} of {name}")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _work(found: Mapping[str, Any]) -> str:
    """Return the draft as it was written, below what is known of it as comments."""
    proposal = found["proposal"]
    lines = [f"# draft {found['draft']}, by {found['saved_by']} at {found['saved_at']}"]
    if proposal is not None:
        lines.append(f"# proposed by {proposal['proposed_by']}: {proposal['content_hash']}")
    return "\n".join([*lines, (found["source"] or "").rstrip("\n")])
