"""From the bytes of a definition to its values with their places."""

import re
from enum import StrEnum

from domain.definition.publishing import LARGEST_SOURCE
from domain.findings import Finding
from infra.definitions.json_text import read_json
from infra.definitions.source import Source, UnreadableError
from infra.definitions.yaml_text import read_yaml


class Language(StrEnum):
    """How a definition may be written; the value is its media type."""

    JSON = "application/json"
    YAML = "application/yaml"  # RFC 9512


#: How an object in JSON begins.
_JSON = re.compile(r"\s*\{\s*[\"}]")


def language_of(text: str) -> Language:
    """Return how a text seems to be written."""
    return Language.JSON if _JSON.match(text) else Language.YAML


def read_source(raw: bytes, language: Language = Language.YAML) -> Source:
    """Return what a text says, with everything that is wrong with it as a text.

    Where it cannot be read to its end, the value is None and the last finding says why. The time
    is bounded by the size.
    """
    source = Source()
    try:
        text = _text(raw)
        (read_json if language is Language.JSON else read_yaml)(text, source)
    except UnreadableError as error:
        source.value = None
        source.unreadable = error.finding
        source.findings.append(error.finding)
    else:
        if not isinstance(source.value, dict):
            source.findings.append(Finding("", "a definition is an object: keys with values"))
    return source


def _text(raw: bytes) -> str:
    if len(raw) > LARGEST_SOURCE:
        raise UnreadableError(f"a text has at most {LARGEST_SOURCE} bytes, not {len(raw)}")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UnreadableError(
            f"the text is not UTF-8: byte {error.start + 1}", "", (line, 1)
        ) from None
