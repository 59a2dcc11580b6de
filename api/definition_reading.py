"""From a text or a body to a definition's content, with everything that is wrong with it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from marshmallow import ValidationError

from api.schemas.definitions import NewDefinition
from api.schemas.faults import faults
from domain.definition.approvers import ApproverKind
from domain.definition.checks import check_content
from domain.definition.content import Content
from domain.findings import Finding, errors
from domain.names import NAME_FORM, is_name
from infra.definitions.reading import Language, read_source
from infra.definitions.source import MOST_FINDINGS, below

_SCHEMA = NewDefinition()

#: Parts of one list that are looked at; no list of a definition may have as many.
_LOOKED_AT = 500

#: Members that name fields, or are expressions over them.
_NAME_FIELDS = frozenset(
    {"condition", "until", "of", "field", "manager", "chain", "expression", "watches"}
)


@dataclass(frozen=True)
class Read:
    """What a text or a body says."""

    name: str
    """The definition's; empty where it says none."""
    content: Content | None
    """None where it is not one."""
    findings: Sequence[Finding]
    """Everything that is wrong, in the order of the text where there is one."""
    unreadable: Finding | None = None
    """Why a text could not be read to its end."""

    @property
    def stands(self) -> bool:
        """Tell whether it could be published."""
        return self.content is not None and not errors(self.findings)


def read_text(raw: bytes, language: Language = Language.YAML, name: str = "") -> Read:
    """Return what a text says; `name` is the definition's where the text need not say it."""
    source = read_source(raw, language)
    if not isinstance(source.value, dict):
        return Read(name, None, source.findings, source.unreadable)
    found = read_body(source.value, name)
    findings = [*source.findings, *source.located(found.findings)]
    ordered = sorted(findings, key=lambda each: (each.line or 0, each.column or 0))
    content = None if source.findings else found.content
    return Read(found.name, content, ordered[:MOST_FINDINGS])


def read_body(body: Mapping[str, Any], name: str = "") -> Read:
    """Return what a body says, as `read_text` does."""
    given: dict[str, Any] = {"definition": name, **body} if name else dict(body)
    said = given.get("definition")
    found: list[Finding] = []
    if name and said != name:
        found.append(Finding("definition", f"this definition is called {name}"))
        given["definition"] = name
    given = {part: _shortened(value, part, found) for part, value in given.items()}
    content, further = _load(given)
    findings = [replace(each, place=_as_written(given, each.place)[0]) for each in further]
    if isinstance(said, str) and not is_name(said):
        found.append(Finding("definition", f"a definition's name is {NAME_FORM}"))
    called = said if isinstance(said, str) else name
    return Read(called, content, [*found, *findings][:MOST_FINDINGS])


def _shortened(value: object, part: str, found: list[Finding]) -> object:
    """Return a list without what is far beyond its bounds, which costs too much to look at."""
    if isinstance(value, list) and len(value) > _LOOKED_AT:
        found.append(Finding(part, f"far too many of these: {len(value)}"))
        return value[:_LOOKED_AT]
    return value


def _load(given: dict[str, Any]) -> tuple[Content | None, list[Finding]]:
    try:
        _, content = _SCHEMA.load(given)
    except ValidationError as error:
        messages = error.messages_dict
        return None, [*faults(messages), *_of_the_rest(given, messages)]
    return content, list(check_content(content))


def _of_the_rest(given: dict[str, Any], messages: Mapping[Any, Any]) -> Iterator[Finding]:
    """Find what is wrong with the parts whose structure stands, as far as these tell it alone."""
    kept: dict[str, list[int]] = {}
    rest: dict[str, Any] = {"fields": [], "steps": []}
    for part, value in given.items():
        wrong = messages.get(part)
        if wrong is None:
            rest[part] = value
        elif isinstance(value, list) and isinstance(wrong, dict):
            kept[part] = [number for number in range(len(value)) if number not in wrong]
            rest[part] = [value[number] for number in kept[part]]
    try:
        _, content = _SCHEMA.load({**rest, "definition": "rest"})
    except ValidationError:
        return  # parts that only stand together
    lost = _lost(given, messages)
    for finding in check_content(content):
        place = _renumbered(finding.place, kept)
        if finding.place not in messages and not _follows(given, place, lost):
            yield replace(finding, place=place)


def _lost(given: Mapping[str, Any], messages: Mapping[Any, Any]) -> Mapping[str, str]:
    """Return what the fields and steps that were left out are called, as a pattern."""
    lost: dict[str, str] = {}
    for part in ("fields", "steps"):
        wrong, parts = messages.get(part), given.get(part)
        if isinstance(wrong, dict) and isinstance(parts, list):
            items = [parts[number] for number in wrong if isinstance(number, int)]
            names = [each.get("name") for each in items if isinstance(each, dict)]
            words = [re.escape(name) for name in names if name and isinstance(name, str)]
            lost[part] = rf"\b({'|'.join(words)})\b" if words else r"(?!)"
        elif wrong is not None:
            lost[part] = ""
    return lost


def _follows(given: Mapping[str, Any], place: str, lost: Mapping[str, str]) -> bool:
    """Tell whether a finding may be there only because a part was left out."""
    written, text = _as_written(given, place)
    parts = written.split(".")
    patterns = []
    if parts[0] == "rules" or _NAME_FIELDS & set(parts[-2:]):
        patterns.append(lost.get("fields"))
    if parts[-2:] == ["rejection", "step"]:
        patterns.append(lost.get("steps"))
    return any(
        pattern is not None and re.search(pattern, str(text)) is not None for pattern in patterns
    )


def _renumbered(place: str, kept: Mapping[str, list[int]]) -> str:
    """Return a place among the parts that were kept as a place among all."""
    part, _, rest = place.partition(".")
    number, _, inner = rest.partition(".")
    if part in kept and number.isdecimal():
        return ".".join(filter(None, (part, str(kept[part][int(number)]), inner)))
    return place


def _as_written(value: object, place: str) -> tuple[str, object]:
    """Return a place in the words of the text, and what stands there.

    An approver's name stands beside its kind.
    """
    written, parts = "", place.split(".")
    while parts:
        part = parts.pop(0)
        if isinstance(value, dict) and part not in value:
            if part == "approvers" and "approver" in value and parts:
                part, _ = "approver", parts.pop(0)
            elif part in {"name", "of", "rows"}:
                part = next((kind.value for kind in ApproverKind if kind.value in value), part)
        written = below(written, part)
        if isinstance(value, list):
            value = value[int(part)] if part.isdecimal() and int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return written, value
