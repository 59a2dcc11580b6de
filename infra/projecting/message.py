"""The JSON that clients get of a change."""

from datetime import UTC, datetime

import msgspec

from projections.base import Change


def message_of(change: Change, *, lane: int, seq: int, position: str) -> bytes:
    """Return a feed row's message: compact, in UTF-8.

    Raises:
        TypeError, ValueError: something in `change` is not JSON, or its time is not aware.
    """
    return msgspec.json.encode(
        {
            "topics": change.topics,
            "at": (lane, seq),
            "position": position,
            "type": change.type,
            "document": change.document,
            "version": change.version,
            "time": _instant(change.time),
            "data": change.data,
        }
    )


def _instant(time: datetime) -> str:
    if time.tzinfo is None:
        raise ValueError(f"not an aware instant: {time}")
    return time.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"
