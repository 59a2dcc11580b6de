"""What was read of a text: values as JSON has them, and where each of them stands."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from domain.findings import Finding

#: Arrays and objects within each other, at most; a definition needs a dozen.
DEEPEST = 32
#: Values of a text, all together; the largest definition that makes sense is a tenth of it.
MOST_PARTS = 20_000
#: Digits of an integer, at most: what every JSON reader can tell apart (RFC 8259, section 6).
MOST_DIGITS = 16
#: Characters of a number with a point, at most; more are zeros or too much.
LONGEST_NUMBER = 40
#: Findings of one text, at most; whoever has more has made one mistake many times.
MOST_FINDINGS = 1_000

Mark = tuple[int, int]
"""A line and a column, from 1."""


class UnreadableError(Exception):
    """The text cannot be read any further."""

    def __init__(self, message: str, place: str = "", mark: Mark | None = None) -> None:
        super().__init__(message)
        line, column = mark or (None, None)
        self.finding = Finding(place, message, line=line, column=column)


@dataclass
class Source:
    """A text's values, its places, and what was wrong with it."""

    value: object = None
    marks: dict[str, Mark] = field(default_factory=dict)
    """By the path: of a member where its key stands, of a list's part where it begins."""
    findings: list[Finding] = field(default_factory=list)
    parts: int = 0
    unreadable: Finding | None = None
    """Why the text could not be read to its end; among the findings, too."""

    def count(self, path: str, mark: Mark) -> None:
        """Note where a part stands.

        Raises:
            UnreadableError: there are too many.
        """
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise UnreadableError(f"at most {MOST_PARTS} values", path, mark)
        self.marks.setdefault(path, mark)

    def note(self, message: str, path: str, mark: Mark) -> None:
        """Note what is wrong, and go on."""
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(path, message, line=mark[0], column=mark[1]))

    def located(self, findings: Iterable[Finding]) -> list[Finding]:
        """Return the findings with the line and column of what each is about."""
        return [
            each if each.line is not None else _at(each, _mark(self.marks, each.place))
            for each in findings
        ]


def below(path: str, name: object) -> str:
    """Return the path of a part."""
    return f"{path}.{str(name)[:40]}" if path else str(name)[:40]


def normal(text: str) -> str:
    """Return a text in Unicode's normalization form C: the same letters are the same bytes."""
    return unicodedata.normalize("NFC", text)


def _at(finding: Finding, mark: Mark | None) -> Finding:
    return finding if mark is None else replace(finding, line=mark[0], column=mark[1])


def _mark(marks: Mapping[str, Mark], path: str) -> Mark | None:
    """Return where a part stands; of one that is missing, where it should be."""
    while path and path not in marks:
        path = path.rpartition(".")[0]
    return marks.get(path)
