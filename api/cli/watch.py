"""`ringi watch`."""

import asyncio
import json
import logging
import os
from typing import Annotated

import typer

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
) -> None:
    """Follow a topic live, one JSON line for each change, until interrupted.

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
        asyncio.run(follow(address, token, topic))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except TimeoutError:
        raise TimeoutError(f"the gateway at {address} does not answer: is it up?") from None


def gateway_url(settings: Settings) -> str:
    """Return where clients of this machine reach the gateway."""
    return f"ws://{settings.gateway_host}:{settings.gateway_port}{PATH}"


async def follow(url: str, token: str, topic: str) -> None:
    """Print what happens on a topic until the right to it ends."""
    async with Client(url, token=token, name="ringi-watch") as client:
        await client.subscribe(topic)
        async for item in client:
            match item:
                case Push(message=message):
                    typer.echo(json.dumps(message, ensure_ascii=False))
                case SnapshotNeeded(reason=reason):
                    typer.echo(f"{topic}: something was missed ({reason}); read it anew", err=True)
                case Ended():
                    raise PermissionError(f"{topic}: the right to it has ended")
