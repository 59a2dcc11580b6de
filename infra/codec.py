"""The stored form of events: JSON of meta and data, under the event's TOPIC.

`decode(encode(event)) == event` for every event. A form that older code wrote is upcast at
reading: stored events are never rewritten.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from eventsourcing.persistence import Notification, StoredEvent

from domain.metadata import Event, Meta, Recorded

E = TypeVar("E", bound=Event)


def _with_approvers(data: dict[str, Any]) -> dict[str, Any]:
    """Give each step several approvers instead of its one, and a policy instead of yes or no."""
    content = data["content"]
    steps = [{**step, "approvers": [step.pop("approver")]} for step in content["steps"]]
    policy = "allow" if content.get("self_approval") else "forbid"
    return {**data, "content": {**content, "steps": steps, "self_approval": policy}}


#: From the topic and the schema of a stored form to the function that makes its data the next
#: schema's.
UPCASTERS: Mapping[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {
    ("definition.published", 1): _with_approvers,
}


class _Stored(msgspec.Struct, Generic[E], omit_defaults=True):
    meta: Meta
    data: E
    schema: int = 1


class _Head(msgspec.Struct):
    schema: int = 1


class UnknownEventError(LookupError):
    """An event of a topic or a schema that this code does not know: it is newer, or not ours."""


class Codec:
    """Encodes and decodes the given classes of events. Safe to use from many threads."""

    def __init__(
        self,
        events: Iterable[type[Event]],
        upcasters: Mapping[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = UPCASTERS,
    ) -> None:
        self._classes = {event.TOPIC: event for event in events}
        self._upcasters = upcasters
        self._encoder = msgspec.json.Encoder(order="deterministic")
        self._decoders = {
            topic: msgspec.json.Decoder(_Stored[event])  # type: ignore[valid-type]  # at run time
            for topic, event in self._classes.items()
        }
        self._head = msgspec.json.Decoder(_Head)

    def stored(self, stream: UUID, version: int, event: Event, meta: Meta) -> StoredEvent:
        """Return what the log stores of an event."""
        state = self._encoder.encode(_Stored(meta, event, event.SCHEMA))
        return StoredEvent(stream, version, event.TOPIC, state)

    def recorded(self, stored: StoredEvent) -> Recorded:
        """Return the event that was stored, in today's form.

        Raises:
            UnknownEventError: the topic or its schema is not known here.
            ValueError: the state is not of the form that its topic has.
        """
        event = self._classes.get(stored.topic)
        if event is None:
            raise UnknownEventError(f"no event of this code has the topic {stored.topic!r}")
        try:
            found = self._decoders[stored.topic].decode(stored.state)
        except msgspec.ValidationError:
            found = None  # of another schema, or of none
        if found is None or found.schema != event.SCHEMA:
            found = self._upcast(stored, event)
        position = stored.id if isinstance(stored, Notification) else None
        stream: UUID = stored.originator_id  # type: ignore[assignment]  # streams are UUIDs
        return Recorded(stream, stored.originator_version, found.data, found.meta, position)

    def _upcast(self, stored: StoredEvent, event: type[Event]) -> _Stored[Any]:
        schema = self._head.decode(stored.state).schema
        if schema > event.SCHEMA:
            raise UnknownEventError(
                f"{stored.topic!r} has schema {schema}, this code knows up to {event.SCHEMA}"
            )
        raw = msgspec.json.decode(stored.state)
        for older in range(schema, event.SCHEMA):
            upcaster = self._upcasters.get((stored.topic, older))
            if upcaster is None:
                raise UnknownEventError(f"nothing makes schema {older} of {stored.topic!r} newer")
            raw["data"] = upcaster(raw["data"])
        return msgspec.convert(raw, _Stored[event])  # type: ignore[valid-type]  # at run time
