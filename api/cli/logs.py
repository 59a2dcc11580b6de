"""`ringi logs`."""

import os
import shutil
from typing import Annotated

import typer

from infra.local.errors import InstallationError
from infra.local.installation import Installation

#: How many lines of the past are shown, of each program.
LINES = 100


def run(
    role: Annotated[str, typer.Argument(help="One program; all of them if not given.")] = "",
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes, until interrupted.")
    ] = False,
) -> None:
    """Show the last lines that the programs have logged."""
    logs = Installation.here().home.logs
    known = {path.stem: str(path) for path in sorted(logs.glob("*.log"))}
    if not known:
        raise InstallationError(f"nothing is logged in {logs} yet: `ringi up` starts it")
    if role and role not in known:
        raise InstallationError(f"no log of {role!r}; there are {', '.join(known)}")
    tail = shutil.which("tail") or "/usr/bin/tail"
    paths = [known[role]] if role else list(known.values())
    # tail follows rotated files, and needs nobody to pass its output on.
    os.execv(tail, [tail, f"--lines={LINES}", *(["-F"] if follow else []), "--", *paths])  # noqa: S606  # no shell wanted
