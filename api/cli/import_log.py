"""`ringi import-log`."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from infra.bootstrap import Parts
from infra.importing.importer import Importer
from infra.importing.report import COMMANDS, Fate, Report, Tally
from infra.importing.source import Source, opened
from infra.importing.xes import read_cases
from infra.settings import Settings

#: The exit code after an interrupt: 128 and the signal's number, as shells have it.
_INTERRUPTED = 130


class ImportFailedError(Exception):
    """The import ended before the log did; what was done before is reported, and stays."""


def run(
    file: Annotated[
        Path, typer.Argument(help="A log in XES, plain or .gz.", exists=True, dir_okay=False)
    ],
    *,
    limit: Annotated[int | None, typer.Option(help="Cases to read at most.", min=1)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs, not for eyes.")] = False,
) -> None:
    """Import an approval log: each case becomes a document, by ordinary commands.

    May be interrupted and repeated: what is there already is not done again. What the engine
    refuses is reported, and so is every event that asks for nothing.
    """
    parts = Parts(Settings.load())
    try:
        with opened(file) as source, _progress(source) as told:
            report = Importer(parts.bus, _now, told).run(islice(read_cases(source), limit))
    finally:
        parts.close()
    if as_json:
        typer.echo(json.dumps(report.as_json()))
    elif report.tally.cases or not report.error:
        _show(report)
    if report.error:
        raise ImportFailedError(f"{file}: {report.error}") from report.error
    if report.is_interrupted:
        raise typer.Exit(_INTERRUPTED)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # here commands begin, and take their time along


@contextmanager
def _progress(source: Source) -> Iterator[Callable[[Tally], None]]:
    """Show how far the file is read, if somebody looks."""
    console = Console(stderr=True)
    columns = (
        BarColumn(),
        TextColumn("{task.fields[cases]} cases, {task.fields[rate]:.0f} a second"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=source.size or None, cases=0, rate=0.0)

        def told(tally: Tally) -> None:
            elapsed = progress.tasks[task].elapsed or 0.0
            rate = tally.cases / elapsed if elapsed else 0.0
            progress.update(task, completed=source.done, cases=tally.cases, rate=rate)

        yield told


def _show(report: Report) -> None:
    tally = report.tally
    console = Console(file=sys.stdout)
    table = Table(title=f"{tally.cases} cases, {tally.events} events", title_justify="left")
    for column in ("command", "accepted", "refused", "reasons"):
        table.add_column(column)
    for kind in COMMANDS:
        reasons = {reason: n for (each, reason), n in tally.refused.items() if each is kind}
        said = ", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items()))
        table.add_row(kind, str(tally.accepted[kind]), str(sum(reasons.values())), said)
    console.print(table)
    fates = ", ".join(f"{tally.fates[fate]} {fate}" for fate in Fate)
    console.print(f"Events: {fates}. Commands that were there already: {tally.already_there}.")
    for activity, count in sorted(tally.ignored.items()):
        console.print(f"Ignored {count} times: {activity}", markup=False)
    how = "Interrupted after" if report.is_interrupted else "Done in"
    console.print(
        f"{how} {report.seconds:.1f} s; amounts rounded to cents: {tally.rounded_amounts}."
    )
