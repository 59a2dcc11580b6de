"""`ringi watch`."""

import asyncio
import json
import logging
import os
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from api.cli.change_text import Lines
from infra.settings import Settings
from realtime.client import Client
from realtime.items import Ended, Push, SnapshotNeeded
from realtime.server import PATH


def run(
    topic: Annotated[
        str, typer.Argument(help="inbox:<login>, document:<id>, job:<id>, type:<name> or all.")
    ],
    *,
    url: Annotated[str, typer.Option(help="The gateway; this installation's if not given.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs, not for eyes.")] = False,
) -> None:
    """Follow a topic live, a line for each change, until interrupted.

    With `--json` each change is printed as the gateway told it.
    The token is taken from the environment, RINGI_TOKEN: a command line is seen by others.
    """
    token = os.environ.get("RINGI_TOKEN")
    if not token:
        raise LookupError('RINGI_TOKEN is not set: export RINGI_TOKEN="$(ringi token LOGIN)"')
    address = url or gateway_url(Settings.load())
    if not address.startswith(("ws://", "wss://")):
        raise ValueError(f"the gateway's URL begins with ws:// or wss://, not as {address!r}")
    logging.basicConfig(format="%(message)s")  # to stderr: why there is no connection
    logging.getLogger("realtime.client").setLevel(logging.INFO)
    try:
        asyncio.run(follow(address, token, topic, whole if as_json else Lines().of))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except TimeoutError:
        raise TimeoutError(f"the gateway at {address} does not answer: is it up?") from None


def gateway_url(settings: Settings) -> str:
    """Return where clients of this machine reach the gateway."""
    return f"ws://{settings.gateway_host}:{settings.gateway_port}{PATH}"


def whole(message: Mapping[str, Any]) -> str:
    """Return a change as it was told, in one line."""
    return json.dumps(message, ensure_ascii=False)


async def follow(
    url: str, token: str, topic: str, line_of: Callable[[Mapping[str, Any]], str]
) -> None:
    """Print what happens on a topic until the right to it ends."""
    async with Client(url, token=token, name="ringi-watch") as client:
        await client.subscribe(topic)
        async for item in client:
            match item:
                case Push(message=message):
                    typer.echo(line_of(message))
                case SnapshotNeeded(reason=reason):
                    typer.echo(f"{topic}: something was missed ({reason}); read it anew", err=True)
                case Ended():
                    raise PermissionError(f"{topic}: the right to it has ended")
