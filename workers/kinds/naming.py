"""What people are called on paper: by the names that the views show today, with their logins."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from domain.definition.content import Content, FieldKind
from domain.document.events import (
    AssigneeKind,
    DocumentCreated,
    DocumentRevised,
    SlotAbstained,
    SlotApproved,
    SlotClaimed,
    SlotDelegated,
    SlotHandedBack,
    SlotReassigned,
    SlotRecused,
    SlotRejected,
    SlotReleased,
    SlotsOpened,
    StepStarted,
)
from domain.metadata import Event, Recorded


@dataclass(frozen=True)
class Naming:
    """The names of people by their logins. Who is not known here is called by the login."""

    names: Mapping[str, str] = field(default_factory=dict)

    def name(self, login: str) -> str:
        """Return the name alone."""
        return self.names.get(login) or login

    def __call__(self, login: str) -> str:
        """Return the name with the login, for a line of text."""
        name = self.name(login)
        return login if name == login else f"{name} ({login})"


def logins_of(events: Sequence[Recorded], contents: Sequence[Content]) -> set[str]:
    """Return the logins of everybody whom a document's events name, under these definitions."""
    fields = [each for content in contents for each in content.fields]
    of_person = {each.name for each in fields if each.kind is FieldKind.PERSON}
    found: set[str] = set()
    for each in events:
        found |= {each.meta.actor, each.meta.on_behalf_of or ""}
        found.update(_named(each.event, of_person))
    return found - {""}


def _named(event: Event, of_person: set[str]) -> Iterator[str]:
    match event:
        case DocumentCreated():
            yield event.requester
            yield from _people(event.values, of_person)
        case DocumentRevised():
            yield from _people(event.changes, of_person)
        case StepStarted() | SlotsOpened():
            yield from (slot.assignee for slot in event.slots if slot.kind is AssigneeKind.PERSON)
        case SlotDelegated() | SlotHandedBack() | SlotReassigned() | SlotClaimed() | SlotReleased():
            yield from (event.by, event.slot.on_behalf_of)
            if event.slot.kind is AssigneeKind.PERSON:
                yield event.slot.assignee
        case SlotApproved() | SlotRejected() | SlotAbstained() | SlotRecused():
            yield event.by


def _people(values: Mapping[str, object], of_person: set[str]) -> Iterator[str]:
    yield from (str(value) for name, value in values.items() if name in of_person and value)
