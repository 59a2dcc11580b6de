"""`ringi retry`."""

from typing import Annotated

import typer

from api.cli.layout import printable
from api.cli.rebuild import named
from infra.bootstrap import Parts
from infra.projecting.parking import parked_events
from infra.settings import Settings

#: Parked events that are shown, at most.
SHOWN = 20


def run(projection: Annotated[str, typer.Argument(help="The projection's name.")]) -> None:
    """Fold again what a projection could not fold, and show what is still parked, and why.

    Exits with 1 if anything is.
    """
    parts = Parts(Settings.load())
    try:
        retried = parts.retry_parked(named(projection))
        left = parked_events(parts.writing, projection, SHOWN)
    finally:
        parts.close()
    typer.echo(
        f"{projection}: {retried.projected} events projected, {retried.still_parked} still parked"
    )
    for each in left:
        typer.echo(f"  position {each.position}, version {each.version} of {each.stream}:")
        typer.echo(f"    {printable(each.error)}")
    if retried.still_parked:
        raise typer.Exit(1)
