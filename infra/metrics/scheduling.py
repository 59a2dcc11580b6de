"""Runs of the scheduler's entries."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

#: Seconds: from looking at Redis to a cleaning that has much to do.
_BUCKETS = (0.001, 0.01, 0.1, 1, 10, 60, 300)


class SchedulingMetrics:
    """What runs came to."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._runs = Counter(
            "ringi_schedule_runs",
            "Runs of an entry that ended: done or failed.",
            ["entry", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "ringi_schedule_run_seconds",
            "How long a run took.",
            ["entry"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._done_at = Gauge(
            "ringi_schedule_last_done_timestamp_seconds",
            "When this process last ended a run without an error, in Unix time.",
            ["entry"],
            registry=registry,
        )
        self._cleaned = Counter(
            "ringi_cleaned_rows",
            "Rows that were deleted because they were old enough.",
            ["of"],
            registry=registry,
        )

    def ran(self, entry: str, seconds: float, *, failed: bool) -> None:
        """Count a run that ended."""
        self._runs.labels(entry, "failed" if failed else "done").inc()
        self._seconds.labels(entry).observe(seconds)
        if not failed:
            self._done_at.labels(entry).set_to_current_time()

    def cleaned(self, of: str, rows: int) -> None:
        """Count rows that were cleaned away."""
        self._cleaned.labels(of).inc(rows)
