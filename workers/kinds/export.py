"""The kind `export`: the list of the documents that the actor may read, as CSV or XLSX."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from domain.definition.content import Content, Field, FieldKind
from domain.document.state import Status
from domain.names import NAME_FORM, is_name
from infra.views.queries.definitions import DefinitionQueries
from workers.kinds.base import FailedForGoodError, Made, Work
from workers.kinds.columns import Column, columns_of
from workers.kinds.definitions import published
from workers.kinds.sheets import MOST_ROWS, Cells, write_csv, write_xlsx

#: Documents asked for at once.
PAGE = 500

MEDIA_TYPES: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

#: What documents can be narrowed by.
FILTERS = ("definition", "status")


@dataclass
class Found:
    """Documents in a file, one JSON object a line, and what their columns depend on."""

    path: Path
    count: int = 0
    versions: set[tuple[str, int]] = field(default_factory=set)
    """The definitions, each with the number of its version."""
    held: set[tuple[str, bool]] = field(default_factory=set)
    """The fields that hold something, and whether it is money."""

    def add(self, row: Mapping[str, Any]) -> None:
        """Count a document in."""
        self.count += 1
        self.versions.add((row["definition"], row["definition_version"]))
        for name, value in row["values"].items():
            self.held.add((name, isinstance(value, Mapping)))


def make_export(work: Work) -> Made:
    """Write the documents that the actor may read, newest first, each once.

    The columns are only known when all documents are, so these wait in a file meanwhile.

    Raises:
        FailedForGoodError: a parameter is not right, or a sheet cannot hold so many.
        UnknownDefinitionError: the views do not show yet what a document names.
    """
    form, filters = _wanted(work)
    found = _collect(work, filters)
    if form == "xlsx" and found.count > MOST_ROWS:
        raise FailedForGoodError(
            f"a sheet holds at most {MOST_ROWS} documents, and these are {found.count}:"
            " ask for csv, or for those of one definition or status"
        )
    columns = columns_of(_contents(work.queries.definitions, found))
    target, rows = work.folder / f"documents.{form}", _rows(work, found, columns)
    if form == "csv":
        write_csv(target, columns, rows)
    else:
        write_xlsx(target, columns, rows, work.at)
    name = "-".join(["documents", *filters.values(), f"{work.at:%Y-%m-%d}"])
    return Made(target, MEDIA_TYPES[form], f"{name}.{form}")


def _wanted(work: Work) -> tuple[str, Mapping[str, str]]:
    form = str(work.parameters.get("format"))
    if form not in MEDIA_TYPES:
        raise FailedForGoodError(f"the parameter `format` must be one of {', '.join(MEDIA_TYPES)}")
    filters = {name: str(work.parameters[name]) for name in FILTERS if work.parameters.get(name)}
    if filters.get("status", Status.DRAFT) not in list(Status):
        raise FailedForGoodError(f"the parameter `status` must be one of {', '.join(Status)}")
    if not is_name(filters.get("definition", "any")):
        raise FailedForGoodError(f"the parameter `definition` must be a name: {NAME_FORM}")
    return form, filters


def _collect(work: Work, filters: Mapping[str, str]) -> Found:
    """Write every document to a file, page by page: a document's number never changes."""
    found = Found(work.folder / "documents.jsonl")
    below: int | None = None
    with found.path.open("wb") as file:
        while True:
            page = work.queries.documents.readable(work.actor, filters, below, PAGE)
            for row in page.rows:
                found.add(row)
                file.write(msgspec.json.encode(row) + b"\n")
            work.progress(0, found.count)
            if page.next is None:
                return found
            below = int(page.next[0])


def _contents(definitions: DefinitionQueries, found: Found) -> Sequence[Content]:
    """Return the definitions, by name and then newest first; then one for what is in none."""
    named = sorted(found.versions, key=lambda version: (version[0], -version[1]))
    contents = [published(definitions, *version).content for version in named]
    known = {
        (each.name, each.kind is FieldKind.MONEY) for content in contents for each in content.fields
    }
    others = tuple(
        Field(name, FieldKind.MONEY if is_money else FieldKind.TEXT)
        for name, is_money in sorted(found.held - known)
    )
    return [*contents, Content(others, ())]


def _rows(work: Work, found: Found, columns: Sequence[Column]) -> Iterator[Cells]:
    with found.path.open("rb") as file:
        for done, line in enumerate(file, 1):
            row = msgspec.json.decode(line)
            yield [column.text(row) for column in columns]
            if done % PAGE == 0 or done == found.count:
                work.progress(done, found.count)
