"""What is wrong with something that people wrote: every fault with its place, never just the first.

A place is a path such as `steps.2.condition`; parts of lists are counted from 0. Empty: the whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """It cannot be taken as it is."""
    WARNING = "warning"
    """It can be, but is probably not what was meant."""


@dataclass(frozen=True)
class Finding:
    """One fault."""

    place: str
    message: str
    severity: Severity = Severity.ERROR
    code: str = "invalid"
    """Stable and machine-readable: a `domain.errors.Reason`'s value."""
    line: int | None = None
    """Where it stands in the text that was read, from 1; None: not read from a text."""
    column: int | None = None

    def below(self, place: str) -> "Finding":
        """Return the finding of a part as one of the whole, of which the part is at `place`."""
        return replace(self, place=".".join(each for each in (place, self.place) if each))

    @property
    def plain(self) -> dict[str, object]:
        """Return it as JSON has it; without a line where none is known."""
        at = {} if self.line is None else {"line": self.line, "column": self.column}
        return {
            "place": self.place,
            "message": self.message,
            "severity": self.severity.value,
            "code": self.code,
            **at,
        }

    def __str__(self) -> str:
        """Say it in a line, for people."""
        where = "" if self.line is None else f"{self.line}:{self.column}: "
        place = f"{self.place}: " if self.place else ""
        kind = "warning: " if self.severity is Severity.WARNING else ""
        return f"{where}{kind}{place}{self.message}"


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Return those for which it cannot be taken."""
    return [each for each in findings if each.severity is Severity.ERROR]
