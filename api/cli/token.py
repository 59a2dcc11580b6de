"""`ringi token`."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import uuid4

import typer

from commands.bus import Bus
from commands.envelope import Envelope
from domain.actor import ADMIN, SYSTEM
from domain.command import Command
from domain.directory.commands import AddPerson, GrantRole, IssueToken
from domain.errors import Reason, RefusedError
from domain.metadata import Channel
from domain.streams import person_stream
from infra.bootstrap import Parts
from infra.settings import Settings
from infra.tokens import new_token

#: Seconds that a worker may take to project the new token.
PATIENCE_S = 10.0


def run(
    login: Annotated[str, typer.Argument(help="Whom the token stands for.")] = ADMIN,
    *,
    name: Annotated[str, typer.Option(help="The person's name, where the person is new.")] = "",
    role: Annotated[
        list[str] | None, typer.Option(help="A role to grant; may be repeated. Adds a new person.")
    ] = None,
    label: Annotated[str, typer.Option(help="What the token is for.")] = "command line",
    days: Annotated[
        int, typer.Option(help="For how long it is good; 0: for ever.", min=0, max=36_500)
    ] = 0,
) -> None:
    """Issue a token and print its secret, which is shown once.

    A new person is added where a role is given, and `admin` without one: whoever may read the
    server's settings may run this, and it is how the first administrator gets in.
    """
    parts = Parts(Settings.load())
    try:
        secret = issue(parts, login, name=name, roles=role or (), label=label, days=days)
        typer.echo(secret)
    finally:
        parts.close()


def issue(
    parts: Parts,
    login: str,
    *,
    name: str = "",
    roles: list[str] | tuple[str, ...] = (),
    label: str = "",
    days: int = 0,
) -> str:
    """Return the secret of a new token for the person, who is added if roles are given.

    Raises:
        LookupError: there is no such person, and no role for a new one.

    Waits until the token counts; where no worker runs, says that it does not yet.
    """
    bus = parts.bus
    if not parts.log.load(person_stream(login)):
        roles = roles or ((ADMIN,) if login == ADMIN else ())
        if not roles:
            raise LookupError(f"there is no {login}; give --role to add a person")
        _done(bus, AddPerson(login, name or login), Reason.ALREADY_EXISTS)
        typer.echo(f"{login} is new, with the role {', '.join(roles)}", err=True)
    for each in roles:
        _done(bus, GrantRole(login, each), Reason.NOTHING_CHANGES)
    token = new_token()
    expires_at = _now() + timedelta(days=days) if days else None
    command = IssueToken(
        login,
        expires_at=expires_at,
        label=label,
        token=token.token,
        token_hash=token.token_hash,
    )
    outcome = bus.handle(_envelope(command))
    if not parts.shows(parts.position(outcome), PATIENCE_S):
        typer.echo("no worker runs: the token counts as soon as one does", err=True)
    return token.secret


def _done(bus: Bus, command: Command, already: Reason) -> bool:
    """Do it, and tell whether it had not been done before."""
    try:
        bus.handle(_envelope(command))
    except RefusedError as error:
        if error.reason is not already:
            raise
        return False
    return True


def _envelope(command: Command) -> Envelope:
    return Envelope(command, f"cli:{uuid4()}", SYSTEM, _now(), Channel.CLI)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # here a command begins, and takes its time along
