"""Batches of projections, and the wake-ups that are sent for want of a lingerer."""

from prometheus_client import CollectorRegistry, Counter, Histogram

#: Seconds, and events, of one batch.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_EVENTS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000)


class ProjectingMetrics:
    """What projections came to."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._events = Counter(
            "ringi_projected_events",
            "Events that a projection has taken in.",
            ["projection", "lane"],
            registry=registry,
        )
        self._seconds = Histogram(
            "ringi_projection_batch_seconds",
            "From reading a batch of the log to its commit.",
            ["projection"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._size = Histogram(
            "ringi_projection_batch_events",
            "Events in a batch.",
            ["projection"],
            buckets=_EVENTS,
            registry=registry,
        )
        self._parked = Counter(
            "ringi_parked_events",
            "Events that were set aside because they could not be folded.",
            ["projection"],
            registry=registry,
        )

    def batch(self, projection: str, lane: int, events: int, parked: int, seconds: float) -> None:
        """Count a batch that was committed."""
        self._events.labels(projection, str(lane)).inc(events)
        self._size.labels(projection).observe(events)
        self._seconds.labels(projection).observe(seconds)
        if parked:
            self._parked.labels(projection).inc(parked)


class WakeupMetrics:
    """Wake-ups that were sent as messages: where a worker lingers on the lane, none is."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._sent = Counter(
            "ringi_wakeup_messages",
            "Messages that were sent because nobody lingered on a lane.",
            registry=registry,
        )

    def sent(self) -> None:
        """Count one."""
        self._sent.inc()
