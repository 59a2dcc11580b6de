"""`ringi jobs`."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID, uuid4

import typer

from commands.envelope import Envelope
from domain.actor import SYSTEM
from domain.job.commands import RetryJob
from domain.job.job import State
from domain.metadata import Channel
from infra.bootstrap import Parts
from infra.settings import Settings

#: Jobs that are shown, at most: the newest.
SHOWN = 50


class Action(StrEnum):
    """What is to be done."""

    LIST = "list"
    RETRY = "retry"


def run(
    action: Annotated[Action, typer.Argument(help="list, or retry one.")] = Action.LIST,
    job: Annotated[UUID | None, typer.Argument(help="The job's id, to retry it.")] = None,
    *,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only those that have failed for good.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs, not for eyes.")] = False,
) -> None:
    """Show the newest background jobs, or let one be tried again that has failed for good."""
    parts = Parts(Settings.load())
    try:
        if action is Action.RETRY:
            _retry(parts, job)
            return
        state = State.FAILED.value if failed else None
        rows = parts.queries.jobs.asked_for(None, state, None, SHOWN).rows
    finally:
        parts.close()
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        _show(rows)


def _retry(parts: Parts, job: UUID | None) -> None:
    if job is None:
        raise LookupError("which one? `ringi jobs retry ID`; `ringi jobs --failed` shows them")
    now = datetime.now(UTC)  # noqa: TID251  # here a command begins, and takes its time along
    parts.bus.handle(Envelope(RetryJob(job), f"cli:{uuid4()}", SYSTEM, now, Channel.CLI))
    typer.echo(f"{job} is tried again")


def _show(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a line for each job, with its id whole for the next command, and its error below."""
    for row in rows:
        progress = f", {row['done']} of {row['total']}" if row["total"] else ""
        typer.echo(
            f"{row['job']}  {row['kind']:8} {row['state']:10} for {row['requester']},"
            f" asked for at {row['requested_at']}, attempt {row['attempt']}{progress}"
        )
        if row["error"]:
            typer.echo(f"    {row['error']}")
