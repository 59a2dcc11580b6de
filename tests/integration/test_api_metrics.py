"""The API's metrics over several processes, which may die."""

import os
import signal
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic, sleep
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from infra.metrics.process import family
from infra.ports import free_port
from infra.stack import MariaDBServer
from tests.integration.api_world import World, a_company
from tests.integration.test_api_client import is_ready, served

ME = {"method": "GET", "route": "/v1/me", "status": "200"}


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = monotonic() + 40
    while not condition():
        assert monotonic() < deadline
        sleep(0.05)


def sample(port: int, name: str, labels: dict[str, str]) -> float:
    """Return what /metrics shows, 0 if it is not there yet."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    for each in text_string_to_metric_families(text):
        for found in each.samples:
            if (found.name, found.labels) == (name, labels):
                return float(found.value)
    return 0


def ask(world: World, port: int, times: int) -> None:
    """Ask who one is, each time on a connection of its own, so that every process is asked."""
    for _ in range(times):
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        headers = {"Authorization": f"Bearer {world.secrets['ann']}"}
        connection.request("GET", "/v1/me", headers=headers)
        assert connection.getresponse().status == 200
        connection.close()


def test_processes_are_counted_as_one_and_what_a_dead_one_counted_stays(
    server: MariaDBServer, tmp_path: Path
) -> None:
    port, metrics = free_port(), free_port()
    more = {
        "WEB_CONCURRENCY": "2",
        "RINGI_API_METRICS_PORT": str(metrics),
        "TMPDIR": str(tmp_path),
    }
    with a_company(server, tmp_path, "api_metrics") as world:
        with served(world, port, **more) as master:
            wait_until(lambda: is_ready(port))
            ask(world, port, 20)
            assert sample(metrics, "ringi_http_requests_total", ME) == 20
            assert sample(metrics, "ringi_http_requests_in_progress", {}) == 0
            assert sample(metrics, "ringi_processes", {}) == 3
            first = next(pid for pid in family(master.pid) if pid != master.pid)
            os.kill(first, signal.SIGKILL)
            wait_until(lambda: sample(metrics, "ringi_processes", {}) == 3)
            wait_until(lambda: is_ready(port))
            ask(world, port, 10)
            assert sample(metrics, "ringi_http_requests_total", ME) == 30
            assert list(tmp_path.glob("ringi-metrics-*"))
        assert not list(tmp_path.glob("ringi-metrics-*"))
