"""What the answers of one request must show, whichever server gives them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from infra.position import Position

#: Of a moment's text, beside the epoch.
_NUMBERS = 2


@dataclass(frozen=True)
class Moment:
    """A state of the views, comparable with every other one of the same feed.

    The total only grows with each commit of a projection, a rebuild leaves it and puts the next
    generation in place, and servers go through the same states in the same order: a server that
    shows a state, or a higher one, shows all that was in it.
    """

    epoch: str
    """The feed's: states of two do not compare."""
    generation: int
    """Of the tables."""
    total: int
    """Checkpoints and last feed rows of all lanes, added up."""

    def __str__(self) -> str:
        return f"{self.epoch}.{self.generation}.{self.total}"

    @classmethod
    def parse(cls, text: str) -> "Moment":
        """Return the moment that `str` made `text` of.

        Raises:
            ValueError: it is none, or of a release that did not tell the generation.
        """
        epoch, *numbers = text.split(".")
        if len(numbers) != _NUMBERS or not all(
            each.isascii() and each.isdecimal() for each in numbers
        ):
            raise ValueError("not a moment")
        return cls(epoch, *map(int, numbers))

    def covers(self, other: "Moment") -> bool:
        """Tell whether it is `other`, or came after it."""
        return self.epoch == other.epoch and (self.generation, self.total) >= (
            other.generation,
            other.total,
        )


@dataclass(frozen=True)
class Needed:
    """The least that one request's answers may show."""

    reader: str = ""
    """Who asks: the same replica answers the same reader, as long as it is in use."""
    positions: tuple[Position, ...] = ()
    """Events that must be in the answer."""
    moment: Moment | None = None
    """What was shown before: by the list's previous page, or to an earlier question."""
    log: int = 0
    """How far an answer from the log must go, where that is all that counts."""

    def and_position(self, position: Position) -> "Needed":
        """Return the same with an event that must be in the answer, too."""
        return replace(self, positions=(*self.positions, position))

    def and_moment(self, moment: Moment) -> "Needed":
        """Return the same, but nothing older than `moment`, either."""
        return replace(self, moment=moment)

    def and_log(self, position: int) -> "Needed":
        """Return the same, but answers from the log go at least to `position`."""
        return replace(self, log=max(self.log, position))

    @property
    def reach(self) -> int:
        """How far an answer from the log must go: to this position, 0 if anywhere."""
        return max([self.log, *(each.position for each in self.positions)])

    def met_by(self, log_epoch: str, positions: Mapping[int, int], moment: Moment) -> bool:
        """Tell whether rows that show these positions, by lane, are enough."""
        if self.moment is not None and not moment.covers(self.moment):
            return False
        return all(
            each.epoch == log_epoch and positions.get(each.lane, -1) >= each.position
            for each in self.positions
        )

    def met_by_log(self, epoch: str, mark: int) -> bool:
        """Tell whether what was read from a log of that epoch, settled up to `mark`, is enough."""
        return mark >= self.reach and all(each.epoch == epoch for each in self.positions)
