"""Lines for a terminal of 80 columns: headings, columns, what is cut, and how long ago it was.

Whatever the text, a line holds nothing that a terminal acts on.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from textwrap import wrap

#: Columns of a terminal that every line fits into.
WIDTH = 80

_INDENT = "  "

#: Seconds in a unit, the longest first.
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def section(title: str, lines: Sequence[str]) -> Iterator[str]:
    """Give a heading and its lines, indented; nothing where there are none."""
    if lines:
        yield ""
        yield title
        yield from (_INDENT + line for line in lines)


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a line for each row, its cells below each other; the last cell is cut to fit.

    Numbers stand at the right of their column. All rows have as many cells.
    """
    rows = [[*map(printable, row)] for row in rows]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))] if rows else []
    lines = []
    for row in rows:
        cells = [_aligned(cell, width) for cell, width in zip(row[:-1], widths, strict=False)]
        begun = _INDENT.join([*cells, ""])
        lines.append((begun + cut(row[-1], WIDTH - len(_INDENT) - len(begun))).rstrip())
    return lines


def _aligned(cell: str, width: int) -> str:
    return cell.rjust(width) if cell[:1].isdecimal() else cell.ljust(width)


def wrapped(text: str, indent: str = "") -> list[str]:
    """Return a text in lines that fit into a section; a long word is broken."""
    return wrap(
        printable(text),
        WIDTH - len(_INDENT),
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )


def printable(text: str) -> str:
    """Return the text with a space for whatever is not printed: a terminal may act on it."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def cut(text: str, room: int) -> str:
    """Return what fits: the end is left out."""
    text = printable(text)
    return text if len(text) <= room else text[: max(0, room - 1)] + "…"


def cut_in_the_middle(text: str, room: int) -> str:
    """Return what fits: of a host or a path the beginning and the end tell most."""
    text = printable(text)
    if len(text) <= room:
        return text
    head = (room - 1) // 2
    return f"{text[:head]}…{text[len(text) - (room - 1 - head) :]}"


def duration(seconds: float) -> str:
    """Return a time in its two largest units: `3 s`, `2 min 5 s`, `4 d 1 h`; below 1 s in ms."""
    if 0 < seconds < 1:
        return f"{max(1, round(seconds * 1000))} ms"
    left = round(seconds)
    said: list[str] = []
    for unit, size in _UNITS:
        if left >= size or (size == 1 and not said):
            said.append(f"{left // size} {unit}")
            left %= size
        elif said:
            break
    return " ".join(part for part in said[:2] if len(said) == 1 or not part.startswith("0 "))


def from_now(at: str | datetime, now: datetime) -> str:
    """Return how long ago an instant was, or in how long it is: `3 s ago`, `in 2 min 5 s`."""
    instant = at if isinstance(at, datetime) else datetime.fromisoformat(at)
    seconds = (now - instant).total_seconds()
    if abs(seconds) < 1:
        return "now"
    return f"{duration(seconds)} ago" if seconds > 0 else f"in {duration(-seconds)}"
