"""`ringi up`."""

import typer

from infra.local.installation import Installation
from infra.local.starting import up


def run() -> None:
    """Start servers and roles on this machine, wait until all is ready, show where it is.

    Does nothing if all runs already. After a crash it ends what was left over and starts anew.
    """
    up(Installation.here(), typer.echo)
