"""How far the work is, asked of the servers when Prometheus asks the scheduler.

Every scheduler says the same: take `max` over them, not `sum`.
"""

from collections.abc import Iterable, Mapping

from eventsourcing.persistence import PersistenceError
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from redis import Redis, RedisError

from infra import report
from infra.eventstore.datastore import Datastore


class StateCollector:
    """Lag, parked events, queues, and whether the servers answer."""

    def __init__(
        self, datastore: Datastore, broker: Redis, redis_by_role: Mapping[str, Redis]
    ) -> None:
        """`redis_by_role` has the clients of each role's Redis: queue, pubsub, cache."""
        self._datastore = datastore
        self._broker = broker
        self._redis_by_role = redis_by_role

    def describe(self) -> Iterable[Metric]:
        """Name what `collect` returns."""
        return _Families().all

    def collect(self) -> Iterable[Metric]:
        """Ask. Bounded by the time-outs of connections; what does not answer is left out."""
        families = _Families()
        for role, client in self._redis_by_role.items():
            families.redis.add_metric([role], float(_answers(client)))
        for row in report.queues(self._broker):
            if isinstance(row["messages"], int):
                families.queued.add_metric([str(row["queue"])], row["messages"])
        try:
            self._ask_database(families)
        except PersistenceError:
            families.database.add_metric([], 0)
        else:
            families.database.add_metric([], 1)
        return families.all

    def _ask_database(self, families: "_Families") -> None:
        for row in report.lanes(self._datastore):
            lane = [str(row["projection"]), str(row["lane"])]
            families.lag_events.add_metric(lane, float(str(row["lag_events"])))
            families.lag_seconds.add_metric(lane, float(str(row["lag_s"])))
        for row in report.parked(self._datastore):
            families.parked.add_metric([str(row["projection"])], float(str(row["parked"])))


class _Families:
    """What is told, without values at first."""

    def __init__(self) -> None:
        self.lag_events = GaugeMetricFamily(
            "ringi_projection_lag_events",
            "Events of a lane that a projection has not taken in yet, at most 100 000.",
            labels=["projection", "lane"],
        )
        self.lag_seconds = GaugeMetricFamily(
            "ringi_projection_lag_seconds",
            "Age of the oldest of them.",
            labels=["projection", "lane"],
        )
        self.parked = GaugeMetricFamily(
            "ringi_parked_events_waiting", "Events that are set aside now.", labels=["projection"]
        )
        self.queued = GaugeMetricFamily(
            "ringi_queued_messages", "Messages in a queue of the broker.", labels=["queue"]
        )
        self.redis = GaugeMetricFamily(
            "ringi_redis_up", "1 if the Redis of this role answers, else 0.", labels=["role"]
        )
        self.database = GaugeMetricFamily("ringi_database_up", "1 if the primary answers, else 0.")
        self.all: tuple[Metric, ...] = (
            self.lag_events,
            self.lag_seconds,
            self.parked,
            self.queued,
            self.redis,
            self.database,
        )


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False
