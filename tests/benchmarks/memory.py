"""What the idle processes of a local installation take of memory, each its proportional share."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from infra.home import Home
from infra.local import processes
from infra.local.installation import SERVERS, Installation
from infra.local.starting import up
from infra.local.stopping import down
from tests.benchmarks.bench import Bench
from tests.benchmarks.rows import Row
from tests.e2e.machine import an_environ

#: Proportional set sizes of all processes but the servers, in MB, at most.
MOST_MB = 500.0


def memory(bench: Bench) -> Iterator[Row]:
    """Give the row: an installation of its own, as `ringi up` leaves it."""
    row = Row(
        name="memory",
        what="all idle processes of `ringi up` but the servers, their proportional shares (PSS)",
        against=f"the {MOST_MB:g} MB that they may take",
        unit="MB",
        better="lower",
    )
    with tempfile.TemporaryDirectory(prefix="ringi-memory-", dir="/tmp") as folder:
        installation = Installation(Home(Path(folder)), an_environ())
        try:
            up(installation, bench.progress)
            done = bench.measure(row, lambda: total(taken(installation)), lambda: MOST_MB)
            yield replace(
                done, details={f"{name}_mb": mb for name, mb in taken(installation).items()}
            )
        finally:
            down(installation, bench.progress)


def taken(installation: Installation) -> dict[str, float]:
    """Return the MB of each program with the processes it started, in falling order.

    A page that several processes share counts for each of them in part (PSS), so the sum is what
    the machine really gives.
    """
    home = installation.home.folder
    names = {state.pid: state.name for state in installation.supervisor.programs() if state.pid}
    found: dict[str, float] = {}
    for pid in processes.marked(home):
        name = next((names[each] for each in _lineage(pid) if each in names), "supervisord")
        found[name] = found.get(name, 0.0) + pss_mb(pid)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def pss_mb(pid: int) -> float:
    """Return the proportional set size of one process; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def total(found: Mapping[str, float]) -> float:
    """Return the sum of all that is not a server."""
    return sum(mb for name, mb in found.items() if name not in SERVERS)


def _lineage(pid: int) -> Iterator[int]:
    """Give the process, its parent, and so on."""
    while pid > 1:
        yield pid
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return


def main() -> None:
    """Print the figures of the installation that runs here."""
    found = taken(Installation.here())
    for name, mb in found.items():
        print(f"{mb:8.1f} MB  {name}")
    print(f"{total(found):8.1f} MB  without the servers; at most {MOST_MB:g}")


if __name__ == "__main__":
    main()
