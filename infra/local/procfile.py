"""The Procfile: the one table of the processes that make up Ringi."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from infra.local.errors import InstallationError

_LINE = re.compile(r"([a-z][a-z0-9_-]*):\s*(\S.*)")


@dataclass(frozen=True)
class Role:
    """One line: a name and the program with its arguments; no shell is between."""

    name: str
    command: tuple[str, ...]


def read_procfile(path: Path) -> tuple[Role, ...]:
    """Return the roles in the order of the file; blank lines and `#` lines are comments.

    Raises:
        InstallationError: the file is missing, a line is not `name: command`, or a name is there
            twice.
    """
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        raise InstallationError(f"{path} is missing: it names the processes to start") from None
    roles: dict[str, Role] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None or found[1] in roles:
            raise InstallationError(f"{path}, line {number}: not `name: command` with a new name")
        roles[found[1]] = Role(found[1], tuple(shlex.split(found[2])))
    return tuple(roles.values())
