"""What follows from a command to a document: events, or a refusal.

Each function takes the document (None if there is none), the command, the circumstances and the
facts, and has no effect. All raise RefusedError.
"""

from collections.abc import Sequence

from domain.actor import ADMIN, Circumstances
from domain.definition.content import Content
from domain.definition.fields import parse_values, require_form
from domain.document import flow
from domain.document.commands import (
    AddComment,
    CreateDocument,
    DiscardDocument,
    ReachMilestone,
    ReviseDocument,
    SubmitDocument,
    WithdrawDocument,
)
from domain.document.events import (
    AssigneeKind,
    CommentAdded,
    DocumentCreated,
    DocumentDiscarded,
    DocumentRevised,
    DocumentSubmitted,
    DocumentWithdrawn,
    MilestoneReached,
)
from domain.document.facts import Facts
from domain.document.state import IN_THE_REQUESTERS_HANDS, Document, Status, evolve, existing
from domain.errors import Reason, RefusedError
from domain.metadata import Event
from domain.text import required_text, text
from domain.values import Values, plain, revision_of

#: Bytes of all texts of a document, as UTF-8, at most: some twenty pages. Lists, feeds and
#: histories are made of whole documents, so this is what bounds them.
LARGEST_CONTENT = 64 * 1024


def create(
    document: Document | None, command: CreateDocument, given: Circumstances, facts: Facts
) -> Sequence[Event]:
    """Begin a draft; fields may be empty, but what is given must be valid."""
    if document is not None:
        raise RefusedError(Reason.ALREADY_EXISTS, "there is a document of this id", "document")
    parsed = parse_values(facts.definition.content, command.values)
    values = {name: value for name, value in parsed.items() if value is not None}
    _require_size(values)
    return [
        DocumentCreated(
            definition=facts.definition.name,
            definition_version=facts.definition.version,
            requester=given.actor.login,
            values=values,
            revision=revision_of(values),
        )
    ]


def revise(
    document: Document | None, command: ReviseDocument, given: Circumstances, facts: Facts
) -> Sequence[Event]:
    """Change fields while the document is in its requester's hands."""
    found = own(document, given)
    require_status(found, IN_THE_REQUESTERS_HANDS, "revised")
    content = facts.definition.content
    gone = {name for name in found.values if content.field(name) is None}
    known = {
        name: value
        for name, value in command.values.items()
        if value is not None or name not in gone  # a field that is no more may be emptied
    }
    parsed = {**dict.fromkeys(gone & command.values.keys()), **parse_values(content, known)}
    changes = {name: value for name, value in parsed.items() if value != found.values.get(name)}
    if not changes:
        raise RefusedError(Reason.NOTHING_CHANGES, "every field has this value already", "values")
    values = {
        name: value for name, value in {**found.values, **changes}.items() if value is not None
    }
    _require_size(values)
    return [DocumentRevised(changes=changes, revision=revision_of(values))]


def submit(
    document: Document | None, _command: SubmitDocument, given: Circumstances, facts: Facts
) -> Sequence[Event]:
    """Begin a round under the definition in force, if every step that it needs has somebody."""
    found = own(document, given)
    require_status(found, IN_THE_REQUESTERS_HANDS, "submitted")
    definition = facts.definition
    if definition.version != found.definition_version:  # else they were parsed by just this one
        _require_same_form(definition.content, found.values)
    case = flow.case_of(found, facts, given.since)
    require_form(definition.content, found.values, case.known)
    flow.require_approvers(found, facts, given.since)
    submitted = DocumentSubmitted(
        round=found.round + 1,
        revision=found.revision,
        definition_version=definition.version,
        definition_hash=definition.content_hash,
    )
    return [submitted, *flow.advance(evolve(found, submitted), facts, given.since)]


def withdraw(
    document: Document | None, command: WithdrawDocument, given: Circumstances, _facts: None
) -> Sequence[Event]:
    """Take a pending or a returned document back."""
    found = own(document, given)
    require_status(found, frozenset({Status.PENDING, Status.RETURNED}), "withdrawn")
    closed = tuple(slot.id for slot in found.open_slots)
    return [DocumentWithdrawn(found.round, text(command.reason, "reason"), closed)]


def discard(
    document: Document | None, _command: DiscardDocument, given: Circumstances, _facts: None
) -> Sequence[Event]:
    """Give up a draft that was never submitted."""
    found = own(document, given)
    if found.status is not Status.DRAFT:
        raise RefusedError(
            Reason.WRONG_STATUS,
            f"the document is {found.status}: only a draft is discarded;"
            " what was ever submitted is withdrawn instead",
        )
    return [DocumentDiscarded()]


def comment(
    document: Document | None, command: AddComment, given: Circumstances, _facts: None
) -> Sequence[Event]:
    """Let anybody who has to do with the document say something."""
    found = existing(document)
    if not is_party(found, given):
        raise RefusedError(Reason.NOT_ALLOWED, f"{given.actor.login} is no party to this document")
    require_status(found, frozenset(Status) - {Status.DISCARDED}, "commented on")
    return [CommentAdded(required_text(command.text, "text"))]


def reach_milestone(
    document: Document | None, command: ReachMilestone, given: Circumstances, facts: Facts
) -> Sequence[Event]:
    """Report the next milestone of an approved document."""
    found = existing(document)
    milestones = facts.definition.content.milestones
    milestone = next((each for each in milestones if each.name == command.milestone), None)
    if milestone is None:
        raise RefusedError(
            Reason.NOT_FOUND, f"the definition has no milestone {command.milestone}", "milestone"
        )
    given.actor.require(milestone.role)
    require_status(found, frozenset({Status.APPROVED}), "at a milestone")
    if milestone.name in found.milestones:
        raise RefusedError(
            Reason.NOTHING_CHANGES, f"{milestone.name} has been reached before", "milestone"
        )
    awaited = milestones[len(found.milestones)]
    if milestone is not awaited:
        raise RefusedError(
            Reason.OUT_OF_ORDER, f"{awaited.name} comes before {milestone.name}", "milestone"
        )
    return [MilestoneReached(milestone.name)]


def is_party(document: Document, given: Circumstances) -> bool:
    """Tell whether the actor has to do with the document: who asked, decides, decided, rules."""
    actor = given.actor
    return (
        actor.login == document.requester
        or ADMIN in actor.roles
        or (AssigneeKind.PERSON, actor.login) in document.parties
        or any((AssigneeKind.ROLE, role) in document.parties for role in actor.roles)
    )


def own(document: Document | None, given: Circumstances) -> Document:
    """Return the document, to its requester only."""
    found = existing(document)
    if given.actor.login != found.requester:
        raise RefusedError(
            Reason.NOT_ALLOWED, f"only {found.requester}, who requests it, may do this"
        )
    return found


def require_status(document: Document, allowed: frozenset[Status], done: str) -> None:
    """Refuse what is `done` to a document that stands otherwise."""
    if document.status not in allowed:
        raise RefusedError(
            Reason.WRONG_STATUS, f"the document is {document.status}: it cannot be {done} now"
        )


def _require_size(values: Values) -> None:
    size = sum(len(value.encode()) for value in values.values() if isinstance(value, str))
    if size > LARGEST_CONTENT:
        raise RefusedError(
            Reason.INVALID,
            f"a document's texts have at most {LARGEST_CONTENT} bytes in all, not {size}",
            "values",
        )


def _require_same_form(content: Content, values: Values) -> None:
    """Refuse values that this version's fields cannot hold, or hold in another form."""
    held = {name: plain(value) for name, value in values.items()}
    for name, value in parse_values(content, held).items():
        if value is None or plain(value) != held[name]:
            raise RefusedError(
                Reason.INVALID, f"the form of {name} has changed: give it again", f"values.{name}"
            )
