"""`ringi status`."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated

import typer

from api.cli.status_text import Report, status_lines
from infra.bootstrap import report
from infra.local.installation import Installation
from infra.local.replicas import REPLICA_NAMES
from infra.local.starting import addresses_of, metrics_of
from infra.local.supervisor import ProgramState
from infra.settings import SettingError


def run(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs, not for eyes.")] = False,
) -> None:
    """Show each program's state, process and uptime, and how far the projections are.

    Exits with 1 if anything does not run, or does not tell how far it is.
    """
    installation = Installation.here()
    states = installation.supervisor.programs()
    addresses = _addresses(installation) if states else {}
    all_run = bool(states) and all(state.state == "RUNNING" for state in states)
    programs = {"programs": _rows(states, _metrics(installation))}
    shown = programs | dict(_work(installation) if _tells(states) else {})
    if as_json:
        typer.echo(json.dumps({"up": all_run, **addresses, **shown}, default=str))
    elif not states:
        typer.echo("Ringi is down.")
    else:
        now = datetime.now(UTC)  # noqa: TID251  # ages are told as of now
        typer.echo("\n".join(status_lines(addresses, shown, now)))
    if not all_run or "work" in shown:
        raise typer.Exit(1)


def _rows(
    states: Sequence[ProgramState], metrics: Mapping[str, str]
) -> Sequence[Mapping[str, object]]:
    return [
        {
            "name": each.name,
            "state": each.state,
            "pid": each.pid,
            "uptime_s": each.uptime_s,
            "metrics": metrics.get(each.name),
        }
        for each in states
    ]


def _addresses(installation: Installation) -> Mapping[str, str]:
    """Return where things are; nothing if the settings are not right, which `_work` reports."""
    with suppress(SettingError):
        return addresses_of(installation.settings())
    return {}


def _tells(states: Sequence[ProgramState]) -> bool:
    """Tell whether all run that the work is asked of; what a replica lacks, the primary has."""
    needed = [each for each in states if each.name not in REPLICA_NAMES]
    return bool(needed) and all(each.state == "RUNNING" for each in needed)


def _metrics(installation: Installation) -> Mapping[str, str]:
    """Return where the metrics of each role are; nothing if the settings are not right."""
    with suppress(SettingError):
        return metrics_of(installation.settings())
    return {}


def _work(installation: Installation) -> Report:
    """Return how far the work is, as the composition root reports it."""
    try:
        return report(installation.settings())
    except Exception as error:  # noqa: BLE001  # a status shows what it can, and why not the rest
        return {"work": [{"error": " ".join(str(error).split())}]}
