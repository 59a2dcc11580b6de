"""JSON of one meaning, with the place of every value (RFC 8259, RFC 7493)."""

import json
import re
from bisect import bisect_right
from math import isfinite
from typing import Any

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

_SPACE = re.compile(r"[ \t\r\n]*")
_SCALAR = re.compile(r"null|true|false|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"NaN|-?Infinity")
_DECODER = json.JSONDecoder()
_WORDS = {"null": None, "true": True, "false": False}


def read_json(text: str, source: Source) -> None:
    """Read a text into `source`.

    Raises:
        UnreadableError: it is no JSON, or too deep or large.
    """
    reader = _Reader(text, source)
    source.value = reader.value("", 1)
    reader.expect_end()


class _Reader:
    """Recursive descent, at most as deep as a text may be."""

    def __init__(self, text: str, source: Source) -> None:
        self._text = text
        self._source = source
        self._at = 0
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]

    def value(self, path: str, depth: int, mark: Mark | None = None) -> Any:  # noqa: ANN401
        self._skip()
        at = self._mark()
        self._source.count(path, mark or at)
        sign = self._text[self._at : self._at + 1]
        if sign in ("{", "[") and sign:
            if depth > DEEPEST:
                raise UnreadableError(f"arrays and objects are at most {DEEPEST} deep", path, at)
            self._at += 1
            return self._object(path, depth) if sign == "{" else self._array(path, depth)
        return self._string() if sign == '"' else self._scalar(path, at)

    def expect_end(self) -> None:
        self._skip()
        if self._at < len(self._text):
            raise self._unreadable("one text holds one value")

    def _object(self, path: str, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        if self._take("}"):
            return found
        while True:
            self._skip()
            mark = self._mark()
            if self._text[self._at : self._at + 1] != '"':
                raise self._unreadable("a key in quotes is expected")
            key = self._string()
            self._expect(":")
            is_twice = key in found
            if is_twice:
                self._source.note(f"the key {key[:40]} stands twice", below(path, key), mark)
            value = self.value(below(path, key), depth + 1, mark)
            if not is_twice:
                found[key] = value
            if self._take("}"):
                return found
            self._expect(",")

    def _array(self, path: str, depth: int) -> list[object]:
        found: list[object] = []
        if self._take("]"):
            return found
        while True:
            found.append(self.value(below(path, len(found)), depth + 1))
            if self._take("]"):
                return found
            self._expect(",")

    def _string(self) -> str:
        try:
            text, self._at = _DECODER.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            raise UnreadableError(
                f"this is no JSON: {error.msg}", "", (error.lineno, error.colno)
            ) from None
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise self._unreadable("\\u escapes give half a character")
        return normal(text)

    def _scalar(self, path: str, at: Mark) -> object:
        if match := _NO_NUMBER.match(self._text, self._at):
            self._source.note(f"{match[0]} is no JSON number", path, at)
            self._at = match.end()
            return None
        match = _SCALAR.match(self._text, self._at)
        if match is None:
            raise self._unreadable("a value is expected")
        self._at = match.end()
        if match[0] in _WORDS:
            return _WORDS[match[0]]
        if match[0].lstrip("-").isdigit():
            if len(match[0]) <= MOST_DIGITS:
                return int(match[0])
        elif len(match[0]) <= LONGEST_NUMBER and isfinite(number := float(match[0])):
            return number
        self._source.note(f"a number has at most {MOST_DIGITS} digits", path, at)
        return 0

    def _skip(self) -> None:
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at

    def _take(self, sign: str) -> bool:
        self._skip()
        is_next = self._text.startswith(sign, self._at)
        self._at += is_next
        return is_next

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise self._unreadable(f"{sign} is expected")

    def _mark(self) -> Mark:
        line = bisect_right(self._lines, self._at)
        return line, self._at - self._lines[line - 1] + 1

    def _unreadable(self, message: str) -> UnreadableError:
        return UnreadableError(f"this is no JSON: {message}", "", self._mark())
