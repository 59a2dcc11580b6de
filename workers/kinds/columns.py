"""The columns of an exported list: those of every document, then a union of all fields."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.definition.content import Content, FieldKind

#: The part of a field of kind lines that a column shows.
LINES = "lines"


class Form(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    NUMBER = "number"
    INSTANT = "instant"


@dataclass(frozen=True)
class Column:
    """One column, and where its cells come from."""

    name: str
    """The same in every export: a field of a document's row, or `<field>`, or `<field>.<part>`."""
    form: Form
    label: str = ""
    field: str = ""
    """The field that it shows; empty for what every document has."""
    part: str = ""
    """`amount` or `currency` of money, `lines` of lines: how many there are."""

    def text(self, row: Mapping[str, Any]) -> str:
        """Return the document's cell as text; empty where it has none. Numbers are exact."""
        if not self.field:
            value = row[self.name]
            return ", ".join(value) if isinstance(value, list) else str(value)
        value = row["values"].get(self.field)
        if self.part == LINES:
            value = len(value) if isinstance(value, list) else None
        elif self.part:
            value = value.get(self.part) if isinstance(value, Mapping) else None
        elif isinstance(value, Mapping | list):
            value = None  # another definition's field of this name has columns of its own
        if isinstance(value, bool):
            return "true" if value else "false"
        return "" if value is None else str(value)


#: What every document has. The version is that of its definition.
EVERY: Sequence[Column] = (
    Column("document", Form.TEXT, "Document"),
    Column("definition", Form.TEXT, "Definition"),
    Column("definition_version", Form.NUMBER, "Version"),
    Column("requester", Form.TEXT, "Requester"),
    Column("status", Form.TEXT, "Status"),
    Column("waiting", Form.TEXT, "Waits at"),
    Column("round", Form.NUMBER, "Round"),
    Column("created_at", Form.INSTANT, "Created (UTC)"),
    Column("changed_at", Form.INSTANT, "Changed (UTC)"),
)

_NUMBERS = frozenset({FieldKind.INTEGER, FieldKind.DECIMAL})


def columns_of(contents: Sequence[Content]) -> list[Column]:
    """Return the columns of documents of these definitions' versions, the newest first.

    A field that several of them have is one column. It holds numbers if it is a number in all of
    them, and bears the label that the first of them gives it.
    """
    found: dict[str, Column] = {column.name: column for column in EVERY}
    taken = set(found)
    for column in (column for content in contents for column in _columns(content)):
        name = f"values.{column.name}" if column.name in taken else column.name
        known = found.setdefault(name, _named(column, name))
        if known.form is not column.form:
            found[name] = _named(known, name, Form.TEXT)
    return list(found.values())


def _columns(content: Content) -> Iterator[Column]:
    for field in content.fields:
        label = field.label or field.name
        if field.kind is FieldKind.MONEY:
            yield Column(f"{field.name}.amount", Form.NUMBER, label, field.name, "amount")
            currency = f"{label}, currency"
            yield Column(f"{field.name}.currency", Form.TEXT, currency, field.name, "currency")
        elif field.kind is FieldKind.LINES:
            yield Column(f"{field.name}.lines", Form.NUMBER, f"{label}, lines", field.name, LINES)
        else:
            form = Form.NUMBER if field.kind in _NUMBERS else Form.TEXT
            yield Column(field.name, form, label, field.name)


def _named(column: Column, name: str, form: Form | None = None) -> Column:
    return Column(name, form or column.form, column.label, column.field, column.part)
