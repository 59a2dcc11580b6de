"""The messages between a client and the gateway, and the codes by which a connection ends.

docs/realtime.md describes both for those who write clients.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

#: From here on a client must not connect again by itself; below it, it should.
TERMINAL: Final = 4500

#: A client waits a random time up to the first, doubled at each failure up to the second.
RETRY_MS: Final = (500, 20_000)


@dataclass(frozen=True)
class Close:
    """One way in which a connection ends."""

    name: str
    code: int
    reason: str
    """What the client is told with the code: at most 123 bytes (RFC 6455, section 5.5)."""

    @property
    def reconnect(self) -> bool:
        """Whether the client should connect again."""
        return self.code < TERMINAL


SLOW: Final = Close("slow", 1006, "cut without a word: too much waited to be read")
TOO_BIG: Final = Close("too_big", 1009, "a message is too long")
INTERNAL: Final = Close("internal", 1011, "the gateway has a fault")
RESTARTING: Final = Close("restarting", 1012, "the gateway restarts")
UNAVAILABLE: Final = Close("unavailable", 1013, "the gateway cannot ask who may read what")
CONNECT_TIMEOUT: Final = Close("connect_timeout", 4000, "nobody said in time who this is")
TOO_FAST: Final = Close("too_fast", 4001, "too many requests")
BAD_MESSAGE: Final = Close("bad_message", 4500, "a message is not of this protocol")
UNAUTHORIZED: Final = Close("unauthorized", 4501, "the token or ticket is void")
DEACTIVATED: Final = Close("deactivated", 4502, "the person may no longer act")
REVOKED: Final = Close("revoked", 4503, "the token was revoked or has expired")

#: Every close code that the gateway causes. Others are the WebSocket protocol's own.
CLOSES: Final = (
    SLOW,
    TOO_BIG,
    INTERNAL,
    RESTARTING,
    UNAVAILABLE,
    CONNECT_TIMEOUT,
    TOO_FAST,
    BAD_MESSAGE,
    UNAUTHORIZED,
    DEACTIVATED,
    REVOKED,
)


class Refusal(StrEnum):
    """Why a request has no effect; the connection goes on."""

    FORBIDDEN = "forbidden"
    """Not allowed, not known, or not a name of a topic: which of these is not told."""
    TOO_MANY_TOPICS = "too_many_topics"
    """The connection would have more subscriptions than it may."""
    UNAVAILABLE = "unavailable"
    """The gateway could not ask; trying again later may help."""


class Resync(StrEnum):
    """Why a subscription cannot be continued without a new snapshot."""

    TOO_OLD = "too_old"
    """What followed the place is no longer kept."""
    EPOCH = "epoch"
    """The feed began anew; the place is of another one."""
    TOO_MANY = "too_many"
    """More was missed than is worth replaying."""
    RIGHTS_CHANGED = "rights_changed"
    """The inbox takes in other rows than before."""


class BadMessageError(ValueError):
    """What a client sent is not of this protocol."""


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to where something is known: the feed's epoch, and a seq for each lane."""

    epoch: str
    lanes: dict[str, int]

    @classmethod
    def of(cls, epoch: str, lanes: Mapping[int, int]) -> "Place":
        """Return the place of these lanes."""
        return cls(epoch, names_of(lanes))

    def by_lane(self) -> dict[int, int]:
        """Return the seq of each lane that is named."""
        return {int(lane): seq for lane, seq in self.lanes.items()}


class Connect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Says who the client is, by one of a token and a one-use ticket."""

    token: str | None = None
    ticket: str | None = None
    client: str = ""
    """The program that connects, for logs."""

    def __repr__(self) -> str:
        """Show no secret."""
        return f"Connect(client={self.client!r})"


class Subscribe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Asks for topics, from now on or since a place."""

    topics: list[str]
    since: Place | None = None


class Unsubscribe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Asks to hear no more of topics."""

    topics: list[str]


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a client sends: a number of its own, and one thing it wants."""

    id: int
    connect: Connect | None = None
    subscribe: Subscribe | None = None
    unsubscribe: Unsubscribe | None = None


_requests = msgspec.json.Decoder(Request)


def parse(text: str | bytes) -> Request:
    """Return the request that a client sent.

    Raises:
        BadMessageError: It is none; the message names no content.
    """
    try:
        request = _requests.decode(text)
    except (msgspec.DecodeError, UnicodeError) as error:
        found, unknown, _name = str(error).partition("unknown field")
        raise BadMessageError(found + unknown) from None
    wanted = [request.connect, request.subscribe, request.unsubscribe]
    if wanted.count(None) != len(wanted) - 1:
        raise BadMessageError("a request wants exactly one thing")
    connect, subscribe = request.connect, request.subscribe
    if connect is not None and (connect.token is None) == (connect.ticket is None):
        raise BadMessageError("connect takes a token or a ticket")
    if subscribe is not None and subscribe.since is not None and not _in_order(subscribe.since):
        raise BadMessageError("a place has lanes from 0 and seqs from 0")
    return request


def _in_order(place: Place) -> bool:
    """Say whether every lane is a plain number (of a length that int() reads fast)."""
    names = all(
        lane.isascii() and lane.isdecimal() and lane == str(int(lane[:9])) for lane in place.lanes
    )
    return names and all(seq >= 0 for seq in place.lanes.values())


def names_of(lanes: Mapping[int, int]) -> dict[str, int]:
    """Return lanes as JSON names them."""
    return {str(lane): seq for lane, seq in sorted(lanes.items())}


def ok(request_id: int, **answer: object) -> bytes:
    """Return the answer to a request that was fulfilled."""
    return msgspec.json.encode({"id": request_id, "ok": answer})


def error(request_id: int, refusal: Refusal, topics: Iterable[str] = ()) -> bytes:
    """Return the answer to a request that had no effect; `topics` are those at fault."""
    fault = {
        "code": refusal,
        "topics": list(topics),
        "temporary": refusal is Refusal.UNAVAILABLE,
    }
    return msgspec.json.encode({"id": request_id, "error": fault})


def resync(topic: str, reason: Resync, place: Place) -> bytes:
    """Return the notice that a snapshot is needed; the subscription goes on from `place`."""
    told = {"topic": topic, "resync": {"reason": reason, "since": place}}
    return msgspec.json.encode(told)


def ended(topic: str) -> bytes:
    """Return the notice that a subscription ended because a right was lost."""
    return msgspec.json.encode({"topic": topic, "ended": {"code": Refusal.FORBIDDEN}})


def place(lanes: Mapping[int, int]) -> bytes:
    """Return the heartbeat: everything up to here was told."""
    return msgspec.json.encode({"place": names_of(lanes)})


def bye(within_ms: int) -> bytes:
    """Return the notice that the gateway ends: connect again at a random time within this."""
    return msgspec.json.encode({"bye": {"reconnect_after_ms": [0, within_ms]}})
