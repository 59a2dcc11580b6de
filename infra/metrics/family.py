"""The metrics of a family of processes that count into one folder, as gunicorn's do."""

from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from infra.metrics.process import ProcessCollector


def family_registry(folder: str) -> CollectorRegistry:
    """Return what sums over the files of `folder`, and over this process and its children."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    registry.register(ProcessCollector())
    return registry
