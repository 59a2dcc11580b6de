"""How much is measured: the one place where a run is made longer or shorter."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Amounts for one run. More rounds and longer spans give steadier ratios."""

    rounds: int
    """Pairs of measurements behind each ratio."""
    append_s: float
    """Seconds for which writers append in each measurement."""
    writers: tuple[int, ...]
    """Numbers of writers, for the rows that vary them."""
    many_writers: int
    """The number of writers that targets are stated for."""
    log_events: int
    """Events of the log that is read from its begin to its end."""
    small_reads: int
    """Reads of what is new, in each measurement; their median counts."""
    holes: tuple[int, ...]
    """Widths, in positions, of the holes that are settled."""
    lag_appends: int
    """Appends in each measurement of lag."""
    lag_rate: float
    """Appends a second while lag is measured, at random intervals."""


#: A run to quote from: under eight minutes on two cores.
DEFAULT = Scale(
    rounds=5,
    append_s=1.0,
    writers=(1, 4, 16, 32),
    many_writers=16,
    log_events=50_000,
    small_reads=100,
    holes=(1, 10, 1000),
    lag_appends=100,
    lag_rate=50.0,
)

#: A run to see that nothing has become much slower: under ninety seconds.
QUICK = Scale(
    rounds=3,
    append_s=0.4,
    writers=(16,),
    many_writers=16,
    log_events=20_000,
    small_reads=25,
    holes=(1, 10, 1000),
    lag_appends=40,
    lag_rate=50.0,
)
