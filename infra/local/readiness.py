"""Waiting, with a bound, until programs run and answer."""

import socket
from collections.abc import Callable, Collection
from http.client import HTTPConnection, HTTPException
from time import monotonic, sleep

from infra.local.errors import InstallationError
from infra.local.installation import Installation
from infra.settings import Settings

#: Seconds until servers, and roles, must be ready. A MariaDB that was killed reads its log first.
READY_TIMEOUT_S = 60

#: How often a program may end at once before `ringi up` says that it does not start.
ENDS = 3

#: Seconds that a role has for one answer.
_ANSWER_TIMEOUT_S = 2

Answers = Callable[[], bool]
"""Asks a program once whether it is ready."""


def wait_until_ready(
    installation: Installation, names: Collection[str], answers: dict[str, Answers]
) -> None:
    """Wait until every named program runs, and those in `answers` answer.

    Raises:
        InstallationError: one does not start, or is not ready in time; with its last words.
    """
    deadline = monotonic() + READY_TIMEOUT_S
    began = {state.name: state.ended_at for state in installation.supervisor.programs()}
    ends: dict[str, set[int]] = {name: set() for name in names}
    while missing := unready(installation, names, answers):
        for state in installation.supervisor.programs():
            if state.name not in ends:
                continue
            ends[state.name] |= {state.ended_at} - {began.get(state.name)}
            if len(ends[state.name]) >= ENDS or state.state == "FATAL":
                raise InstallationError(_why(installation, state.name, "does not start"))
        if monotonic() > deadline:
            name, reason = next(iter(missing.items()))
            raise InstallationError(
                _why(installation, name, f"is not ready after {READY_TIMEOUT_S} s ({reason})")
            )
        sleep(0.1)


def unready(
    installation: Installation, names: Collection[str], answers: dict[str, Answers]
) -> dict[str, str]:
    """Return which of the programs do not run or do not answer, each with what it does instead."""
    states = {state.name: state.state for state in installation.supervisor.programs()}
    missing = {}
    for name in names:
        if states.get(name) != "RUNNING":
            missing[name] = states.get(name, "unknown to supervisord: `ringi down` first")
        elif name in answers and not answers[name]():
            missing[name] = "it runs, but does not answer"
    return missing


def role_answers(settings: Settings) -> dict[str, Answers]:
    """Return how the roles that listen are asked: the API by HTTP, the gateway by connecting."""

    def api() -> bool:
        connection = HTTPConnection(
            reachable(settings.api_host), settings.api_port, timeout=_ANSWER_TIMEOUT_S
        )
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200  # noqa: PLR2004  # OK
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def gateway() -> bool:
        address = (reachable(settings.gateway_host), settings.gateway_port)
        try:
            socket.create_connection(address, timeout=_ANSWER_TIMEOUT_S).close()
        except OSError:
            return False
        return True

    return {"api": api, "gateway": gateway}


def reachable(host: str) -> str:
    """Return where a process of this machine finds what listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not bound


def _why(installation: Installation, name: str, what: str) -> str:
    path = installation.home.logs / f"{name}.log"
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    last = next((line.strip() for line in reversed(lines) if line.strip()), "its log is empty")
    return f"{name} {what}: {last[:300]} (`ringi logs {name}` shows more)"
