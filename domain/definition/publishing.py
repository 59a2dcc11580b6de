"""From a draft to a version in force, and to its end: what follows from each command.

**Four eyes.** A definition says itself that publishing it needs a second person: `four_eyes: true`
in its content. So the rule is versioned, is seen by whoever reads the flow, and is changed in the
same way as the flow. It holds for a publication if the content says so, or the last published one
does: switching it off is a publication like any other, and takes two persons too; else one person
could switch it off and then publish alone. The system itself is no person here.

**Effective from.** A version may be published for later. None may take effect before the one
published before it, so that versions come into force in the order of their numbers.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from domain.actor import ADMIN, SYSTEM, Circumstances
from domain.definition.checks import check_content
from domain.definition.commands import (
    ApprovePublication,
    DefinitionCommand,
    DeprecateVersion,
    ProposePublication,
    PublishDefinition,
    SaveDraft,
)
from domain.definition.content import Content
from domain.definition.definition import Definition
from domain.definition.events import (
    DefinitionPublished,
    DraftSaved,
    PublicationProposed,
    VersionDeprecated,
)
from domain.errors import Reason, RefusedError, refuse_all
from domain.metadata import Event
from domain.names import NAME_FORM, is_name
from domain.text import text

#: Bytes of a definition's text in UTF-8, at most; a hundred times what is usual.
LARGEST_SOURCE = 256 * 1024

#: Names that no definition may have from now on: they mean something else in the API's paths.
TAKEN = frozenset({"schema"})


def publish(
    definition: Definition | None,
    command: PublishDefinition,
    given: Circumstances,
    facts: None = None,  # noqa: ARG001  # every decision has the same four arguments
) -> Sequence[Event]:
    """Put the next version in force, if the whole of its content stands.

    Raises:
        RefusedError: NOT_ALLOWED to who is no admin, or where it takes two; NOTHING_CHANGES if
            the last version has the same content; STALE_REVISION if it was read from a draft
            that is not the last; INVALID, with everything that is wrong with the content.
    """
    found = _begin(definition, command, given)
    if _takes_two(found, command.content):
        raise RefusedError(
            Reason.NOT_ALLOWED,
            "publishing this definition takes two persons: propose it, and let another admin"
            " approve it",
        )
    _require_publishable(found, command, given.at)
    return [_published(found, command.content, command.effective_from)]


def propose(
    definition: Definition | None,
    command: ProposePublication,
    given: Circumstances,
    facts: None = None,  # noqa: ARG001
) -> Sequence[Event]:
    """Let a content wait for a second person; what could not be published cannot be proposed.

    Raises:
        RefusedError: what `publish` raises; NOT_ALLOWED to the system, which is no person.
    """
    found = _begin(definition, command, given)
    _require_person(given)
    _require_publishable(found, command, given.at)
    content = command.content
    proposal = PublicationProposed(
        found.name, content, content.hash, given.actor.login, command.effective_from
    )
    if proposal == found.proposal:
        raise RefusedError(Reason.NOTHING_CHANGES, "this is proposed already", "content")
    return [proposal]


def approve(
    definition: Definition | None,
    command: ApprovePublication,
    given: Circumstances,
    facts: None = None,  # noqa: ARG001
) -> Sequence[Event]:
    """Put in force what another person has proposed.

    Where the instant that was proposed has passed, the version is in force at once.

    Raises:
        RefusedError: NOT_ALLOWED to who is no admin, and to who proposed it; NOT_FOUND where
            nothing waits; STALE_REVISION if something else waits than was seen; INVALID.
    """
    found = _begin(definition, command, given)
    _require_person(given)
    proposal = found.proposal
    if proposal is None:
        raise RefusedError(Reason.NOT_FOUND, "nothing waits for a second person", "definition")
    if proposal.proposed_by == given.actor.login:
        raise RefusedError(Reason.NOT_ALLOWED, "nobody approves what they proposed themselves")
    if command.content_hash != proposal.content_hash:
        raise RefusedError(
            Reason.STALE_REVISION, "something else is proposed by now", "content_hash"
        )
    refuse_all(check_content(proposal.content))
    effective_from = proposal.effective_from
    if effective_from is not None and effective_from <= given.at:
        effective_from = None
    _require_order(found, effective_from, given.at)
    return [_published(found, proposal.content, effective_from, proposal.proposed_by)]


def save_draft(
    definition: Definition | None,
    command: SaveDraft,
    given: Circumstances,
    facts: None = None,  # noqa: ARG001
) -> Sequence[Event]:
    """Keep a text, whatever its faults; only what cannot be stored is refused.

    Raises:
        RefusedError: NOT_ALLOWED to who is no admin; INVALID; NOTHING_CHANGES.
    """
    found = _begin(definition, command, given)
    _require_storable(command.source)
    if command.source == found.draft_source:
        raise RefusedError(Reason.NOTHING_CHANGES, "the draft is the same", "source")
    return [DraftSaved(found.name, found.draft + 1, command.source)]


def deprecate(
    definition: Definition | None,
    command: DeprecateVersion,
    given: Circumstances,
    facts: None = None,  # noqa: ARG001
) -> Sequence[Event]:
    """Let no document begin under a version any more; a version to come never takes effect.

    Raises:
        RefusedError: NOT_ALLOWED to who is no admin; NOT_FOUND; NOTHING_CHANGES; INVALID.
    """
    found = _begin(definition, command, given)
    if not 1 <= command.version <= found.latest:
        raise RefusedError(Reason.NOT_FOUND, "there is no such version", "version")
    if command.version in found.deprecated:
        raise RefusedError(Reason.NOTHING_CHANGES, "it is deprecated already", "version")
    return [VersionDeprecated(found.name, command.version, text(command.reason, "reason"))]


def _begin(
    definition: Definition | None, command: DefinitionCommand, given: Circumstances
) -> Definition:
    """Return the definition; one that nobody wrote yet is empty."""
    given.actor.require(ADMIN)
    if definition is not None:
        return definition
    if not is_name(command.definition):
        raise RefusedError(Reason.INVALID, f"a definition's name is {NAME_FORM}", "definition")
    if command.definition in TAKEN:
        raise RefusedError(
            Reason.INVALID, f"no definition may be called {command.definition}", "definition"
        )
    return Definition(command.definition)


def _takes_two(definition: Definition, content: Content) -> bool:
    return definition.four_eyes or content.four_eyes


def _require_person(given: Circumstances) -> None:
    if given.actor.login == SYSTEM.login:
        raise RefusedError(Reason.NOT_ALLOWED, "it takes two persons, and the system is none")


def _require_publishable(
    definition: Definition, command: PublishDefinition | ProposePublication, at: datetime
) -> None:
    refuse_all(check_content(command.content))
    if command.draft not in {0, definition.draft}:
        raise RefusedError(
            Reason.STALE_REVISION, f"the last draft is number {definition.draft}", "draft"
        )
    begins = command.effective_from
    if begins is not None and begins <= at:
        raise RefusedError(
            Reason.INVALID, "it takes effect at once, or at an instant to come", "effective_from"
        )
    _require_order(definition, begins, at)
    is_last_good = definition.latest > 0 and definition.latest not in definition.deprecated
    same_time = _instant(begins, at) == _instant(definition.effective_from, at)
    if is_last_good and same_time and command.content.hash == definition.content_hash:
        raise RefusedError(
            Reason.NOTHING_CHANGES, f"version {definition.latest} has the same content", "content"
        )


def _require_order(definition: Definition, begins: datetime | None, at: datetime) -> None:
    before = definition.effective_from
    if before is None or definition.latest in definition.deprecated:
        return
    if _instant(begins, at) < before:
        raise RefusedError(
            Reason.INVALID,
            f"version {definition.latest} takes effect later, at {_words(before)}:"
            " deprecate it first",
            "effective_from",
        )


def _instant(begins: datetime | None, at: datetime) -> datetime:
    """Return when it takes effect; what has begun began now, for comparisons."""
    return at if begins is None else max(begins, at)


def _words(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _published(
    definition: Definition, content: Content, begins: datetime | None, proposed_by: str = ""
) -> DefinitionPublished:
    return DefinitionPublished(
        definition.name, definition.latest + 1, content, content.hash, begins, proposed_by
    )


def _require_storable(source: str) -> None:
    if "\0" in source or any("\ud800" <= letter <= "\udfff" for letter in source):
        raise RefusedError(Reason.INVALID, "the text holds a character that cannot be", "source")
    size = len(source.encode())
    if size > LARGEST_SOURCE:
        raise RefusedError(
            Reason.INVALID, f"a text has at most {LARGEST_SOURCE} bytes, not {size}", "source"
        )
