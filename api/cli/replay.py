"""`ringi replay`."""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import takewhile
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape

from api.cli.layout import printable
from domain.document.state import Document, fold
from domain.metadata import Recorded
from infra.bootstrap import Parts
from infra.position import MalformedPositionError, Position
from infra.settings import Settings
from projections.workspace.plain import instant
from projections.workspace.timeline import jsonable


def run(
    document: Annotated[UUID, typer.Argument(help="The document's id.")],
    *,
    at: Annotated[
        str | None,
        typer.Option(help="A position of an answer, or an instant as in 2026-11-23T10:00:00Z."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs, not for eyes.")] = False,
) -> None:
    """Show a document's events from the log and the state they fold to, now or at a moment."""
    parts = Parts(Settings.load())
    try:
        if at is not None:
            _require_place(parts, at)
        # Whoever answers must have all that there is now, of which `at` is a part.
        parts.router.require_log(parts.recorder.max_notification_id() or 0)
        events: Sequence[Recorded] = parts.history.of(document)
        if at is not None:
            events = until(events, at)
    finally:
        parts.close()
    if not events:
        raise LookupError(
            f"the log has no event of document {document}" + (f" at {at}" if at else "")
        )
    state = fold(recorded.event for recorded in events)
    if as_json:
        typer.echo(
            json.dumps({"events": [_plain(each) for each in events], "state": _state(state)})
        )
    else:
        show(events, state, Console())


def until(events: Sequence[Recorded], at: str) -> Sequence[Recorded]:
    """Return the events up to a position or an instant (when they were recorded).

    What one command did is one moment: where `at` falls among its events, all of them count.

    Raises:
        ValueError: `at` is neither.
    """
    position = _position(at)
    if position is None:
        moment = _instant(at)
        then = [each for each in events if each.meta.recorded_at <= moment]
    else:
        then = [each for each in events if (each.position or 0) <= position]
    rest = takewhile(
        lambda each: each.meta.command_id == then[-1].meta.command_id, events[len(then) :]
    )
    return [*then, *rest] if then else then


def _position(at: str) -> int | None:
    if at.isascii() and at.isdecimal():
        return int(at)
    try:
        return Position.parse(at).position
    except MalformedPositionError:
        return None


def _require_place(parts: Parts, at: str) -> None:
    """Refuse a position of another history, or one that the log has not reached."""
    with suppress(MalformedPositionError):
        if Position.parse(at).epoch != parts.epoch:
            raise LookupError(f"{at} is of another history of the log: this one is {parts.epoch}")
    position, end = _position(at), parts.recorder.max_notification_id() or 0
    if position is not None and position > end:
        raise LookupError(f"the log ends at position {end}")


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"neither a position nor an instant: {text!r}") from None
    if moment.tzinfo is None:
        raise ValueError(f"the instant {text!r} names no time zone: end it with Z, or +01:00")
    return moment


def show(events: Sequence[Recorded], state: Document | None, console: Console) -> None:
    """Print events and state for eyes: an event's facts stand below its line."""
    for each in events:
        when, topic = instant(each.meta.recorded_at), each.event.TOPIC
        console.print(
            f"  {each.version:>3}  [bold]{topic}[/bold]  by {each.meta.actor}"
            f"  {when}  position {each.position}",
            soft_wrap=True,
        )
        facts = jsonable(dict(vars(each.event)))
        console.print(f"       [dim]{_line(facts)}[/dim]", soft_wrap=True)
    console.print("  The document, computed from these events:")
    for name, value in (_state(state) or {}).items():
        if name in _MACHINERY:
            continue
        console.print(f"       {name:18} {_line(value)}", soft_wrap=True)


#: Members of a document that tell of earlier rounds what its events have told already.
_MACHINERY = frozenset({"before", "submitted", "submitted_before", "slots_made", "times_back"})


def _line(value: object) -> str:
    """Return JSON on one line, safe from rich's markup and for a terminal."""
    return escape(printable(json.dumps(value, ensure_ascii=False)))


def _plain(recorded: Recorded) -> dict[str, object]:
    meta = {
        name: instant(value) if isinstance(value, datetime) else value
        for name, value in vars(recorded.meta).items()
    }
    return {
        "version": recorded.version,
        "position": recorded.position,
        "type": recorded.event.TOPIC,
        "meta": meta,
        "data": jsonable(dict(vars(recorded.event))),
    }


def _state(state: Document | None) -> dict[str, object] | None:
    if state is None:
        return None
    found = dict(vars(state))
    found["parties"] = tuple(sorted(":".join(party) for party in state.parties))
    found["waiting"] = state.waiting
    return {name: jsonable(value) for name, value in found.items()}
