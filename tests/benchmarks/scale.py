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
    projected_events: int
    """Events of the log that projections catch up."""
    command_s: float
    """Seconds for which clients give commands over HTTP in each measurement."""
    latency_commands: int
    """Commands of each measurement of latency."""
    latency_rate: float
    """Commands a second while latency is measured, whether or not earlier ones are answered."""
    jobs: int
    """Background jobs that are drained in each measurement."""


#: A run to quote from: about twelve minutes on two cores.
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
    projected_events=24_000,
    command_s=5.0,
    latency_commands=500,
    latency_rate=50.0,
    jobs=2_000,
)

#: A run to see that nothing has become much slower: about three minutes.
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
    projected_events=20_000,
    command_s=2.0,
    latency_commands=100,
    latency_rate=50.0,
    jobs=800,
)
