"""The JSON that clients get of a change."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from projections.base import Change
from projections.workspace.plain import instant


class _Message(msgspec.Struct):
    topics: Sequence[str]
    at: tuple[int, int]
    position: str
    correlation: str
    type: str
    document: UUID | None
    version: int
    time: str
    data: Mapping[str, object]


_encode = msgspec.json.Encoder().encode


def message_of(change: Change, *, lane: int, seq: int, position: str, correlation: str) -> bytes:
    """Return a feed row's message: compact, in UTF-8.

    `correlation` names the conversation that the change belongs to, as logs do.

    Raises:
        TypeError, ValueError: something in `change` is not JSON, or its time is not aware.
    """
    if change.time.tzinfo is None:
        raise ValueError(f"not an aware instant: {change.time}")
    return _encode(
        _Message(
            change.topics,
            (lane, seq),
            position,
            correlation,
            change.type,
            change.document,
            change.version,
            instant(change.time),
            change.data,
        )
    )
