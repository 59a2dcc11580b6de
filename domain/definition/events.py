"""Everything that can happen to a definition."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.definition.content import Content
from domain.metadata import Event


@dataclass(frozen=True)
class DefinitionPublished(Event):
    """A version is in force for everything submitted from now on, or from an instant on."""

    TOPIC: ClassVar[str] = "definition.published"
    SCHEMA: ClassVar[int] = 2
    definition: str
    """The definition's name."""
    definition_version: int
    """Its number, from 1."""
    content: Content
    content_hash: str
    effective_from: datetime | None = None
    """Documents submitted before it go by the version before; None: at once."""
    proposed_by: str = ""
    """Who proposed what another one published; empty: one person did both."""


@dataclass(frozen=True)
class DraftSaved(Event):
    """Somebody works on the next version; what is written may have faults."""

    TOPIC: ClassVar[str] = "definition.draft_saved"
    definition: str
    draft: int
    """Its number, from 1; the last one counts."""
    source: str
    """The text as it was written, comments and all."""


@dataclass(frozen=True)
class PublicationProposed(Event):
    """A content waits for a second person; it takes the place of what waited before."""

    TOPIC: ClassVar[str] = "definition.publication_proposed"
    definition: str
    content: Content
    content_hash: str
    proposed_by: str
    """The login; the second person is another one."""
    effective_from: datetime | None = None


@dataclass(frozen=True)
class VersionDeprecated(Event):
    """No document begins under this version any more; those that run keep it."""

    TOPIC: ClassVar[str] = "definition.version_deprecated"
    definition: str
    definition_version: int
    reason: str = ""


EVENTS: tuple[type[Event], ...] = (
    DefinitionPublished,
    DraftSaved,
    PublicationProposed,
    VersionDeprecated,
)
