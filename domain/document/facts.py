"""What a decision about a document must know beyond its own stream."""

from dataclasses import dataclass, field

from domain.definition.content import Content
from domain.directory.facts import DirectoryFacts, Needs, PersonFacts

__all__ = ["DirectoryFacts", "Facts", "Needs", "PersonFacts", "Published"]


@dataclass(frozen=True)
class Published:
    """A version of a definition that is or was in force."""

    name: str
    version: int
    content: Content
    content_hash: str


@dataclass(frozen=True)
class Facts:
    """Everything at once."""

    definition: Published
    directory: DirectoryFacts = field(default_factory=DirectoryFacts)
