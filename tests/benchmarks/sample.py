"""The events that every row appends and reads: small, on streams of ten, with UUIDs."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

from eventsourcing.persistence import (
    DatetimeAsISO,
    DecimalAsStr,
    JSONTranscoder,
    Mapper,
    StoredEvent,
    UUIDAsHex,
)

#: Events of one stream.
STREAM_EVENTS = 10


@dataclass(frozen=True)
class StepApproved:
    """An event as simple as they come: its stored state has about 300 bytes."""

    originator_id: UUID
    originator_version: int
    actor: str
    on_behalf_of: str
    command_id: str
    correlation_id: str
    slot: int
    remark: str


def mapper() -> Mapper[UUID]:
    """Return what eventsourcing's applications decode with, unciphered and uncompressed."""
    transcoder = JSONTranscoder()
    for transcoding in (UUIDAsHex(), DecimalAsStr(), DatetimeAsISO()):
        transcoder.register(transcoding)
    return Mapper(transcoder)


def _stored() -> StoredEvent:
    event = StepApproved(
        originator_id=uuid4(),
        originator_version=1,
        actor="person/2f1d6c5e",
        on_behalf_of="person/77a0c2b1",
        command_id="0b7b4a52-4d7c-4f0e-9a5e-3f4f8d1f6a10",
        correlation_id="8f0e3c6a-11a4-4d0c-a0d2-9e8f5f0f7c21",
        slot=3,
        remark="Seen and approved; the amounts agree with the order and with the delivery note.",
    )
    return mapper().to_stored_event(event)


_EXAMPLE = _stored()
TOPIC = _EXAMPLE.topic
STATE = _EXAMPLE.state


def events() -> Iterator[StoredEvent]:
    """Yield new events without end."""
    while True:
        stream = uuid4()
        for version in range(1, STREAM_EVENTS + 1):
            yield StoredEvent(stream, version, TOPIC, STATE)
