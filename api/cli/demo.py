"""`ringi demo`."""

import os
import shlex

import typer
from rich.console import Console

from api.cli.dashboard import Dashboard
from api.cli.replay import show
from api.cli.story import DEFINITION, PARTS, PEOPLE, REQUESTED, Story
from api.cli.token import issue
from api.cli.watch import gateway_url
from domain.document.state import fold
from infra.bootstrap import Parts
from infra.local.installation import Installation
from infra.local.starting import up
from infra.settings import Settings


def run() -> None:
    """Start everything if need be, and let one approval happen before your eyes.

    Can be run again and again; it leaves the system up.
    """
    up(Installation.here(), typer.echo)
    settings = Settings.load()
    parts = Parts(settings)
    console = Console(highlight=False, soft_wrap=True)
    url = f"http://{settings.api_host}:{settings.api_port}"
    try:
        story = Story(url, issue(parts, "admin", label="demo"))
        console.print("\n[bold]People and a definition are set up through the API[/bold]")
        tokens = story.set_up(console.print)
        console.print("\n[bold]A dashboard subscribes; then the request goes its way[/bold]")
        topic = f"type:{DEFINITION['definition']}"
        with Dashboard(gateway_url(settings), tokens["ida"], topic, console.print) as dashboard:
            document = story.tell(tokens, dashboard, console.print)
        console.print("\n[bold]What the auditor replays, from the log itself[/bold]")
        events = parts.history.of(document)
        show(events, fold(each.event for each in events), console)
    finally:
        parts.close()
    _farewell(url, tokens, f"{document} --at {events[2].position}", settings.mail_goes_to)


def _farewell(url: str, tokens: dict[str, str], replayed: str, mail: str) -> None:
    given = os.environ.get("RINGI_HOME")
    home = f"RINGI_HOME={shlex.quote(given)} " if given else ""
    lines = [
        "",
        f"The system stays up. The page is at {url}/ ; sign in with one of these tokens:",
        *(f"  {token}  {PEOPLE[login][0]}, {PARTS[login]}" for login, token in tokens.items()),
        f"For an administrator's: {home}.venv/bin/ringi token",
        "",
        f"Mia, Fay and Ann are told by mail, which goes to {mail}.",
        "",
        "Try, for instance:",
        f"  {home}.venv/bin/ringi replay {replayed}  # as it was at that position",
        "in one terminal, what an auditor sees as it happens:",
        f"  {home}RINGI_TOKEN={tokens['ida']} .venv/bin/ringi watch all",
        "and in another:",
        f"  curl -s -w '\\n' {url}/v1/documents -H 'Authorization: Bearer {tokens['ann']}' \\",
        "    -H 'Content-Type: application/json' \\",
        f"    -d '{REQUESTED}'",
        "",
        "`make down` stops it, `make up` starts it again; the data stays.",
    ]
    typer.echo("\n".join(lines))
