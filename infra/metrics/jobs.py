"""Attempts at background jobs."""

from prometheus_client import CollectorRegistry, Counter, Histogram

#: Seconds: from a page to a long export.
_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300)


class JobMetrics:
    """What attempts came to."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._attempts = Counter(
            "ringi_job_attempts",
            "Attempts at jobs that ended, by what became of the job.",
            ["kind", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "ringi_job_attempt_seconds",
            "How long an attempt took.",
            ["kind"],
            buckets=_BUCKETS,
            registry=registry,
        )

    def ended(self, kind: str, outcome: str, seconds: float) -> None:
        """Count an attempt that ended; `kind` and `outcome` are words of the code's own."""
        self._attempts.labels(kind, outcome).inc()
        self._seconds.labels(kind).observe(seconds)
