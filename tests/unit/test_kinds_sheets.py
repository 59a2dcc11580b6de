"""Cells are what they were when a spreadsheet opens the file, and none of them is a formula."""

import csv
import re
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.definition.content import Content, Field, FieldKind, LineField
from tests.builders import AT
from workers.kinds.columns import EVERY, Column, Form, columns_of
from workers.kinds.sheets import harmless, labels, write_csv, write_xlsx

#: Every text that a document may hold: no NUL and no half of a surrogate pair.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
FORMULA = "=+\\-@\uff1d\uff0b\uff0d\uff20"
DANGEROUS = st.builds(
    str.__add__, st.sampled_from([*"=+-@\t\r\n'\uff1d\uff0b\uff0d\uff20", "'=", "''+"]), TEXTS
) | st.text(st.sampled_from("=+-@'\" ;|,\t\r\nx1\uff1d"), max_size=12)
NUMBERS = st.decimals(
    min_value=-(10**12), max_value=10**12, places=2, allow_nan=False, allow_infinity=False
).map(str)
TEXT = Column("note", Form.TEXT, "Note")
NUMBER = Column("cost", Form.NUMBER, "Cost")
INSTANT = Column("at", Form.INSTANT, "At")


def csv_of(folder: Path, columns: list[Column], rows: list[list[str]]) -> list[list[str]]:
    path = folder / "made.csv"
    write_csv(path, columns, rows)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, strict=True))


def sheet_of(folder: Path, columns: list[Column], rows: list[list[str]]) -> openpyxl.Workbook:
    path = folder / "made.xlsx"
    write_xlsx(path, columns, rows, AT)
    return openpyxl.load_workbook(path)


def as_text(cell: str) -> str:
    """Take the apostrophes away that the documentation tells of."""
    cell = cell[1:] if re.match("''*[\t\r\n]", cell) else cell
    return re.sub(f"((?:^|[;|\t\r\n])[\\s\"']*)'(?=[{FORMULA}])", r"\1", cell)


@given(rows=st.lists(st.lists(TEXTS | DANGEROUS, min_size=2, max_size=2), max_size=5))
def test_every_text_comes_back_from_csv(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    found = csv_of(tmp_path_factory.mktemp("csv"), [TEXT, TEXT], rows)
    assert [[as_text(cell) for cell in row] for row in found[1:]] == rows


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@given(rows=st.lists(st.lists(DANGEROUS | NUMBERS, min_size=2, max_size=2), max_size=4))
def test_no_cell_is_a_formula_whatever_separates_cells(
    tmp_path_factory: pytest.TempPathFactory, separator: str, rows: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "made.csv"
    write_csv(path, [TEXT, TEXT, TEXT], [["document", *row] for row in rows])
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
        if (separator, quoting) == (",", csv.QUOTE_NONE):
            continue  # who reads RFC 4180 knows quotes
        with path.open(encoding="utf-8-sig", newline="") as file:
            found = list(csv.reader(file, delimiter=separator, quoting=quoting))
        for cell in (cell.strip(' "') for record in found for cell in record):
            number = re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", cell)
            assert number or not re.match(f"[{FORMULA}]", cell), cell


@given(cell=NUMBERS)
def test_numbers_are_not_touched(cell: str) -> None:
    assert harmless(cell) == cell


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1+1",
        "-1-1",
        "@SUM(A1)",
        '=HYPERLINK("http://h/","x")',
        "-2+3+cmd|' /C'!A0",
    ],
)
def test_known_attacks_are_text(cell: str, tmp_path: Path) -> None:
    assert csv_of(tmp_path, [TEXT], [[cell]])[1] == [f"'{cell}"]
    made = sheet_of(tmp_path, [TEXT], [[cell]])["Documents"]["A2"]
    assert (made.value, made.data_type) == (cell, "s")


@pytest.mark.parametrize(
    ("cell", "made"),
    [
        ("chairs;=1+1", "chairs;'=1+1"),
        ('chairs; "=HYPERLINK(A1)', "chairs; \"'=HYPERLINK(A1)"),
        ("a\tb\t@SUM(A1)", "a\tb\t'@SUM(A1)"),
        ("a\r\n-1+1", "a\r\n'-1+1"),
        ("\t=1", "'\t'=1"),
        (" =1", " '=1"),
        ("it's 5 - 3 = 2; so what", "it's 5 - 3 = 2; so what"),
    ],
)
def test_a_formula_within_a_text_is_text(cell: str, made: str) -> None:
    assert harmless(cell) == made


def test_csv_has_a_byte_order_mark_and_ends_lines_as_rfc_4180_says(tmp_path: Path) -> None:
    path = tmp_path / "made.csv"
    write_csv(path, [TEXT, NUMBER], [['a "b", c', "-1.50"], ["two\nlines", ""]])
    assert path.read_bytes() == (
        b'\xef\xbb\xbfnote,cost\r\n"a ""b"", c",-1.50\r\n"two\nlines",\r\n'
    )


@settings(max_examples=20)  # each makes and reads a whole file
@given(
    rows=st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=50),
        max_size=4,
    )
)
def test_every_printable_text_comes_back_from_a_workbook(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("xlsx")
    sheet = sheet_of(folder, [TEXT], [[each] for each in rows])["Documents"]
    found = [sheet.cell(number, 1).value or "" for number in range(2, len(rows) + 2)]
    assert found == rows


@pytest.mark.parametrize(
    ("cell", "value", "shown"),
    [
        ("12.50", 12.5, "0.00"),
        ("-7", -7, "0"),
        ("999999999999.99", 999999999999.99, "0.00"),
        ("0.000001", 0.000001, "0.000000"),
        ("1000000000000000000", 1000000000000000000, "0"),
    ],
)
def test_numbers_are_numbers_with_their_decimals(
    tmp_path: Path, cell: str, value: float, shown: str
) -> None:
    made = sheet_of(tmp_path, [NUMBER], [[cell]])["Documents"]["A2"]
    assert (made.value, made.data_type, made.number_format) == (value, "n", shown)


@pytest.mark.parametrize("cell", ["999999999999.999999", "9007199254740991", "not a number"])
def test_what_a_spreadsheet_would_round_stays_text(tmp_path: Path, cell: str) -> None:
    made = sheet_of(tmp_path, [NUMBER], [[cell]])["Documents"]["A2"]
    assert (made.value, made.data_type) == (cell, "s")


def test_instants_are_dates_and_very_old_ones_text(tmp_path: Path) -> None:
    rows = [["2026-11-23T10:00:00.000000Z"], ["1850-01-01T00:00:00.000000Z"]]
    sheet = sheet_of(tmp_path, [INSTANT], rows)["Documents"]
    assert sheet["A2"].value == datetime(2026, 11, 23, 10)  # noqa: DTZ001  # spreadsheets know no zones
    assert sheet["A2"].is_date
    assert sheet["A3"].value == rows[1][0]


def test_what_xml_cannot_hold_does_not_break_a_workbook(tmp_path: Path) -> None:
    rows = [["a\x01b"], ["a\ufffeb\uffffc"], ["_x0041_"], ["x" * 10_000], ["\U0001fffe"]]
    sheet = sheet_of(tmp_path, [TEXT], rows)["Documents"]
    found = [row[0].value for row in sheet.iter_rows(min_row=2)]
    # Escaped as ECMA-376 has it (22.9.2.19), which spreadsheets undo and openpyxl does not.
    assert found[:2] == ["a_x0001_b", "a_xFFFE_b_xFFFF_c"]
    assert found[2].replace("_x005F_", "_") == "_x0041_"
    assert found[3:] == ["x" * 10_000, "\U0001fffe"]


def test_the_header_is_frozen_and_the_columns_are_explained(tmp_path: Path) -> None:
    book = sheet_of(tmp_path, [TEXT, NUMBER], [["a", "1"]])
    assert book["Documents"].freeze_panes == "A2"
    assert [cell.value for cell in book["Documents"][1]] == ["Note", "Cost"]
    legend = [[cell.value for cell in row] for row in book["Columns"].rows]
    assert legend == [
        ["Column", "Name", "Holds"],
        ["Note", "note", "text"],
        ["Cost", "cost", "number"],
    ]
    assert book.properties.created.replace(tzinfo=UTC) == AT.replace(microsecond=0)


# ---- which columns


def a_content(*fields: Field) -> Content:
    return Content(fields, ())


def test_the_columns_are_those_of_every_document_and_the_union_of_fields() -> None:
    newer = a_content(
        Field("title", FieldKind.TEXT, "Title"), Field("cost", FieldKind.MONEY, "Cost")
    )
    older = a_content(Field("title", FieldKind.TEXT, "Name"), Field("pieces", FieldKind.INTEGER))
    found = columns_of([newer, older])[len(EVERY) :]
    assert [(each.name, each.form, each.label) for each in found] == [
        ("title", Form.TEXT, "Title"),
        ("cost.amount", Form.NUMBER, "Cost"),
        ("cost.currency", Form.TEXT, "Cost, currency"),
        ("pieces", Form.NUMBER, "pieces"),
    ]


def test_a_field_that_is_a_number_only_in_some_is_text() -> None:
    found = columns_of(
        [a_content(Field("a", FieldKind.INTEGER)), a_content(Field("a", FieldKind.TEXT))]
    )
    assert [(each.name, each.form) for each in found[len(EVERY) :]] == [("a", Form.TEXT)]


def test_a_field_called_as_what_every_document_has_keeps_its_own_column() -> None:
    found = columns_of([a_content(Field("status", FieldKind.TEXT))])
    row = {each.name: f"the {each.name}" for each in EVERY} | {"values": {"status": "mine"}}
    assert {each.name: each.text(row) for each in found} == {
        **{each.name: f"the {each.name}" for each in EVERY},
        "values.status": "mine",
    }


def test_money_in_one_definition_and_text_in_another_do_not_mix() -> None:
    money, text = Field("cost", FieldKind.MONEY), Field("cost", FieldKind.TEXT)
    found = columns_of([a_content(money), a_content(text)])[len(EVERY) :]
    dear = {"values": {"cost": {"amount": "5.00", "currency": "EUR"}}}
    assert [each.text(dear) for each in found] == ["5.00", "EUR", ""]
    assert [each.text({"values": {"cost": "a lot"}}) for each in found] == ["", "", "a lot"]


def test_of_lines_a_list_says_how_many_there_are() -> None:
    items = Field("items", FieldKind.LINES, "Items", fields=(LineField("a", FieldKind.TEXT),))
    text, truth = Field("items", FieldKind.TEXT), Field("paid", FieldKind.TRUTH)
    found = columns_of([a_content(items, truth), a_content(text)])[len(EVERY) :]
    assert [(each.name, each.form, each.label) for each in found] == [
        ("items.lines", Form.NUMBER, "Items, lines"),
        ("paid", Form.TEXT, "paid"),
        ("items", Form.TEXT, "items"),
    ]
    two = {"values": {"items": [{"line": 1, "a": "x"}, {"line": 3}], "paid": False}}
    assert [each.text(two) for each in found] == ["2", "false", ""]
    assert [each.text({"values": {"items": "none"}}) for each in found] == ["", "", "none"]


def test_labels_that_several_columns_have_name_the_column() -> None:
    assert labels([Column("a", Form.TEXT, "L"), Column("b", Form.TEXT, "L"), TEXT]) == [
        "L (a)",
        "L (b)",
        "Note",
    ]
