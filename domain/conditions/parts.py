"""The tree of a checked condition: what `grammar` reads, and `cel_text` and `loops` carry out."""

from dataclasses import dataclass

from domain.conditions.kinds import Kind

#: What is asked of all lines of a field; each but `count` takes an expression over one line.
LOOPS = frozenset({"sum", "count", "any", "all", "least", "most"})

#: What stands between two parts and binds to the left: a long row of these is a deep tree.
_BETWEEN = frozenset({"&&", "||", "+", "-", "*", "/", "%"})


@dataclass(frozen=True)
class Part:
    """A checked part of a condition."""

    op: str
    """A sign or a function of the language, or `literal`, `read`, `empty`, `()`, `negative`."""
    kind: Kind
    parts: tuple["Part", ...] = ()
    value: str | int | bool = ""
    """A literal as it stands inside; the name that is read; a pattern; the lines of a loop."""
    decimals: int = 0
    """Digits after the point that its values may have, of decimals and money."""
    of_line: bool = False
    """Is the name that is read one of a line's, not the document's?"""


def row_of(part: Part) -> tuple[Part, list[Part]]:
    """Return a row of what binds to the left: its first part, then each that has a next one.

    Of `a + b - c` that is `a`, and the parts `a + b` and `a + b - c`. Who walks along rows is no
    deeper in the tree than parentheses are.
    """
    row: list[Part] = []
    while part.op in _BETWEEN:
        row.append(part)
        part = part.parts[0]
    return part, row[::-1]
