"""What a gateway has counted, in the form that Prometheus asks for."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from realtime.tally import Tally


class Counted(Protocol):
    """What is looked at: `realtime.server.Gateway`."""

    @property
    def tally(self) -> Tally:
        """What was done so far."""

    @property
    def connections(self) -> int:
        """How many clients are connected."""

    @property
    def hears_redis(self) -> bool:
        """Whether Redis brings news."""


class GatewayCollector:
    """Reads a gateway's counts at each scrape, from the scrape's thread."""

    def __init__(self, gateway: Counted) -> None:
        self._gateway = gateway

    def describe(self) -> Iterable[Metric]:
        """Name what `collect` returns."""
        return self.collect()

    def collect(self) -> Iterable[Metric]:
        """Return what was counted by now."""
        gateway, tally = self._gateway, self._gateway.tally
        return [
            _gauge("connections", "Clients that are connected.", gateway.connections),
            _gauge("subscriptions", "Topics they have subscribed to.", tally.subscriptions),
            _gauge("hears_redis", "1 if Redis brings news, else 0.", int(gateway.hears_redis)),
            _count("rows", "Rows of the feed that were pushed.", tally.rows),
            _count("messages", "Pushes of them, one for each connection.", tally.messages),
            _count("sent_bytes", "Bytes of these pushes.", tally.pushed_bytes),
            _count("filled_rows", "Rows that had to be read from the feed.", tally.filled),
            _count("replays", "Times that somebody was told what they missed.", tally.replays),
            _count("replayed_messages", "Messages of these replays.", tally.replayed),
            _counts("resyncs", "Notices that a snapshot is needed.", "reason", tally.resyncs),
            _counts("closes", "Connections that the gateway ended.", "close", tally.closes),
        ]


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"ringi_gateway_{name}", help_text, value)


def _count(name: str, help_text: str, value: float) -> Metric:
    return CounterMetricFamily(f"ringi_gateway_{name}", help_text, value)


def _counts(name: str, help_text: str, label: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"ringi_gateway_{name}", help_text, labels=[label])
    for of, value in values.items():
        family.add_metric([of], value)
    return family
