"""Where the figures were taken, without which they say nothing."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from infra.stack import MariaDBServer


def load() -> list[float]:
    """Return the load averages of the last 1, 5 and 15 minutes."""
    return [round(value, 2) for value in os.getloadavg()]


def description(server: MariaDBServer) -> dict[str, str | int]:
    """Return what a reader must know of the machine and the programs."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "file_system": _file_system(server.folder),
        "mariadb": _mariadb(server),
        "python": platform.python_version(),
        **{name: version(name) for name in ("eventsourcing", "pymysql", "sqlalchemy")},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    """Return the kind of file system, for a tmpfs makes every fsync free."""
    told = subprocess.run(
        ["stat", "--file-system", "--format=%T", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.strip() or "unknown"


def _mariadb(server: MariaDBServer) -> str:
    with server.admin() as admin, admin.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        (found,) = cursor.fetchone() or ("unknown",)
    return str(found)
