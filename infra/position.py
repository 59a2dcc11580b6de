"""Places in the log as they leave the system: one opaque text each."""

import zlib
from dataclasses import dataclass
from uuid import UUID

#: Hexadecimals of an epoch that a token shows; enough to tell the few epochs of one log apart.
EPOCH_DIGITS = 8


class MalformedPositionError(ValueError):
    """Not a position token."""


@dataclass(frozen=True)
class Position:
    """The place of an event, with the lane that leads to it."""

    epoch: str
    lane: int
    position: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.lane}.{self.position}"

    @classmethod
    def parse(cls, token: str) -> "Position":
        """Return the place that `token` names.

        Raises:
            MalformedPositionError: it names none.
        """
        epoch, _, rest = token.partition(".")
        lane, _, position = rest.partition(".")
        if len(epoch) != EPOCH_DIGITS or not (lane.isdecimal() and position.isdecimal()):
            raise MalformedPositionError(f"not a position: {token[:80]!r}")
        return cls(epoch, int(lane), int(position))


def lane_of(stream: UUID, lanes: int) -> int:
    """Return the stream's lane: what the log's generated column computes (CRC-32)."""
    return zlib.crc32(stream.bytes) % lanes
