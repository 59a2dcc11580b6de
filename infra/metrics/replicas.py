"""Reads that replicas answered, and those that the primary answered in their place."""

from threading import Lock

from prometheus_client import CollectorRegistry, Counter

from infra.replicas.counters import Counters


class ReplicaMetrics:
    """Follows the counters of a process, for processes that count into one folder."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._reads = Counter(
            "ringi_replica_reads", "Answers that a replica gave.", registry=registry
        )
        self._fallbacks = Counter(
            "ringi_replica_fallbacks",
            "Answers that the primary gave though there are replicas, by the reason.",
            ["reason"],
            registry=registry,
        )
        self._alone = Lock()
        self._followed: dict[str, int] = {}

    def follow(self, counted: Counters) -> None:
        """Add what was counted since the last call."""
        with self._alone:
            self._reads.inc(self._news("", counted.reads))
            for reason, count in counted.fallbacks.items():
                self._fallbacks.labels(str(reason)).inc(self._news(str(reason), count))

    def _news(self, name: str, count: int) -> int:
        news = count - self._followed.get(name, 0)
        self._followed[name] = count
        return news
