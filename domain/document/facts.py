"""What a decision about a document must know beyond its own stream."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.definition.content import Content


@dataclass(frozen=True)
class Published:
    """A version of a definition that is or was in force."""

    name: str
    version: int
    content: Content
    content_hash: str


@dataclass(frozen=True)
class PersonFacts:
    """What the directory knows of a person."""

    active: bool
    manager: str | None = None


@dataclass(frozen=True)
class DirectoryFacts:
    """What the directory knows of those whom a flow names."""

    people: Mapping[str, PersonFacts] = field(default_factory=dict)
    """By login; who is missing does not exist."""
    roles: frozenset[str] = frozenset()
    """The roles that somebody holds who is active, and may decide: not the requester, unless the
    definition lets requesters decide."""


@dataclass(frozen=True)
class Facts:
    """Everything at once."""

    definition: Published
    directory: DirectoryFacts = DirectoryFacts()


@dataclass(frozen=True)
class Needs:
    """Of whom a flow needs to know."""

    people: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.people or self.roles)
