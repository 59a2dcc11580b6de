"""Rows of cells as files that spreadsheets open: CSV and XLSX, a row at a time.

Cells are texts; what they mean says their column. Nothing that a cell holds is ever a formula.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from xlsxwriter import Workbook  # type: ignore[import-untyped]
from xlsxwriter.format import Format  # type: ignore[import-untyped]

from workers.kinds.columns import Column, Form

Cells = Sequence[str]

#: Rows of a sheet beside its header, at most (Excel's specifications and limits).
MOST_ROWS = 1_048_575

#: Before what makes a spreadsheet take a cell of a CSV file for a formula (OWASP, CSV Injection);
#: the wide forms do so where Japanese is written. What a spreadsheet takes for a cell may begin
#: within ours: after the end of a line, or after what separates cells in its country. Spaces and
#: quotes at its beginning may be taken away.
_BEFORE_FORMULA = re.compile("((?:^|[;|\t\r\n])[\\s\"']*)(?=[=+\\-@\uff1d\uff0b\uff0d\uff20])")
_WITHOUT_TEXT = re.compile("'*[\t\r\n]")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")

#: Digits that a spreadsheet's number keeps: it is a binary fraction of 64 bits.
_EXACT_DIGITS = 15

#: Spreadsheets count days from here; what is older stays text.
_FIRST_DAY = datetime(1900, 3, 1, tzinfo=UTC)

_WIDTH = 18


def write_csv(path: Path, columns: Sequence[Column], rows: Iterable[Cells]) -> None:
    """Write RFC 4180 in UTF-8, its first record the columns' names.

    With a byte order mark: without one, Excel reads the file in the code page of its country.
    """
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([column.name for column in columns])
        writer.writerows([harmless(cell) for cell in row] for row in rows)


def harmless(cell: str) -> str:
    """Return the cell with an apostrophe wherever it could be taken for a formula.

    Right before its first letter, and before the cell if it begins with a tab or a line's end. A
    number stays as it is. Taking one apostrophe away at each such place gives the text back.
    """
    if _NUMBER.fullmatch(cell):
        return cell
    cell = _BEFORE_FORMULA.sub(r"\1'", cell)
    return f"'{cell}" if _WITHOUT_TEXT.match(cell) else cell


def write_xlsx(path: Path, columns: Sequence[Column], rows: Iterable[Cells], at: datetime) -> None:
    """Write a workbook: a sheet of the rows under their columns' labels, and one of the columns.

    In constant memory. Numbers are numbers where a spreadsheet can hold them exactly.
    """
    # What is not in memory is beside the file, not in the folder for everybody's files.
    options = {"constant_memory": True, "tmpdir": str(path.parent)}
    with Workbook(str(path), options) as workbook:
        workbook.set_properties({"created": at})
        sheet = _Sheet(workbook, "Documents", labels(columns))
        for row in rows:
            sheet.write([(column.form, cell) for column, cell in zip(columns, row, strict=True)])
        legend = _Sheet(workbook, "Columns", ["Column", "Name", "Holds"])
        for label, column in zip(labels(columns), columns, strict=True):
            legend.write([(Form.TEXT, text) for text in (label, column.name, column.form)])


def labels(columns: Sequence[Column]) -> list[str]:
    """Return the columns' labels, with the name where several have the same."""
    counted = Counter(column.label for column in columns)
    return [
        column.label if counted[column.label] == 1 else f"{column.label} ({column.name})"
        for column in columns
    ]


class _Sheet:
    """One sheet, written row by row."""

    def __init__(self, workbook: Workbook, name: str, header: Cells) -> None:
        self._workbook = workbook
        self._sheet = workbook.add_worksheet(name)
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_column(0, max(len(header) - 1, 0), _WIDTH)
        bold = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        for number, cell in enumerate(header):
            self._sheet.write_string(0, number, cell, bold)
        self._row = 0
        self._formats: dict[str, Format] = {}

    def write(self, cells: Iterable[tuple[Form, str]]) -> None:
        """Write the next row."""
        self._row += 1
        for number, (form, cell) in enumerate(cells):
            if cell:
                self._write(number, form, cell)

    def _write(self, column: int, form: Form, cell: str) -> None:
        if form is Form.NUMBER and _fits(cell):
            decimals = len(cell.partition(".")[2])
            shown = "0." + "0" * decimals if decimals else "0"
            self._sheet.write_number(self._row, column, float(cell), self._format(shown))
        elif form is Form.INSTANT and (instant := datetime.fromisoformat(cell)) >= _FIRST_DAY:
            shown = "yyyy-mm-dd hh:mm:ss"
            naive = instant.astimezone(UTC).replace(tzinfo=None)
            self._sheet.write_datetime(self._row, column, naive, self._format(shown))
        else:
            self._sheet.write_string(self._row, column, cell)

    def _format(self, shown: str) -> Format:
        if shown not in self._formats:
            self._formats[shown] = self._workbook.add_format({"num_format": shown})
        return self._formats[shown]


def _fits(number: str) -> bool:
    """Tell whether a spreadsheet's number is this number, to its last digit."""
    if not _NUMBER.fullmatch(number):
        return False
    return len(Decimal(number).normalize().as_tuple().digits) <= _EXACT_DIGITS
