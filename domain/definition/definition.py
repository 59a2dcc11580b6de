"""A definition and its versions: what publishing one takes."""

from dataclasses import dataclass

from domain.actor import ADMIN, Circumstances
from domain.definition.checks import check_content
from domain.definition.commands import PublishDefinition
from domain.definition.events import DefinitionPublished
from domain.errors import Reason, RefusedError
from domain.metadata import Event
from domain.names import NAME_FORM, is_name


@dataclass(frozen=True)
class Definition:
    """What its events add up to, as far as the next version depends on it."""

    name: str
    latest: int
    """The number of the version in force."""
    content_hash: str
    """The name of its content."""


def evolve(_: Definition | None, event: Event) -> Definition:
    """Return the definition after this event.

    Raises:
        TypeError: the event is not a definition's.
    """
    if not isinstance(event, DefinitionPublished):
        raise TypeError(f"{event.TOPIC} is no event of a definition")
    return Definition(event.definition, event.definition_version, event.content_hash)


def publish(
    definition: Definition | None,
    command: PublishDefinition,
    circumstances: Circumstances,
    facts: None = None,  # noqa: ARG001  # every decision has the same four arguments
) -> tuple[Event, ...]:
    """Put the next version in force, if the whole of its content stands.

    Raises:
        RefusedError: NOT_ALLOWED to who is no admin; NOTHING_CHANGES if the version in force has
            the same content; INVALID, at the part of the content that is at fault.
    """
    circumstances.actor.require(ADMIN)
    if not is_name(command.definition):
        raise RefusedError(Reason.INVALID, f"a definition's name is {NAME_FORM}", "definition")
    check_content(command.content)
    content_hash = command.content.hash
    if definition is not None and definition.content_hash == content_hash:
        raise RefusedError(
            Reason.NOTHING_CHANGES, f"version {definition.latest} has the same content", "content"
        )
    version = 1 if definition is None else definition.latest + 1
    return (DefinitionPublished(command.definition, version, command.content, content_hash),)
