"""`ringi calendar`."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import typer
from marshmallow import ValidationError

from api.body import parse
from api.schemas.calendars import CalendarBody
from api.schemas.faults import faults
from commands.envelope import Envelope
from domain.actor import SYSTEM
from domain.calendar.commands import AddHolidays, CalendarCommand, DefineCalendar
from domain.calendar.content import Content
from domain.calendar.duration import parse_duration
from domain.calendar.hours import add
from domain.metadata import Channel
from infra.bootstrap import Parts
from infra.holidays import national_holidays, years_of
from infra.settings import Settings
from infra.views.queries.calendars import hours_shown
from projections.workspace.calendars import as_sent

#: Calendars that are listed, at most.
SHOWN = 200


class Action(StrEnum):
    """What is to be done."""

    LIST = "list"
    SHOW = "show"
    DEFINE = "define"
    HOLIDAYS = "holidays"
    ADD = "add"


class MistakeError(ValueError):
    """The arguments ask for nothing that there is."""


def run(
    action: Annotated[Action, typer.Argument(help="What to do.")] = Action.LIST,
    name: Annotated[str, typer.Argument(help="The calendar's name; not for `list`.")] = "",
    file: Annotated[
        Path | None, typer.Argument(help="For `define`: the whole calendar, in JSON.")
    ] = None,
    *,
    country: Annotated[str, typer.Option(help="For `holidays`: as NL (ISO 3166-1).")] = "",
    subdivision: Annotated[
        str, typer.Option(help="For `holidays`: a part of it, as BY of DE (ISO 3166-2).")
    ] = "",
    years: Annotated[str, typer.Option(help="For `holidays`: as 2026-2028.")] = "",
    begins: Annotated[
        str, typer.Option("--from", help="For `add`: as 2026-11-23T16:00; empty: now.")
    ] = "",
    duration: Annotated[str, typer.Option(help='For `add`: as "2 business_hours".')] = "",
) -> None:
    """Show calendars, define one, give it a country's holidays, or try it out."""
    if (action is not Action.LIST) != bool(name) or (action is Action.DEFINE) != bool(file):
        raise MistakeError(
            "it is `ringi calendar [list]`, `show NAME`, `define NAME FILE`,"
            " `holidays NAME --country NL --years 2026-2028` or `add NAME --duration ...`"
        )
    parts = Parts(Settings.load())
    try:
        if file is not None:
            _give(parts, DefineCalendar(name, read_calendar(file)))
        elif action is Action.HOLIDAYS:
            found = national_holidays(country, years_of(years), subdivision or None)
            _give(parts, AddHolidays(name, tuple(found)))
        elif action is Action.LIST:
            _list(parts)
        else:
            _show(_row(parts, name), action, begins, duration)
    finally:
        parts.close()


def read_calendar(file: Path) -> Content:
    """Return the calendar that a file describes, in the form of PUT /v1/calendars/{name}.

    Raises:
        MistakeError: it describes none.
    """
    body: Any = parse(file.read_bytes())
    try:
        content: Content = CalendarBody().load(body)
    except ValidationError as error:
        found = "; ".join(map(str, faults(error.messages)))
        raise MistakeError(f"{file}: {found}") from None
    return content


def _give(parts: Parts, command: CalendarCommand) -> None:
    outcome = parts.bus.handle(Envelope(command, f"cli:{uuid4()}", SYSTEM, _now(), Channel.CLI))
    typer.echo(f"{command.calendar} is at version {outcome.version}")


def _list(parts: Parts) -> None:
    for row in parts.queries.calendars.in_force(0, SHOWN).rows:
        content: Any = row["content"]
        typer.echo(
            f"{row['calendar']}  version {row['calendar_version']}, {content['zone']},"
            f" holidays {len(content['holidays'])}"
        )


def _row(parts: Parts, name: str) -> Mapping[str, Any]:
    _, row = parts.queries.calendars.one(name, None)
    if row is None:
        raise LookupError(f"there is no calendar {name}; `ringi calendar` lists them")
    return row


def _show(row: Mapping[str, Any], action: Action, begins: str, duration: str) -> None:
    if action is Action.SHOW:
        typer.echo(json.dumps(as_sent(row), indent=1, ensure_ascii=False))
        return
    calendar = hours_shown(row)
    zone = ZoneInfo(calendar.zone)
    instant = datetime.fromisoformat(begins) if begins else _now()
    if instant.tzinfo is None:  # as the clock on the wall shows it there
        instant = instant.replace(tzinfo=zone)
    ends = add(calendar, instant, parse_duration(duration))
    typer.echo(f"{instant.astimezone(zone):%a %Y-%m-%d %H:%M %Z} + {duration}")
    typer.echo(f"= {ends.astimezone(zone):%a %Y-%m-%d %H:%M %Z}, {ends:%Y-%m-%dT%H:%M:%SZ}")


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # here a command begins, and takes its time along
