"""`ringi mail`."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Annotated
from uuid import UUID

import typer

from api.cli.layout import section, wrapped
from infra.bootstrap import Parts
from infra.mail.deliveries import Deliveries, State
from infra.mail.overview import SHOWN, Shown, Unreached, counts, deliveries, unreached
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
            found, without = counts(parts.writing), unreached(parts.writing)
            rows = deliveries(parts.writing, troubled=failed)
            typer.echo("\n".join(mail_lines(settings.mail_goes_to, found, rows, without)))
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


def mail_lines(
    goes_to: str, found: Mapping[str, int], rows: Sequence[Shown], without: Sequence[Unreached]
) -> Iterator[str]:
    """Give how mail stands, who cannot be written to, and what is not sent, with what to do."""
    yield from wrapped(f"Mail goes to {goes_to}.")
    counts = [f"{state.replace('_', ' ')} {count}" for state, count in found.items() if count]
    yield from wrapped(", ".join(counts) or "No mail yet.")
    yield from section(
        "Who has no address",
        [
            line
            for each in without
            for line in wrapped(f"{each.login}: {each.count} {_mails(each.count)} not sent")
        ],
    )
    if without:
        yield from wrapped(_NO_ADDRESS, "  ")
    for state, its in groupby(sorted(rows, key=attrgetter("state")), attrgetter("state")):
        yield from section(
            f"{state.replace('_', ' ').capitalize()}{_TO_DO.get(state, '')}",
            [line for each in its for line in _delivery_lines(each)],
        )
    if len(rows) == SHOWN:
        yield f"These are the latest {SHOWN}."


def _delivery_lines(row: Shown) -> Iterator[str]:
    yield from wrapped(row.id)
    due = f", due {row.due_at:%Y-%m-%d %H:%M:%SZ}" if row.state == State.WAITING else ""
    yield from wrapped(f"{row.kind}, attempts {row.attempts}{due}", "  ")
    yield from wrapped(row.error, "  ")


def _mails(count: int) -> str:
    return "mail" if count == 1 else "mails"


#: What to do about people without an address.
_NO_ADDRESS = (
    "Give them an address (PUT /v1/people/LOGIN/address) or make them active again; "
    "later mails go out by themselves, these by `ringi mail retry ID` for each."
)

#: What an operator is to do about deliveries in a state.
_TO_DO: Mapping[str, str] = {
    State.REFUSED: ": mend the address, then `ringi mail retry ID`",
    State.GIVEN_UP: ": mend what the error says, then `ringi mail retry ID`",
    State.UNCERTAIN: ": perhaps it arrived; `ringi mail retry ID` may make it two",
    State.WAITING: ": nothing to do, it is tried again",
    State.NO_ADDRESS: ": once there is one, `ringi mail retry ID`",
}
