"""Everything that can happen to a definition."""

from dataclasses import dataclass
from typing import ClassVar

from domain.definition.content import Content
from domain.metadata import Event


@dataclass(frozen=True)
class DefinitionPublished(Event):
    """A version is in force for everything submitted from now on."""

    TOPIC: ClassVar[str] = "definition.published"
    definition: str
    """The definition's name."""
    definition_version: int
    """Its number, from 1."""
    content: Content
    content_hash: str


EVENTS: tuple[type[Event], ...] = (DefinitionPublished,)
