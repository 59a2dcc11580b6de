"""A whole Ringi on this machine for tests: every role a real process, supervised."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from api.cli.token import issue
from api.client import RingiClient
from domain.actor import AUDITOR
from infra.bootstrap import Parts
from infra.home import CHECKOUT
from infra.local.installation import Installation
from infra.local.supervisor import ProgramState
from infra.ports import free_port
from infra.projecting.comparing import rows_of
from infra.projecting.place import read_place
from infra.settings import Settings
from projections.base import Key, Row
from projections.workspace import WORKSPACE

#: What the tests work on: one text, decided by whoever holds a role.
NOTE = {
    "definition": "note",
    "fields": [{"name": "title", "kind": "text"}],
    "steps": [{"name": "chief", "approver": {"role": "chief"}}],
}


def an_environ() -> dict[str, str]:
    """Return an environment without the settings of whoever runs the tests, with free ports."""
    plain = {name: text for name, text in os.environ.items() if not name.startswith("RINGI_")}
    ports = {"RINGI_API_PORT": str(free_port()), "RINGI_GATEWAY_PORT": str(free_port())}
    logs = {"RINGI_LOG_LEVEL": "DEBUG", "RINGI_LOG_FORMAT": "json"}  # as tests read them
    return {**plain, **ports, **logs, "PYTHONPATH": str(CHECKOUT)}


@dataclass
class Machine:
    """An installation that is up, and what tests do with it."""

    installation: Installation
    tokens: dict[str, str] = field(default_factory=dict)

    @cached_property
    def settings(self) -> Settings:
        return self.installation.settings()

    @cached_property
    def parts(self) -> Parts:
        return Parts(self.settings)

    @property
    def api_url(self) -> str:
        return f"http://{self.settings.api_host}:{self.settings.api_port}"

    @property
    def gateway_url(self) -> str:
        return f"ws://{self.settings.gateway_host}:{self.settings.gateway_port}/ws"

    def set_up(self) -> None:
        """Add who takes part, and the definition of a note."""
        for login, role in (("root", "admin"), ("ann", "asks"), ("cho", "chief"), ("aud", AUDITOR)):
            self.tokens[login] = issue(self.parts, login, roles=(role,))
        with self.client("root") as root:
            outcome = root.command("POST", "/v1/definitions", NOTE)
            root.get("/v1/me", after_position=outcome["position"])

    def client(self, login: str) -> RingiClient:
        return RingiClient(self.api_url, self.tokens[login])

    def a_note(self, title: str, key: str = "") -> dict[str, Any]:
        """Create a note over HTTP, and return the outcome."""
        with self.client("ann") as ann:
            outcome: dict[str, Any] = ann.command(
                "POST", "/v1/documents", {"definition": "note", "values": {"title": title}}, key=key
            )
            return outcome

    def rows(self) -> dict[str, dict[Key, Row]]:
        """Return every row of the live views."""
        views = self.settings.views
        with self.parts.writing.cursor() as cursor:
            generation = read_place(cursor, WORKSPACE.name, views).generation
            return {
                table.name: rows_of(cursor, views, WORKSPACE, table, generation)
                for table in WORKSPACE.tables
            }

    def log_of(self, name: str) -> str:
        """Return what a program has logged since `up`."""
        return (self.installation.home.logs / f"{name}.log").read_text(errors="replace")

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)  # noqa: TID251  # the test is the entrypoint here

    def program(self, name: str) -> ProgramState:
        return {each.name: each for each in self.installation.supervisor.programs()}[name]

    def kill(self, name: str) -> int:
        """Kill a program as a power cut would, with its children; return the pid it had."""
        pid = self.program(name).pid
        assert pid, f"{name} does not run"
        for child in children(pid):
            os.kill(child, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_until_back(self, name: str, was: int) -> None:
        """Wait until the supervisor has started the program anew."""
        wait_until(
            lambda: (
                self.program(name).pid not in (None, was)
                and self.program(name).state in {"STARTING", "RUNNING"}
            ),
            f"{name} is started again",
        )


def children(pid: int) -> list[int]:
    """Return the processes that this process started."""
    words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(word) for word in words]


def wait_until(condition: Callable[[], object], what: str, timeout_s: float = 30.0) -> None:
    """Wait until `condition` holds."""
    deadline = monotonic() + timeout_s
    while not condition():
        assert monotonic() < deadline, f"not within {timeout_s} s: {what}"
        sleep(0.02)
