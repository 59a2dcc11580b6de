"""Talking to a running supervisord, over its unix socket."""

import socket
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy, Transport

from infra.local.errors import InstallationError

#: Seconds until supervisord is said not to answer.
ANSWER_TIMEOUT_S = 10

#: supervisord's faults for what is wished for and so already (supervisor/xmlrpc.py, Faults).
ALREADY_STARTED = 60
NOT_RUNNING = 70

#: The states in which a program has a process, or will have one again.
ALIVE = frozenset({"STARTING", "RUNNING", "BACKOFF", "STOPPING"})


@dataclass(frozen=True)
class ProgramState:
    """One supervised program, as supervisord sees it."""

    name: str
    state: str
    """STOPPED, STARTING, RUNNING, BACKOFF (ended at once, tried again), STOPPING, EXITED, FATAL
    (given up), UNKNOWN, as supervisord calls them."""
    pid: int | None
    uptime_s: int | None
    """Seconds since its last start; None if it does not run."""
    ended_at: int
    """When it last ended, in seconds since 1970; 0 if never."""


class Supervisor:
    """The supervisord that listens on `path`. Each call connects anew."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def is_up(self) -> bool:
        """Tell whether it runs and answers.

        Raises:
            InstallationError: it runs and does not answer.
        """
        try:
            self._call("getState")
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def programs(self) -> list[ProgramState]:
        """Return the state of every program; empty if supervisord does not run."""
        try:
            found = self._call("getAllProcessInfo")
        except (FileNotFoundError, ConnectionRefusedError):
            return []
        return [
            ProgramState(
                name=info["name"],
                state=info["statename"],
                pid=info["pid"] or None,
                uptime_s=info["now"] - info["start"] if info["statename"] in ALIVE else None,
                ended_at=info["stop"],
            )
            for info in found
        ]

    def start(self, name: str) -> None:
        """Start a program, if it does not run; returns before it does.

        Raises:
            InstallationError: it cannot be started.
        """
        try:
            self._call("startProcess", name, False)
        except Fault as fault:
            if fault.faultCode != ALREADY_STARTED:
                raise InstallationError(f"{name} cannot be started: {fault.faultString}") from None

    def stop(self, name: str) -> None:
        """Ask a program to end, if it runs, and do not start it again; returns before it ends."""
        try:
            self._call("stopProcess", name, False)
        except Fault as fault:
            if fault.faultCode != NOT_RUNNING:
                raise InstallationError(f"{name} cannot be stopped: {fault.faultString}") from None

    def shut_down(self) -> None:
        """Ask it to stop every program, the last started first, and to end; returns at once."""
        self._call("shutdown")

    def _call(self, method: str, *arguments: object) -> Any:  # noqa: ANN401  # XML-RPC's answer
        try:
            with ServerProxy("http://local", transport=_OverSocket(self.path)) as proxy:
                return getattr(proxy.supervisor, method)(*arguments)
        except (TimeoutError, HTTPException) as error:
            raise InstallationError(
                f"supervisord does not answer on {self.path}: {error!r}; look into its log, "
                "end it by its pid, then `ringi up`"
            ) from error


class _OverSocket(Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, _host: object) -> HTTPConnection:
        return _SocketConnection(self._path)


class _SocketConnection(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("local", timeout=ANSWER_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(ANSWER_TIMEOUT_S)
        self.sock.connect(str(self._path))
