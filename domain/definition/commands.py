"""Everything that can be asked of a definition."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.command import Command
from domain.definition.content import Content


@dataclass(frozen=True)
class DefinitionCommand(Command):
    """A command to one definition."""

    definition: str


@dataclass(frozen=True)
class PublishDefinition(DefinitionCommand):
    """Put a version in force: the first, or the next one."""

    NAME: ClassVar[str] = "publish_definition"
    content: Content
    effective_from: datetime | None = None
    """For what is submitted from this instant on; None: from now on."""
    draft: int = 0
    """The number of the draft that the content was read from; 0: of none."""


@dataclass(frozen=True)
class SaveDraft(DefinitionCommand):
    """Keep what is written so far of the next version, with its faults."""

    NAME: ClassVar[str] = "save_draft"
    source: str


@dataclass(frozen=True)
class ProposePublication(DefinitionCommand):
    """Ask a second person to put a version in force."""

    NAME: ClassVar[str] = "propose_publication"
    content: Content
    effective_from: datetime | None = None
    draft: int = 0


@dataclass(frozen=True)
class ApprovePublication(DefinitionCommand):
    """Put in force what another person has proposed."""

    NAME: ClassVar[str] = "approve_publication"
    content_hash: str
    """The content that was seen."""


@dataclass(frozen=True)
class DeprecateVersion(DefinitionCommand):
    """Let no document begin under a version any more."""

    NAME: ClassVar[str] = "deprecate_version"
    version: int
    reason: str = ""
