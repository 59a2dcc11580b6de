"""The kind `pdf`: a document with its approval record, from the log itself."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from domain.definition.content import Content, Field, FieldKind
from domain.definition.steps import walk
from domain.document.events import DocumentCreated, DocumentSubmitted
from domain.document.facts import Published
from domain.document.state import Document, fold
from domain.metadata import Recorded
from domain.values import Line, Value
from infra.views.queries.definitions import DefinitionQueries
from workers.kinds.base import FailedForGoodError, Made, Work
from workers.kinds.definitions import UnknownDefinitionError, published
from workers.kinds.naming import Naming, logins_of
from workers.kinds.paper import make_pages
from workers.kinds.record import Mark, arrange, mark_of
from workers.kinds.wording import (
    SHORT_HASH,
    fields_of,
    happened,
    label,
    printable,
    shown,
    subject_of,
)

MEDIA_TYPE = "application/pdf"

#: Lines of a paper, at most: some 400 pages, half a minute and 400 MB (measured: docs/jobs.md).
MOST_LINES = 10_000

#: Characters of a line, for counting lines beforehand: a wide script has fewer than Latin.
_LINE = 50

#: The versions of a definition that a document was drafted or submitted under.
Versions = Mapping[int, Published]


def make_pdf(work: Work) -> Made:
    """Write the document's record.

    Raises:
        FailedForGoodError: it is not for the actor, or is larger than a paper can be.
        LookupError: the log or the views, where they are read, do not show it yet.
    """
    document = _document(work)
    if not work.access.may_read(work.actor, document):
        raise FailedForGoodError(f"{work.actor.login} may not read a document {document}")
    events = work.history.of(document)
    state = fold(each.event for each in events)
    if state is None:
        raise LookupError(f"the log does not show the document {document}")
    _require_size(state, events)
    versions = _versions(work.queries.definitions, state, events)
    logins = logins_of(events, [each.content for each in versions.values()]) | {work.actor.login}
    naming = Naming(work.queries.people.names(logins))
    values = paper_of(document, state, events, versions, naming)
    target = work.folder / "record.pdf"
    make_pages("record.html", {**values, "made_at": work.at, "made_for": work.actor.login}, target)
    return Made(target, MEDIA_TYPE, f"{state.definition}-{str(document)[:8]}.pdf")


def paper_of(
    document: UUID,
    state: Document,
    events: Sequence[Recorded],
    versions: Versions,
    naming: Naming,
) -> dict[str, object]:
    """Return what the template shows."""
    version = versions[state.definition_version]
    content = version.content
    record = arrange(events)
    last_round = record.rounds[-1] if record.rounds else None
    return {
        "document": document,
        "state": state,
        "title": label(content, state.definition),
        "subject": subject_of(content, state.values),
        "naming": naming,
        "hash": version.content_hash,
        "created": mark_of(events[0]),
        "last": mark_of(events[-1]),
        "submitted": last_round.mark if last_round else None,
        "ended": last_round.ended if last_round else None,
        "fields": [
            _shown(each, state.values.get(each.name), naming)
            for each in fields_of(content, state.values)
        ],
        "rounds": [
            (each, _labels(versions[_version(each.submitted)].content)) for each in record.rounds
        ],
        "comments": record.comments,
        "milestones": _milestones(content, record.milestones),
        "events": list(_lines(events, versions, naming)),
        "short": SHORT_HASH,
    }


def _shown(field: Field, value: Value | None, naming: Naming) -> tuple[str, str, str]:
    """Return a field's label, its value in words, and the login where it is a person's."""
    login = str(value or "") if field.kind is FieldKind.PERSON else ""
    return label(field, field.name), shown(value, field.kind, naming, field.fields), login


def _document(work: Work) -> UUID:
    try:
        return UUID(str(work.parameters.get("document")))
    except ValueError:
        raise FailedForGoodError("the parameter `document` must be a document's id") from None


def _require_size(state: Document, events: Sequence[Recorded]) -> None:
    """Refuse what would take longer and more memory than one job may have."""
    lines = len(events) + _lines_of(state.values)
    lines += sum(_lines_of(vars(each.event)) for each in events)
    if lines > MOST_LINES:
        raise FailedForGoodError(
            f"the document would fill some {lines} lines, and a paper has at most {MOST_LINES}:"
            " read its events through the API"
        )


def _lines_of(values: Mapping[str, object]) -> int:
    """Return how many lines the texts among some values fill."""
    texts = [text for text in values.values() if isinstance(text, str)]
    for each in values.values():
        if isinstance(each, tuple):
            texts += [
                shown((line,), FieldKind.LINES, Naming({}))
                for line in each
                if isinstance(line, Line)
            ]
    return sum(1 + len(line) // _LINE for text in texts for line in printable(text).split("\n"))


def _version(event: DocumentCreated | DocumentSubmitted) -> int:
    return event.definition_version


def _versions(
    definitions: DefinitionQueries, state: Document, events: Sequence[Recorded]
) -> Versions:
    """Return every version that the events name; one whose content is not the log's is refused."""
    found: dict[int, Published] = {}
    for each in events:
        if isinstance(each.event, DocumentCreated | DocumentSubmitted):
            number = _version(each.event)
            found.setdefault(number, published(definitions, state.definition, number))
            expected = getattr(each.event, "definition_hash", found[number].content_hash)
            if found[number].content_hash != expected:
                raise UnknownDefinitionError(
                    f"version {number} of {state.definition} is not the one that the log names"
                )
    return found


def _labels(content: Content) -> Mapping[str, str]:
    return {step.name: label(step, step.name) for step in walk(content.steps)}


def _milestones(
    content: Content, reached: Mapping[str, Mark]
) -> list[tuple[str, str, Mark | None]]:
    awaited = {each.name: each for each in content.milestones}
    names = [*awaited, *(name for name in reached if name not in awaited)]
    return [
        (label(awaited.get(name), name), getattr(awaited.get(name), "role", ""), reached.get(name))
        for name in names
    ]


def _lines(
    events: Sequence[Recorded], versions: Versions, naming: Naming
) -> Iterator[tuple[Mark, str]]:
    """Yield each event in words, those of the definition's version that was in force for it."""
    content = Content((), ())
    for each in events:
        if isinstance(each.event, DocumentCreated | DocumentSubmitted):
            content = versions[_version(each.event)].content
        yield mark_of(each), happened(each.event, content, naming)
