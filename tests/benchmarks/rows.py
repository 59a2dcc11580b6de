"""One line of the table: the measured thing and its floor, run in turns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

Measurement = Callable[[], float]


@dataclass(frozen=True)
class Round:
    """One measurement of each side, one right after the other."""

    measured: float
    floor: float

    @property
    def ratio(self) -> float:
        return self.measured / self.floor


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was measured, against what, and every round of it."""

    name: str
    what: str
    against: str
    unit: str
    """Of both sides, such as "appends/s" or "ms"."""
    better: Literal["higher", "lower"] = "higher"
    rounds: Sequence[Round] = ()
    target: float | None = None
    """The ratio to reach at least (design §10); None where none is stated."""
    details: dict[str, float] = field(default_factory=dict)
    """Further absolute figures, each with its unit in its name."""
    load: float = 0.0
    """The load average of the last minute when the row began: its own work is not in it yet."""
    not_measured: str | None = None
    """Why there are no rounds."""

    @property
    def measured(self) -> float:
        return median(each.measured for each in self.rounds)

    @property
    def floor(self) -> float:
        return median(each.floor for each in self.rounds)

    @property
    def ratio(self) -> float:
        """The median of the ratios within each round, which is not the ratio of the medians."""
        return median(each.ratio for each in self.rounds)

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and the largest ratio of a round."""
        ratios = [each.ratio for each in self.rounds]
        return min(ratios), max(ratios)

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None where none is stated or nothing was measured."""
        if self.target is None or not self.rounds:
            return None
        return self.ratio >= self.target


def in_turns(rounds: int, measured: Measurement, floor: Measurement) -> list[Round]:
    """Measure both sides `rounds` times, in pairs.

    Every second pair begins with the floor, so that what drifts during a run (a growing table,
    a warming cache) favours neither side.
    """
    pairs = []
    for number in range(rounds):
        if number % 2 == 0:
            first = measured()
            pairs.append(Round(measured=first, floor=floor()))
        else:
            first = floor()
            pairs.append(Round(measured=measured(), floor=first))
    return pairs


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least `percent` of `values` do not exceed."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)  # rounded up
    return ordered[max(int(rank), 1) - 1]
