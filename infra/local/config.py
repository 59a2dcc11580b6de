"""The configuration that supervisord runs on."""

import os
import re
import resource
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.home import Home
from infra.local.errors import InstallationError

#: A program that ends sooner than this has not started, and is tried again with growing pauses. A
#: role may import for some seconds before it finds that it cannot run.
SERVER_START_S = 1
ROLE_START_S = 5

#: How often a program that does not start is tried again, a second later each time: half an hour
#: in all, longer than a server's recovery takes. One that has started is always started again.
START_RETRIES = 60

#: A log file is rotated at this size, and so many old ones are kept.
LOG_BYTES = 10_000_000
LOG_BACKUPS = 3

#: Descriptors that a process may have open, where the machine's limit allows it: a gateway holds
#: one for each dashboard.
DESCRIPTORS = 16_384

#: How supervisord's parser finds a comment behind a value.
_COMMENT = re.compile(r"(^|\s)[;#]|[\r\n]")


@dataclass(frozen=True)
class Program:
    """One program to supervise."""

    name: str
    command: tuple[str, ...]
    priority: int
    """The order of stopping: the highest first."""
    start_s: int
    """Seconds until it is taken for started."""
    stop_wait_s: int
    """Seconds from SIGTERM until its whole process group is killed."""


def render(home: Home, directory: Path, programs: Iterable[Program]) -> str:
    """Return the text of supervisord.conf; the programs run in `directory`.

    Raises:
        InstallationError: a path or an argument cannot stand in such a file.
    """
    sections: dict[str, Mapping[str, object]] = {
        "unix_http_server": {
            "file": home.sockets / "supervisor.sock",
            "chmod": "0700",
        },
        "supervisord": {
            "directory": directory,
            "pidfile": home.folder / "supervisord.pid",
            "logfile": home.logs / "supervisord.log",
            "logfile_maxbytes": LOG_BYTES,
            "logfile_backups": LOG_BACKUPS,
            "childlogdir": home.logs,
            "umask": "077",
            "minfds": min(DESCRIPTORS, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),
            **({"user": "root"} if os.geteuid() == 0 else {}),
        },
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface",
        },
        **{f"program:{program.name}": _program(home, program) for program in programs},
    }
    return "\n".join(_section(name, values) for name, values in sections.items())


def _program(home: Home, program: Program) -> dict[str, object]:
    return {
        "command": shlex.join(program.command),
        "priority": program.priority,
        "autostart": "false",  # `ringi up` starts each when what it needs is ready
        "autorestart": "true",
        "startsecs": program.start_s,
        "startretries": START_RETRIES,
        "stopsignal": "TERM",
        "stopwaitsecs": program.stop_wait_s,
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": home.logs / f"{program.name}.log",
        "stdout_logfile_maxbytes": LOG_BYTES,
        "stdout_logfile_backups": LOG_BACKUPS,
    }


def _section(name: str, values: Mapping[str, object]) -> str:
    lines = [f"{key} = {_value(str(value))}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def _value(text: str) -> str:
    if _COMMENT.search(text):
        raise InstallationError(f"{text!r} cannot stand in supervisord's configuration")
    return text.replace("%", "%%")
