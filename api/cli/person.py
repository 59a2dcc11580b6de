"""`ringi person`."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import uuid4

import typer

from commands.envelope import Envelope
from domain.actor import SYSTEM
from domain.command import Command
from domain.directory.authority import Limit
from domain.directory.commands import (
    AssignManager,
    EndAbsence,
    PlanAbsence,
    ReportAbsence,
    SetDepartment,
    SetLevel,
    SetLimits,
    SetZone,
    TakeOver,
)
from domain.metadata import Channel
from infra.bootstrap import Parts
from infra.settings import Settings

#: Seconds that a worker may take to show what was done.
PATIENCE_S = 10.0

#: What stands for nobody, no level, no department, no limit.
NONE = "none"

_LIMIT = re.compile(
    r"((?P<definition>[a-z0-9_]+):)?((?P<currency>[A-Z]{3})=)?(?P<amount>unlimited|[0-9.]+)"
)


class MistakeError(ValueError):
    """The arguments ask for nothing that there is."""


def run(
    login: Annotated[str, typer.Argument(help="Whom it is about.")],
    *,
    manager: Annotated[str | None, typer.Option(help="A login, or none.")] = None,
    level: Annotated[str | None, typer.Option(help="A job level, or none.")] = None,
    department: Annotated[str | None, typer.Option(help="A department, or none.")] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            help="A limit, instead of those there were; may be repeated. EUR=5000,"
            " purchase:EUR=unlimited, unlimited, none."
        ),
    ] = None,
    zone: Annotated[str | None, typer.Option(help="A time zone, as Europe/Amsterdam.")] = None,
    away: Annotated[
        str | None, typer.Option(help="Days, as 2026-07-05..2026-07-16, or now: unexpectedly.")
    ] = None,
    substitute: Annotated[str | None, typer.Option(help="Who stands in meanwhile.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="A definition that it is limited to; may be repeated.")
    ] = None,
    new_tasks: Annotated[
        bool, typer.Option("--new-tasks", help="Not for tasks that are open before it begins.")
    ] = False,
    take_over: Annotated[
        str | None, typer.Option(help="The id of an absence that its substitute takes over.")
    ] = None,
    back: Annotated[str | None, typer.Option(help="The id of an absence to end.")] = None,
) -> None:
    """Show a person; or say who their manager is, what they may decide, when they are away."""
    ranks = _ranks(
        login, manager=manager, level=level, department=department, limits=limit, zone=zone
    )
    absences = _absences(login, away, substitute, tuple(only or ()), open_tasks=not new_tasks)
    if take_over is not None:
        absences.append(TakeOver(login, take_over))
    if back is not None:
        absences.append(EndAbsence(login, back))
    parts = Parts(Settings.load())
    try:
        for command in (*ranks, *absences):
            _do(parts, command)
        _, person = parts.queries.people.whole(login)
    finally:
        parts.close()
    if person is None:
        raise LookupError(f"there is no {login}")
    _show(person)


def _ranks(
    login: str,
    *,
    manager: str | None,
    level: str | None,
    department: str | None,
    limits: Sequence[str] | None,
    zone: str | None,
) -> list[Command]:
    found: list[Command] = []
    if manager is not None:
        found.append(AssignManager(login, None if manager == NONE else manager))
    if level is not None:
        found.append(SetLevel(login, None if level == NONE else _level(level)))
    if department is not None:
        found.append(SetDepartment(login, "" if department == NONE else department))
    if limits:
        stated = () if list(limits) == [NONE] else tuple(_limit(each) for each in limits)
        found.append(SetLimits(login, stated))
    if zone is not None:
        found.append(SetZone(login, zone))
    return found


def _level(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise MistakeError(f"{text!r} is no level: a whole number, or none")
    return int(text)


def _limit(text: str) -> Limit:
    match = _LIMIT.fullmatch(text)
    if match is None or match["amount"].count(".") > 1 or match["amount"] == ".":
        raise MistakeError(f"{text!r} is no limit: EUR=5000, purchase:EUR=unlimited, unlimited")
    amount = None if match["amount"] == "unlimited" else Decimal(match["amount"])
    return Limit(amount, match["currency"] or "", match["definition"] or "")


def _absences(
    login: str,
    away: str | None,
    substitute: str | None,
    definitions: tuple[str, ...],
    *,
    open_tasks: bool,
) -> list[Command]:
    if away is None:
        if substitute is not None or definitions or not open_tasks:
            raise MistakeError("--substitute, --only and --new-tasks go with --away")
        return []
    id_ = str(uuid4())
    if away == "now":
        if substitute is None:
            raise MistakeError("--away now needs a --substitute, who takes over")
        return [ReportAbsence(login, id_, substitute, open_tasks, definitions)]
    first, _, last = away.partition("..")
    days = _day(first), _day(last or first)
    return [PlanAbsence(login, id_, *days, substitute, open_tasks, definitions)]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise MistakeError(f"{text!r} is no day: as 2026-07-05") from None


def _do(parts: Parts, command: Command) -> None:
    now = datetime.now(UTC)  # noqa: TID251  # here a command begins, and takes its time along
    outcome = parts.bus.handle(Envelope(command, f"cli:{uuid4()}", SYSTEM, now, Channel.CLI))
    if not parts.shows(parts.position(outcome), PATIENCE_S):
        typer.echo("no worker runs: it shows as soon as one does", err=True)


def _show(person: Mapping[str, Any]) -> None:
    typer.echo(f"{person['login']}, {person['name']}{'' if person['active'] else ' (inactive)'}")
    for name in ("manager", "level", "department", "zone"):
        typer.echo(f"  {name:10} {NONE if person[name] in (None, '') else person[name]}")
    typer.echo(f"  {'roles':10} {', '.join(person['roles']) or NONE}")
    for each in person["limits"]:
        amount = "unlimited" if each["amount"] is None else each["amount"]
        of = f" for {each['definition']}" if each["definition"] else ""
        typer.echo(f"  {'limit':10} {amount} {each['currency']}".rstrip() + of)
    for each in person["absences"]:
        whose = f"{each['substitute'] or 'nobody'} stands in"
        typer.echo(f"  {'away':10} {_when(each)}: {whose}{_only(each)}  {each['absence']}")
    for each in person["stands_in_for"]:
        typer.echo(f"  {'stands in':10} for {each['login']}, {_when(each)}  {each['absence']}")


def _when(absence: Mapping[str, Any]) -> str:
    if absence["first"]:
        return f"{absence['first']} to {absence['last']}"
    taken = "taken over" if absence["taken_over"] else "not taken over"
    return f"since {absence['since']}, {taken}"


def _only(absence: Mapping[str, Any]) -> str:
    of = f" for {', '.join(absence['definitions'])}" if absence["definitions"] else ""
    return of if absence["open_tasks"] else f"{of}, new tasks alone"
