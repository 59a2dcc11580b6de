"""Lines as JSON has them, checked and numbered.

They are given as a whole: who sends a line with its number changes it, who sends one without adds
it, and who leaves one out removes it. Their order is as they are sent.
"""

from collections.abc import Collection, Mapping

from domain.definition.cells import LARGEST_INTEGER, bound, invalid, read_cell
from domain.definition.content import Field, LineField
from domain.errors import Reason, RefusedError
from domain.names import is_name
from domain.values import LINE_NUMBER, Cell, Line, size_of

#: Lines of one field, at most.
MOST_LINES = 2_000
#: Bytes of one field's lines as JSON, at most: some 130 for each of as many as there may be.
LARGEST_LINES = 256 * 1024


def read_lines(
    field: Field,
    raw: object,
    place: str,
    known: Collection[int] | None = None,
    last: int = 0,
) -> tuple[Line, ...] | None:
    """Return the lines, each with its number; None if there are none.

    Only lines that are `known` have numbers already; None: whichever are sent. A new one gets a
    number above all these and above `last`, the greatest that was ever given.

    Raises:
        RefusedError: UNKNOWN_FIELD; INVALID at the line's index (`<place>.0.amount`).
    """
    if not isinstance(raw, list):
        raise invalid("the value is a list of lines, with brackets around it", place)
    most = int(bound(field, field.most, place)) if field.most else MOST_LINES
    if len(raw) > min(most, MOST_LINES):
        raise invalid(f"there are at most {min(most, MOST_LINES)} lines, not {len(raw)}", place)
    columns = {column.name: column for column in field.fields}
    numbers = _numbers(raw, place, known, last)
    lines = tuple(
        Line(number, _cells(columns, row, f"{place}.{index}"))
        for index, (number, row) in enumerate(zip(numbers, raw, strict=True))
    )
    size = size_of({field.name: lines})
    if size > LARGEST_LINES:
        raise invalid(f"the lines have at most {LARGEST_LINES} bytes in all, not {size}", place)
    return lines or None


def _numbers(rows: list[object], place: str, known: Collection[int] | None, last: int) -> list[int]:
    sent: dict[int, int] = {}
    for index, row in enumerate(rows):
        at = f"{place}.{index}"
        if not isinstance(row, Mapping):
            raise invalid("a line is an object, with braces around it", at)
        number = row.get(LINE_NUMBER)
        if number is not None:
            sent[index] = _number(number, f"{at}.{LINE_NUMBER}", known, sent.values())
    last = max([last, *sent.values(), *(known or ())])
    found = []
    for index in range(len(rows)):
        if index not in sent:
            last += 1
        found.append(sent.get(index, last))
    return found


def _number(
    number: object, place: str, known: Collection[int] | None, before: Collection[int]
) -> int:
    if not isinstance(number, int) or isinstance(number, bool):
        raise invalid("the number of a line is an integer; a new line has none yet", place)
    if not 1 <= number <= LARGEST_INTEGER or (known is not None and number not in known):
        raise invalid("there is no line of this number; a new line has none yet", place)
    if number in before:
        raise invalid(f"line {number} is there twice", place)
    return number


def _cells(columns: Mapping[str, LineField], row: object, place: str) -> dict[str, Cell]:
    found: dict[str, Cell] = {}
    if isinstance(row, Mapping):
        for name, raw in row.items():
            if name == LINE_NUMBER:
                continue
            column = columns.get(name)
            if column is None:
                at = f"{place}.{name}" if is_name(name) else place
                raise RefusedError(
                    Reason.UNKNOWN_FIELD, f"no field of a line is called {name[:40]!a}", at
                )
            cell = read_cell(column, raw, f"{place}.{name}")
            if cell is not None:
                found[name] = cell
    return found
