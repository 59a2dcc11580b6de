"""Local installations with tiny roles, for tests of up, down and what dies between."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import pytest

from infra.home import CHECKOUT
from infra.local.installation import Installation
from infra.migrate import migrate_store
from infra.ports import free_port

ROLE = Path(__file__).with_name("role.py")
BROKEN = "sh -c 'echo broken on purpose; exit 1'"
RINGI = Path(sys.executable).with_name("ringi")


def migrating_alone(alone: pytest.MonkeyPatch) -> None:
    """Leave out what Ringi's own roles need: tables that projections keep, time to import."""
    alone.setattr("infra.local.starting.migrate", migrate_store)
    alone.setattr("infra.local.config.ROLE_START_S", 1)


def a_directory(folder: Path, *roles: str) -> Path:
    """Return a folder with a Procfile of tiny roles."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{role}: {BROKEN if role == 'broken' else f'python {ROLE} {role}'}" for role in roles]
    (folder / "Procfile").write_text("\n".join(lines))
    return folder


def an_environ(**more: str) -> dict[str, str]:
    """Return an environment without settings of whoever runs the tests, with ports of its own."""
    plain = {name: text for name, text in os.environ.items() if not name.startswith("RINGI_")}
    ports = {"RINGI_API_PORT": str(free_port()), "RINGI_GATEWAY_PORT": str(free_port())}
    return {**plain, **ports, "PYTHONPATH": str(CHECKOUT), **more}


def wait_until(condition: Callable[[], object], what: str, timeout_s: float = 30) -> None:
    deadline = monotonic() + timeout_s
    while not condition():
        assert monotonic() < deadline, f"not within {timeout_s} s: {what}"
        sleep(0.02)


def pids(installation: Installation) -> dict[str, int]:
    """Return the process of each program that has one."""
    found = installation.supervisor.programs()
    return {state.name: state.pid for state in found if state.pid is not None}


def alive(numbers: list[int]) -> list[int]:
    """Return which still run; an ended process stays in /proc until its parent asks for it."""
    found = []
    for number in numbers:
        stat = Path(f"/proc/{number}/stat")
        if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
            found.append(number)
    return found


def supervisor_pid(installation: Installation) -> int:
    return int((installation.home.folder / "supervisord.pid").read_text())


def all_run(installation: Installation) -> bool:
    states = installation.supervisor.programs()
    return bool(states) and all(state.state == "RUNNING" for state in states)


def lines_of(work: Callable[..., None], installation: Installation, **options: bool) -> str:
    lines: list[str] = []
    work(installation, lines.append, **options)
    return "\n".join(lines)


def ringi(installation: Installation, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a terminal of its own, so to say: it knows the home and no more."""
    environ = {name: text for name, text in os.environ.items() if not name.startswith("RINGI_")}
    return subprocess.run(
        [RINGI, *arguments],
        env=environ | {"RINGI_HOME": str(installation.home.folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
