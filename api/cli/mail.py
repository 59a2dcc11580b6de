"""`ringi mail`."""

from typing import Annotated
from uuid import UUID

import typer

from infra.bootstrap import Parts
from infra.mail.deliveries import Deliveries, State
from infra.mail.overview import SHOWN, Shown, counts, deliveries
from infra.settings import Settings


class MistakeError(ValueError):
    """The arguments ask for nothing that there is."""


def run(
    action: Annotated[
        str, typer.Argument(help="Nothing, or `retry` with the id of a delivery.")
    ] = "",
    delivery: Annotated[str, typer.Argument(help="The id of a delivery.")] = "",
    *,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only what is to be decided by you.")
    ] = False,
) -> None:
    """Show how mail stands and what is not sent; or let one delivery be sent again.

    A delivery that is uncertain may have arrived: sending it again may make it two.
    """
    if action not in ("", "retry") or bool(action) != bool(delivery):
        raise MistakeError("it is `ringi mail [--failed]` or `ringi mail retry ID`")
    settings = Settings.load()
    parts = Parts(settings)
    try:
        if action:
            _retry(Deliveries(parts.writing), delivery)
            parts.mail_queue.hint()
        else:
            _show(settings, counts(parts.writing), deliveries(parts.writing, troubled=failed))
    finally:
        parts.close()


def _retry(known: Deliveries, delivery: str) -> None:
    notice, _, login = delivery.partition(".")
    try:
        done = known.retry(UUID(notice), login)
    except ValueError:
        raise MistakeError(f"{delivery!r} is not the id of a delivery") from None
    if not done:
        raise MistakeError(f"{delivery} is not refused, given up or uncertain: nothing to decide")
    typer.echo(f"{delivery} is due now.")


def _show(settings: Settings, found: dict[str, int], rows: list[Shown]) -> None:
    typer.echo(f"mail goes to {settings.mail_goes_to}")
    typer.echo(", ".join(f"{state} {count}" for state, count in found.items()))
    for row in rows:
        due = f", due {row.due_at:%Y-%m-%d %H:%M:%SZ}" if row.state == State.WAITING else ""
        typer.echo(f"{row.id}  {row.state}, {row.kind}, attempts {row.attempts}{due}")
        if row.error:
            typer.echo(f"    {row.error}")
    if len(rows) == SHOWN:
        typer.echo(f"These are the latest {SHOWN}.")
