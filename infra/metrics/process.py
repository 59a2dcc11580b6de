"""What a process and its children take of the machine, as Linux counts it."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")

#: Where user and system time stand in /proc/<pid>/stat, after the name in brackets (proc(5)).
_USER_TIME, _SYSTEM_TIME = 11, 12


class ProcessCollector:
    """Sums over the process and what it has started: gunicorn's processes are one API."""

    def describe(self) -> Iterable[Metric]:
        """Name what `collect` returns."""
        return _families()

    def collect(self) -> Iterable[Metric]:
        """Look into /proc. A process that ends meanwhile is left out."""
        count, cpu, memory, descriptors = _families()
        found = [taken for pid in family(os.getpid()) if (taken := taken_by(pid)) is not None]
        count.add_metric([], len(found))
        cpu.add_metric([], sum(each[0] for each in found))
        memory.add_metric([], sum(each[1] for each in found))
        descriptors.add_metric([], sum(each[2] for each in found))
        return count, cpu, memory, descriptors


def _families() -> tuple[
    GaugeMetricFamily, CounterMetricFamily, GaugeMetricFamily, GaugeMetricFamily
]:
    return (
        GaugeMetricFamily("ringi_processes", "The process, and those that it has started."),
        CounterMetricFamily("ringi_process_cpu_seconds", "Time of processors that they took."),
        GaugeMetricFamily(
            "ringi_process_memory_bytes", "Their memory, shared pages by share (PSS)."
        ),
        GaugeMetricFamily("ringi_process_open_fds", "Descriptors that they have open."),
    )


def family(pid: int) -> Iterator[int]:
    """Give a process and its descendants."""
    yield pid
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from family(int(child))


def taken_by(pid: int) -> tuple[float, int, int] | None:
    """Return a process's seconds of CPU, bytes of memory and descriptors; None if it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        pss_kb = next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
        descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except (OSError, StopIteration):
        return None
    ticks = int(stat[_USER_TIME]) + int(stat[_SYSTEM_TIME])
    return ticks / _TICKS_PER_S, pss_kb * 1024, descriptors
