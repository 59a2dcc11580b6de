"""`ringi rebuild`."""

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from infra.bootstrap import Parts
from infra.projecting import rebuild
from infra.settings import Settings
from projections.base import Projection
from projections.registry import PROJECTIONS


def run(projection: Annotated[str, typer.Argument(help="The projection's name.")]) -> None:
    """Build a projection's tables anew from the whole log, beside those that serve, and swap."""
    wanted = named(projection)
    parts = Parts(Settings.load())
    columns = (
        TextColumn("lane {task.fields[lane]}"),
        BarColumn(),
        TextColumn("{task.fields[events]} events"),
        TimeElapsedColumn(),
    )
    try:
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("", total=None, lane=0, events=0)

            def show(at: rebuild.Progress) -> None:
                bar.update(
                    task, total=at.goal, completed=at.position, lane=at.lane, events=at.events
                )

            report = parts.rebuild(wanted, show)
    finally:
        parts.close()
    typer.echo(
        f"{projection}: {report.events} events in {report.seconds:.1f} s; "
        f"generation {report.generation} serves, {report.dropped} old tables are gone"
    )


def named(projection: str) -> Projection:
    """Return the projection of this name.

    Raises:
        LookupError: there is none.
    """
    known = {each.name: each for each in PROJECTIONS}
    if projection not in known:
        raise LookupError(f"no projection {projection!r}; there are {', '.join(sorted(known))}")
    return known[projection]
