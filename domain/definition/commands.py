"""Everything that can be asked of a definition."""

from dataclasses import dataclass
from typing import ClassVar

from domain.command import Command
from domain.definition.content import Content


@dataclass(frozen=True)
class PublishDefinition(Command):
    """Put a version in force: the first, or the next one."""

    NAME: ClassVar[str] = "publish_definition"
    definition: str
    content: Content
