"""A definition and its versions: the state that its events add up to."""

from dataclasses import dataclass, replace
from datetime import datetime

from domain.definition.events import (
    DefinitionPublished,
    DraftSaved,
    PublicationProposed,
    VersionDeprecated,
)
from domain.metadata import Event


@dataclass(frozen=True)
class Definition:
    """What its events add up to, as far as a decision depends on it."""

    name: str
    latest: int = 0
    """The number of the last version that was published; 0: none was."""
    content_hash: str = ""
    """The name of its content."""
    four_eyes: bool = False
    """Did it say that publishing needs a second person?"""
    effective_from: datetime | None = None
    deprecated: frozenset[int] = frozenset()
    """Versions under which no document begins any more."""
    draft: int = 0
    """The number of the last draft; 0: there is none."""
    draft_source: str = ""
    proposal: PublicationProposed | None = None
    """What waits for a second person."""


def evolve(definition: Definition | None, event: Event) -> Definition:
    """Return the definition after this event.

    Raises:
        TypeError: the event is not a definition's.
    """
    if not isinstance(
        event, DefinitionPublished | DraftSaved | PublicationProposed | VersionDeprecated
    ):
        raise TypeError(f"{event.TOPIC} is no event of a definition")
    found = definition or Definition(event.definition)
    match event:
        case DefinitionPublished():
            return replace(
                found,
                latest=event.definition_version,
                # Not the one that is stored: contents were named in another way at first.
                content_hash=event.content.hash,
                four_eyes=event.content.four_eyes,
                effective_from=event.effective_from,
                proposal=None,
            )
        case DraftSaved():
            return replace(found, draft=event.draft, draft_source=event.source)
        case PublicationProposed():
            return replace(found, proposal=event)
    return replace(found, deprecated=found.deprecated | {event.definition_version})
