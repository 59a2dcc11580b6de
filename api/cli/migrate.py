"""`ringi migrate`."""

import typer

from infra.migrate import migrate
from infra.settings import Settings


def run() -> None:
    """Create or upgrade the tables of the log and the views; RINGI_MIGRATION_URL is the account."""
    settings = Settings.load()
    migrate(settings)
    typer.echo(f"{settings.log} and {settings.views} are at this version's schema.")
