"""YAML 1.2 of one meaning: events in, plain values with their places out.

Scalars without quotes are read by JSON's rules: `null`, `true`, `false`, integers and numbers as
JSON writes them. Everything else is a text, so that `no`, `on`, `1:30`, `010` and `2026-01-01` are
what they look like. Refused: anchors and aliases (a small text could mean a huge one), tags,
several documents, keys that are no texts or stand twice, `.nan` and `.inf`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isinf
from typing import Any

import yaml

from infra.definitions.source import (
    DEEPEST,
    LONGEST_NUMBER,
    MOST_DIGITS,
    Mark,
    Source,
    UnreadableError,
    below,
    normal,
)

# libyaml's parser where PyYAML has it, some ten times as fast.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_WORDS = {"": None, "null": None, "true": True, "false": False}
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.?(inf|nan|infinity)", re.IGNORECASE)


@dataclass
class _Open:
    """An object or an array that is being read."""

    path: str
    value: Any
    key: str | None = None
    """The key that waits for its value; of an array None."""
    awaits_key: bool = True
    is_duplicate: bool = False
    keys: dict[str, Mark] = field(default_factory=dict)


def read_yaml(text: str, source: Source) -> None:
    """Read a text into `source`.

    Raises:
        UnreadableError: it is no YAML, or too deep or large.
    """
    try:
        _Reader(source).read(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = None if mark is None else (mark.line + 1, mark.column + 1)
        raise UnreadableError(f"this is no YAML: {error.problem}", "", at) from None
    except yaml.YAMLError as error:  # a character that cannot be
        raise UnreadableError(f"this is no YAML: {' '.join(str(error).split())}") from None


class _Reader:
    """Puts values together, without recursion."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._open: list[_Open] = []
        self._documents = 0

    def read(self, events: Iterator[Any]) -> None:
        for event in events:
            mark = (event.start_mark.line + 1, event.start_mark.column + 1)
            match event:
                case yaml.DocumentStartEvent():
                    self._documents += 1
                    if self._documents > 1:
                        raise UnreadableError("one text holds one definition", "", mark)
                case yaml.AliasEvent():
                    self._source.note(_no_anchors("*", event.anchor or ""), self._path(), mark)
                    self._take(None, mark)
                case yaml.ScalarEvent():
                    self._refuse_odd(event, mark)
                    self._scalar(event, mark)
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._refuse_odd(event, mark)
                    self._begin({} if isinstance(event, yaml.MappingStartEvent) else [], mark)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._open.pop()

    def _path(self) -> str:
        """Return the path of the next value."""
        if not self._open:
            return ""
        top = self._open[-1]
        if isinstance(top.value, list):
            return below(top.path, len(top.value))
        return top.path if top.key is None else below(top.path, top.key)

    def _refuse_odd(self, event: Any, mark: Mark) -> None:  # noqa: ANN401  # PyYAML's events
        if event.anchor is not None:
            self._source.note(_no_anchors("&", event.anchor), self._path(), mark)
        if event.tag is not None:
            self._source.note(f"no tags: {event.tag[:40]} is not needed", self._path(), mark)

    def _begin(self, value: Any, mark: Mark) -> None:  # noqa: ANN401
        if len(self._open) >= DEEPEST:
            raise UnreadableError(
                f"arrays and objects are at most {DEEPEST} deep", self._path(), mark
            )
        path = self._path()
        if self._awaits_key():
            self._source.note("a key is a text", path, mark)
            self._set_key("", mark)
            # Its own parts are read, and forgotten.
            self._open.append(_Open(path, value))
            return
        self._take(value, mark)
        self._open.append(_Open(path, value))

    def _scalar(self, event: Any, mark: Mark) -> None:  # noqa: ANN401
        text = normal(event.value)
        if self._awaits_key():
            if event.implicit[0] and not isinstance(_plain(text), str):
                self._source.note(
                    f"a key is a text: put {text[:40] or 'it'} in quotes", self._path(), mark
                )
            self._set_key(text, mark)
            return
        value = _plain(text) if event.implicit[0] else text
        if event.implicit[0] and _NO_NUMBER.fullmatch(text):
            self._source.note(f"{text} is no number; in quotes it is a text", self._path(), mark)
        elif isinstance(value, int) and len(text) > MOST_DIGITS:
            self._source.note(f"a number has at most {MOST_DIGITS} digits", self._path(), mark)
            value = 0
        elif isinstance(value, float) and isinf(value):
            self._source.note("the number is too large", self._path(), mark)
        self._take(value, mark)

    def _awaits_key(self) -> bool:
        return (
            bool(self._open)
            and isinstance(self._open[-1].value, dict)
            and (self._open[-1].awaits_key)
        )

    def _set_key(self, key: str, mark: Mark) -> None:
        top = self._open[-1]
        top.key, top.awaits_key = key, False
        top.is_duplicate = key in top.keys
        if top.is_duplicate:
            line = top.keys[key][0]
            self._source.note(
                f"the key {key[:40]} stands twice, first in line {line}", self._path(), mark
            )
        top.keys.setdefault(key, mark)

    def _take(self, value: Any, mark: Mark) -> None:  # noqa: ANN401
        """Put a value where the next one belongs."""
        path = self._path()
        if not self._open:
            self._source.count(path, mark)
            self._source.value = value
            return
        top = self._open[-1]
        if isinstance(top.value, list):
            self._source.count(path, mark)
            top.value.append(value)
            return
        if top.awaits_key:  # an alias in the place of a key
            self._set_key("", mark)
            return
        self._source.count(path, top.keys.get(top.key or "", mark))
        if not top.is_duplicate:
            top.value[top.key] = value
        top.key, top.awaits_key = None, True


def _plain(text: str) -> object:
    """Return what a scalar without quotes means, by JSON's rules."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= MOST_DIGITS + 1 else 0
    return float(text) if _NUMBER.fullmatch(text) and len(text) <= LONGEST_NUMBER else text


def _no_anchors(sign: str, name: str) -> str:
    return f"no anchors and aliases: write it out where {sign}{name[:40]} stands"
