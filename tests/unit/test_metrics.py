"""The metrics' names, labels and documentation, without servers."""

import os
import re
from pathlib import Path
from types import SimpleNamespace
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from infra.metrics.http import HttpMetrics
from infra.metrics.metrics import Metrics
from infra.metrics.process import ProcessCollector, family, taken_by
from infra.metrics.replicas import ReplicaMetrics
from infra.metrics.serving import serve
from infra.metrics.state import StateCollector
from infra.ports import free_port
from realtime.metrics import GatewayCollector
from realtime.protocol import CLOSES, Resync
from realtime.tally import Tally

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
GROUPS = (
    "http",
    "commands",
    "replicas",
    "wakeups",
    "projecting",
    "scheduling",
    "jobs",
    "mail",
)


def a_gateway() -> SimpleNamespace:
    return SimpleNamespace(tally=Tally(), connections=3, hears_redis=True)


def everything() -> CollectorRegistry:
    """Return a registry with every metric of every role."""
    metrics = Metrics()
    for group in GROUPS:
        getattr(metrics, group)
    metrics.add(StateCollector(None, None, {}))  # type: ignore[arg-type]  # it is not asked
    metrics.add(GatewayCollector(a_gateway()))
    return metrics.registry


def described() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return each metric's kind and labels, by its name."""
    found = {}
    for collector in everything()._collector_to_names:
        labels = getattr(collector, "_labelnames", None)
        for metric in collector.describe():
            names = labels if labels is not None else getattr(metric, "_labelnames", ())
            found[metric.name] = (metric.type, tuple(names))
    return found


def test_every_metric_is_documented_with_its_kind_and_labels_and_no_other() -> None:
    rows = re.findall(r"^\| `(ringi_\w+)` \| (\w+) \| ([\w, ]*?) ?\| \w", PAGE, re.MULTILINE)
    documented = {
        name: (kind, tuple(label for label in labels.split(", ") if label))
        for name, kind, labels in rows
    }
    assert len(documented) == len(rows)
    assert documented == described()


def test_names_are_prometheus_names_with_units() -> None:
    for name, (kind, _) in described().items():
        assert re.fullmatch(r"ringi_[a-z_]+[a-z]", name)
        assert not name.endswith(("_ms", "_count", "_total", "_milliseconds"))
        if kind == "histogram":
            assert name.endswith(("_seconds", "_events"))


def test_no_label_is_a_clients_to_choose() -> None:
    http = HttpMetrics(registry := CollectorRegistry())
    for word in ("BREW", "X" * 1000, "GET"):
        http.began()
        http.ended(word, None, 404, 0.001)
    labels = {"method": "other", "route": "other", "status": "404"}
    assert registry.get_sample_value("ringi_http_requests_total", labels) == 2
    assert registry.get_sample_value("ringi_http_requests_in_progress") == 0


def test_replica_counters_are_followed_without_counting_twice() -> None:
    followed = ReplicaMetrics(registry := CollectorRegistry())
    for reads, behind in ((3, 0), (3, 1), (10, 1)):
        followed.follow(SimpleNamespace(reads=reads, fallbacks={"behind": behind}))
    assert registry.get_sample_value("ringi_replica_reads_total") == 10
    labels = {"reason": "behind"}
    assert registry.get_sample_value("ringi_replica_fallbacks_total", labels) == 1


def test_a_gateways_closes_and_resyncs_are_told_from_the_start() -> None:
    gateway = a_gateway()
    gateway.tally.closes["slow"] += 1
    (registry := CollectorRegistry()).register(GatewayCollector(gateway))
    for close in CLOSES:
        value = registry.get_sample_value("ringi_gateway_closes_total", {"close": close.name})
        assert value == (1 if close.name == "slow" else 0)
    for reason in Resync:
        labels = {"reason": str(reason)}
        assert registry.get_sample_value("ringi_gateway_resyncs_total", labels) == 0


def test_a_process_knows_what_it_takes_of_the_machine() -> None:
    (registry := CollectorRegistry()).register(ProcessCollector())
    assert registry.get_sample_value("ringi_process_memory_bytes", {}) > 10_000_000  # type: ignore[operator]
    assert registry.get_sample_value("ringi_process_cpu_seconds_total", {}) > 0  # type: ignore[operator]
    assert os.getpid() in family(os.getpid())
    assert taken_by(2**22 + 1) is None


def test_metrics_are_served_where_they_are_asked_for_and_nowhere_by_default() -> None:
    registry = everything()
    assert serve(registry, "127.0.0.1", 0) is None
    server = serve(registry_of_a_process(), "127.0.0.1", port := free_port())
    assert server is not None
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
        assert "ringi_process_memory_bytes" in {each.name for each in families}
    finally:
        server.shutdown()
        server.server_close()


def test_a_port_that_is_taken_is_a_warning_and_no_end(caplog: pytest.LogCaptureFixture) -> None:
    server = serve(registry_of_a_process(), "127.0.0.1", port := free_port())
    assert server is not None
    try:
        assert serve(registry_of_a_process(), "127.0.0.1", port) is None
        assert "no metrics" in caplog.text
    finally:
        server.shutdown()
        server.server_close()


def registry_of_a_process() -> CollectorRegistry:
    return Metrics().registry
