"""`ringi up`."""

from typing import Annotated

import typer

from api.cli.telling import to_whoever_reads
from infra.local.installation import Installation
from infra.local.starting import up


def run(
    *,
    split_redis: Annotated[
        bool | None,
        typer.Option(help="One private Redis server for each role, or one for all. Kept."),
    ] = None,
    replicas: Annotated[
        int | None,
        typer.Option(help="Private replicas of the private MariaDB. Kept.", min=0, max=9),
    ] = None,
) -> None:
    """Start servers and roles on this machine, wait until all is ready, show where it is.

    Does nothing if all runs already. After a crash it ends what was left over and starts anew.
    """
    up(Installation.here(), to_whoever_reads, split_redis=split_redis, replicas=replicas)
