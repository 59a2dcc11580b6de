"""The view of definitions: a row for each published version, and one for what is to come.

A version's content never changes; that it is deprecated is added.
What people are shown of it, in answers and in the feed, has the words in which it was sent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from domain.definition.events import (
    DefinitionPublished,
    DraftSaved,
    PublicationProposed,
    VersionDeprecated,
)
from domain.metadata import Recorded
from projections.base import Column, Key, Kind, Row, Rows, Table
from projections.workspace.flow_words import field_as_sent, step_as_sent
from projections.workspace.plain import instant, plain_row

DEFINITION = Table(
    "definition",
    (
        Column("definition", Kind.KEY),
        Column("definition_version", Kind.INTEGER),
        Column("content", Kind.JSON),
        Column("content_hash", Kind.KEY),
        Column("published_at", Kind.INSTANT),
        Column("published_by", Kind.KEY),
        Column("proposed_by", Kind.KEY, optional=True),  # None: one person did both
        Column("effective_from", Kind.INSTANT, optional=True),  # None: from its publication on
        Column("deprecated_at", Kind.INSTANT, optional=True),
        Column("deprecation", Kind.TEXT, optional=True),  # the reason
        Column("number", Kind.INTEGER),  # the position at which it was published: pages go by it
    ),
    key=("definition", "definition_version"),
    indexes=(("number",),),
)


WORK = Table(
    "definition_work",
    (
        Column("definition", Kind.KEY),
        Column("version", Kind.INTEGER),  # the stream's
        Column("draft", Kind.INTEGER),  # the number of the last one; 0: there is none
        Column("source", Kind.TEXT, optional=True),
        Column("saved_by", Kind.KEY, optional=True),
        Column("saved_at", Kind.INSTANT, optional=True),
        Column("proposal", Kind.JSON, optional=True),
    ),
    key=("definition",),
)


def reads(recorded: Recorded) -> Iterable[tuple[Table, Key]]:
    """Name the rows that `fold` may get."""
    event: Any = recorded.event
    yield WORK, (event.definition,)
    if isinstance(event, VersionDeprecated):
        yield DEFINITION, (event.definition, event.definition_version)


def fold(rows: Rows, recorded: Recorded) -> Mapping[str, object]:
    """Change the definition's rows; return what the feed tells of it."""
    event: Any = recorded.event
    work = _work(rows, recorded)
    rows.put(WORK, work)
    match event:
        case DefinitionPublished():
            row = _published(event, recorded)
        case VersionDeprecated():
            row = _deprecated(rows, event, recorded)
        case _:
            return {"work": work_as_sent(work)}
    rows.put(DEFINITION, row)
    return {"work": work_as_sent(work), "definition": as_sent(row)}


def _published(event: DefinitionPublished, recorded: Recorded) -> Row:
    return {
        "definition": event.definition,
        "definition_version": event.definition_version,
        "content": asdict(event.content),
        "content_hash": event.content_hash,
        "published_at": recorded.meta.effective_at,
        "published_by": recorded.meta.actor,
        "proposed_by": event.proposed_by or None,
        "effective_from": event.effective_from,
        "deprecated_at": None,
        "deprecation": None,
        "number": recorded.position,
    }


def _deprecated(rows: Rows, event: VersionDeprecated, recorded: Recorded) -> Row:
    found = rows.get(DEFINITION, (event.definition, event.definition_version)) or {}
    return {
        **found,
        "deprecated_at": recorded.meta.effective_at,
        "deprecation": event.reason or None,
    }


def _work(rows: Rows, recorded: Recorded) -> Row:
    """Return what is to come of a definition, after this event."""
    event: Any = recorded.event
    nothing = {"draft": 0, "source": None, "saved_by": None, "saved_at": None, "proposal": None}
    found = rows.get(WORK, (event.definition,)) or nothing
    changes: Row = {}
    match event:
        case DraftSaved():
            changes = {
                "draft": event.draft,
                "source": event.source,
                "saved_by": recorded.meta.actor,
                "saved_at": recorded.meta.effective_at,
            }
        case PublicationProposed():
            begins = event.effective_from
            changes = {
                "proposal": {
                    "content": asdict(event.content),
                    "content_hash": event.content_hash,
                    "effective_from": None if begins is None else instant(begins),
                    "proposed_by": event.proposed_by,
                    "proposed_at": instant(recorded.meta.effective_at),
                }
            }
        case DefinitionPublished():
            changes = {"proposal": None}
    return {**found, **changes, "definition": event.definition, "version": recorded.version}


def work_as_sent(row: Mapping[str, Any]) -> dict[str, object]:
    """Return what is to come, as JSON has it; the text of a draft is not for everybody."""
    found = plain_row({name: row[name] for name in row if name not in {"source", "proposal"}})
    proposal = row["proposal"]
    if proposal is None:
        return {**found, "proposal": None}
    rest = {name: value for name, value in proposal.items() if name != "content"}
    return {**found, "proposal": {**rest, **content_as_sent(proposal["content"])}}


def as_sent(row: Mapping[str, Any]) -> dict[str, object]:
    """Return a definition's row as JSON has it, with its content in the words it was sent in."""
    rest = {name: value for name, value in row.items() if name != "content"}
    return {**plain_row(rest), **content_as_sent(row["content"])}


def content_as_sent(content: Mapping[str, Any]) -> dict[str, object]:
    """Return a content in the words it was sent in."""
    return {
        **content,
        "fields": [field_as_sent(field) for field in content["fields"]],
        "steps": [step_as_sent(step) for step in content["steps"]],
    }
