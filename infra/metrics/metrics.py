"""The metrics of one process, in groups; a group exists from its first use on.

A group's methods say in the system's own words what happened. Safe to use from many threads.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import Protocol

import prometheus_client
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from infra.metrics.commands import CommandMetrics
from infra.metrics.http import HttpMetrics
from infra.metrics.jobs import JobMetrics
from infra.metrics.mail import MailMetrics
from infra.metrics.process import ProcessCollector
from infra.metrics.projecting import ProjectingMetrics, WakeupMetrics
from infra.metrics.replicas import ReplicaMetrics
from infra.metrics.scheduling import SchedulingMetrics


class Collector(Protocol):
    """Looks at something when Prometheus asks."""

    def describe(self) -> Iterable[Metric]:
        """Return what `collect` would, without values. Asks nobody."""

    def collect(self) -> Iterable[Metric]:
        """Return the values of now. Bounded in time; leaves out what cannot be had."""


class Metrics:
    """What this process measures. Making it connects to nothing."""

    def __init__(self) -> None:
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        """What is served, beside what the process is."""
        self.registry.register(ProcessCollector())

    def add(self, collector: Collector) -> None:
        """Serve what `collector` finds at each scrape, too."""
        self.registry.register(collector)

    @cached_property
    def http(self) -> HttpMetrics:
        """Requests to the API."""
        return HttpMetrics(self.registry)

    @cached_property
    def commands(self) -> CommandMetrics:
        """Commands and appends."""
        return CommandMetrics(self.registry)

    @cached_property
    def projecting(self) -> ProjectingMetrics:
        """Batches of projections."""
        return ProjectingMetrics(self.registry)

    @cached_property
    def wakeups(self) -> WakeupMetrics:
        """Wake-ups that were sent."""
        return WakeupMetrics(self.registry)

    @cached_property
    def replicas(self) -> ReplicaMetrics:
        """Reads of replicas."""
        return ReplicaMetrics(self.registry)

    @cached_property
    def scheduling(self) -> SchedulingMetrics:
        """Runs of the scheduler's entries."""
        return SchedulingMetrics(self.registry)

    @cached_property
    def jobs(self) -> JobMetrics:
        """Attempts at background jobs."""
        return JobMetrics(self.registry)

    @cached_property
    def mail(self) -> MailMetrics:
        """Notices by mail."""
        return MailMetrics(self.registry)
