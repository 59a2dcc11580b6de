"""`ringi check-config`."""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated

import typer

from infra.checking.checks import Check, checks
from infra.checking.given import Given, given
from infra.home import Home
from infra.settings import SettingError, Settings, mistakes, with_local


def run(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs, not for eyes.")] = False,
) -> None:
    """Show every setting with its source, and check the servers that the settings name.

    Changes nothing. Exits with 1 if anything is wrong, after it has listed all of it.
    """
    local = Home.of(os.environ).read_environment()
    merged = with_local(local, os.environ)
    wrong = mistakes(merged)
    sound = {name: text for name, text in merged.items() if name not in wrong}
    settings = None
    with suppress(SettingError):  # it is in `wrong`
        settings = Settings.from_env(sound)
    rows = given(local, os.environ, settings)
    found = [Check("the settings", tuple(wrong.values())), *(checks(settings) if settings else ())]
    if as_json:
        typer.echo(
            json.dumps(
                {"settings": [*map(asdict, rows)], "checks": [*map(asdict, found)]}, indent=1
            )
        )
    else:
        _show(rows, found)
    if any(check.problems for check in found):
        raise typer.Exit(1)


def _show(rows: Sequence[Given], found: Sequence[Check]) -> None:
    width = max(len(row.name) for row in rows)
    for row in rows:
        typer.echo(f"{row.name:{width}}  {row.source:18}  {row.value}".rstrip())
    typer.echo()
    for check in found:
        typer.echo(f"{'wrong' if check.problems else 'ok   '}  {check.what}")
        for problem in check.problems:
            typer.echo("\n".join(f"         {line}" for line in problem.splitlines()))
