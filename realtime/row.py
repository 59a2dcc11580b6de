"""A row of the feed, taken apart once for all who hear of it."""

from dataclasses import dataclass, field
from typing import Self

import msgspec

#: The topic of every row.
EVERYTHING = "all"

#: What begins the topic of a person's record in the directory.
_PERSON = "directory:"

#: Changes of a person's record that leave their roles as they are, as JSON texts. Of all others it
#: is supposed that they may not.
_ROLES_KEPT = frozenset({b'"person.token_issued"', b'"person.token_revoked"'})

_Parts = dict[str, msgspec.Raw]
_parts = msgspec.json.Decoder(_Parts)
_topics = msgspec.json.Decoder(list[str])
_at = msgspec.json.Decoder(tuple[int, int])
_text = msgspec.json.Decoder(str)


class _Data(msgspec.Struct):
    excluded: list[str] = []


_data = msgspec.json.Decoder(_Data)


class MalformedRowError(ValueError):
    """A message of the feed is not what the feed promises."""


@dataclass(frozen=True, eq=False)
class Row:
    """A row: where it stands, whom it concerns, and what is told of it."""

    lane: int
    seq: int
    log_epoch: str
    """Of which history of which log it tells, as positions show it."""
    topics: frozenset[str]
    """The feed's topics of the row, and EVERYTHING."""
    excluded: frozenset[str]
    """The people whose inbox it does not concern, whatever its topics say."""
    people: tuple[str, ...]
    """The logins whose record in the directory changed."""
    inboxes: frozenset[str]
    """Those of them whose roles may have changed, and with them what their inbox takes in."""
    correlation: str
    """Names the conversation that the row belongs to, as logs do; empty if it has none."""
    body: bytes = field(repr=False)
    """The message but for its topics: a JSON object that is not empty."""

    @classmethod
    def parse(cls, message: bytes) -> Self:
        """Take a feed row's JSON apart. Values are kept as they were written, byte by byte.

        Raises:
            MalformedRowError: It is no such row.
        """
        try:
            parts = _parts.decode(message)
            lane, seq = _at.decode(parts["at"])
            log_epoch = _text.decode(parts.get("position", b'""')).partition(".")[0]
            topics = _topics.decode(parts.pop("topics"))
            correlation = _text.decode(parts.get("correlation", b'""'))
            data = _data.decode(parts["data"]) if "data" in parts else _Data()
        except (msgspec.DecodeError, KeyError) as error:
            raise MalformedRowError(str(error)) from error
        body = msgspec.json.encode(parts)
        people = tuple(t.removeprefix(_PERSON) for t in topics if t.startswith(_PERSON))
        roles_kept = bytes(parts.get("type", b"")) in _ROLES_KEPT
        inboxes = frozenset(() if roles_kept else people)
        everybody = frozenset(topics) | {EVERYTHING}
        excluded = frozenset(data.excluded)
        return cls(lane, seq, log_epoch, everybody, excluded, people, inboxes, correlation, body)

    @classmethod
    def concerning_nobody(cls, lane: int, seq: int) -> Self:
        """Return what stands for a row that cannot be read, so that those behind it can pass."""
        body = msgspec.json.encode({"at": (lane, seq)})
        return cls(lane, seq, "", frozenset(), frozenset(), (), frozenset(), "", body)

    @property
    def conversation(self) -> dict[str, str]:
        """What a line of the log says of it."""
        return {"correlation_id": self.correlation} if self.correlation else {}

    def told_to(self, topics: tuple[str, ...]) -> bytes:
        """Return the message for those whose subscriptions `topics` it matches, as JSON."""
        return b'{"topics":' + msgspec.json.encode(topics) + b"," + self.body[1:]
