"""Commands by what became of them, and the time that an append takes."""

from prometheus_client import CollectorRegistry, Counter, Histogram

#: Seconds: two fsyncs of a good disk, up to a rival's lock.
_BUCKETS = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.5, 2, 8)


class CommandMetrics:
    """What commands came to."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._commands = Counter(
            "ringi_commands",
            "Commands: done, repeated, refused, stale, key_reused, crowded or failed.",
            ["command", "outcome"],
            registry=registry,
        )
        self._append = Histogram(
            "ringi_append_seconds",
            "From an append's statement to its commit, as its writer sees it.",
            buckets=_BUCKETS,
            registry=registry,
        )

    def handled(self, command: str, outcome: str) -> None:
        """Count a command by its name and what became of it."""
        self._commands.labels(command, outcome).inc()

    def appended(self, seconds: float) -> None:
        """Tell how long an append took."""
        self._append.observe(seconds)
