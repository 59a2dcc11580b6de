"""Requests to the API, by route."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

#: Seconds. A command takes a few milliseconds; a read may wait for a position.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class HttpMetrics:
    """What requests came to."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "ringi_http_requests",
            "Requests that were answered.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "ringi_http_request_seconds",
            "From a request's headers to its answer, without the time to send it.",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._in_progress = Gauge(
            "ringi_http_requests_in_progress",
            "Requests that are being answered; each may use a connection to the database.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def began(self) -> None:
        """Count a request that is there."""
        self._in_progress.inc()

    def ended(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count an answer; `route` is the template, None if there is none for the path."""
        self._in_progress.dec()
        method, route = self.method(method), route or "other"
        counter, histogram = self._series(method, route, status)
        counter.inc()
        histogram.observe(seconds)

    def _series(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        """Return what counts such a request: kept, for finding it costs as much as counting."""
        key = (method, route, status)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = (
                self._requests.labels(method, route, str(status)),
                self._seconds.labels(method, route),
            )
        return found

    @staticmethod
    def method(name: str) -> str:
        """Return the method, or `other`: clients may send any word."""
        return name if name in _METHODS else "other"
