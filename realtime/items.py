"""What a client of the gateway gets, and what it may meet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from realtime.protocol import Place


class ClientError(Exception):
    """Something that the client does not mend by itself.

    ClientError
     ├── ClosedError     the gateway wants no further connection of this client
     └── RequestError    a subscription was not accepted
    """


class ClosedError(ClientError):
    """The gateway refuses this client for good, by a close code or an HTTP status."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code


class RequestError(ClientError):
    """A request had no effect; `code` is a `protocol.Refusal`."""

    def __init__(self, code: str, topics: Sequence[str]) -> None:
        super().__init__(f"{code}: {', '.join(topics)}")
        self.code = code
        self.topics = tuple(topics)


@dataclass(frozen=True)
class Push:
    """Something happened. May come twice with the same epoch, lane and seq, after a reconnect."""

    topics: tuple[str, ...]
    """The subscriptions that it concerns."""
    lane: int
    seq: int
    message: dict[str, Any]
    """The whole message, as docs/realtime.md describes it."""


@dataclass(frozen=True)
class SnapshotNeeded:
    """A subscription cannot tell what was missed. It goes on from `since`."""

    topic: str
    reason: str
    """A `protocol.Resync`."""
    since: Place


@dataclass(frozen=True)
class Ended:
    """A subscription is over: the right to it was lost."""

    topic: str


Item = Push | SnapshotNeeded | Ended
