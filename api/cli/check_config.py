"""`ringi check-config`."""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated

import typer

from api.cli.layout import printable
from infra.checking.checks import Check, checks
from infra.checking.given import Given, given
from infra.local.errors import InstallationError
from infra.local.installation import Installation
from infra.settings import SettingError, Settings, mistakes, with_local

#: The settings that `ringi up` makes of Redis servers of its own, and of all servers.
_REDIS = ("RINGI_REDIS_URL", "RINGI_BROKER_URL", "RINGI_PUBSUB_URL", "RINGI_CACHE_URL")
_OWN = ("RINGI_DATABASE_URL", *_REDIS)


def run(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs, not for eyes.")] = False,
) -> None:
    """Show every setting with its source, and check the servers that the settings name.

    Changes nothing. Exits with 1 if anything is wrong, after it has listed all of it.
    """
    installation = Installation.here()
    local = installation.home.read_environment()
    merged = with_local(local, os.environ)
    wrong = mistakes(merged)
    sound = {name: text for name, text in merged.items() if name not in wrong}
    settings = None
    with suppress(SettingError):  # it is in `wrong`
        settings = Settings.from_env(sound)
    rows = given(local, os.environ, settings)
    stopped, silent = _stopped(installation, local)
    but_redis = [local[name] for name in stopped if name in _REDIS]
    found = [Check("the settings", tuple(wrong.values())), *silent]
    if settings:
        found += checks(settings, but_database="RINGI_DATABASE_URL" in stopped, but_redis=but_redis)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "settings": [*map(asdict, rows)],
                    "checks": [*map(asdict, found)],
                    "stopped": stopped,
                },
                indent=1,
            )
        )
    else:
        _show(rows, found, stopped)
    if any(check.problems for check in found):
        raise typer.Exit(1)


def _stopped(
    installation: Installation, local: Mapping[str, str]
) -> tuple[Sequence[str], Sequence[Check]]:
    """Return the settings that name servers of this installation, where it does not run.

    And what is wrong with it; it is not asked where all servers are others'.
    """
    own = [name for name in _OWN if name in local and not installation.environ.get(name)]
    try:
        stopped = own if own and not installation.supervisor.programs() else ()
    except InstallationError as error:
        return (), (Check("what runs here", (str(error),)),)
    return stopped, ()


def _show(rows: Sequence[Given], found: Sequence[Check], stopped: Sequence[str]) -> None:
    width = max(len(row.name) for row in rows)
    for row in rows:
        typer.echo(f"{row.name:{width}}  {row.source:18}  {printable(row.value)}".rstrip())
    typer.echo()
    if stopped:
        typer.echo(
            "stopped  Ringi is down here, so its own servers, and what is in them, are not looked\n"
            f"         at ({', '.join(stopped)}): `ringi up`, then ask again"
        )
    for check in found:
        typer.echo(f"{'wrong  ' if check.problems else 'ok     '}  {check.what}")
        for problem in check.problems:
            typer.echo("\n".join(f"         {printable(line)}" for line in problem.splitlines()))
