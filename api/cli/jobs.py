"""`ringi jobs`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID, uuid4

import typer

from api.cli.layout import WIDTH, cut, from_now, wrapped
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
        typer.echo("\n".join(job_lines(rows, datetime.now(UTC))))  # noqa: TID251  # ages as of now


def _retry(parts: Parts, job: UUID | None) -> None:
    if job is None:
        raise LookupError("which one? `ringi jobs retry ID`; `ringi jobs --failed` shows them")
    now = datetime.now(UTC)  # noqa: TID251  # here a command begins, and takes its time along
    parts.bus.handle(Envelope(RetryJob(job), f"cli:{uuid4()}", SYSTEM, now, Channel.CLI))
    typer.echo(f"{job} is tried again")


def job_lines(rows: Sequence[Mapping[str, Any]], now: datetime) -> Iterator[str]:
    """Give two lines for each job, its id whole for the next command, and its error below."""
    if not rows:
        yield "no jobs"
    for row in rows:
        yield cut(f"{row['job']}  {row['state']}", WIDTH)
        said = [f"{row['kind']} for {row['requester']}"]
        said += [f"asked for {from_now(row['requested_at'], now)}"]
        said += [f"attempt {row['attempt']}"] if row["attempt"] else []
        said += [f"{row['done']} of {row['total']}"] if row["total"] else []
        yield from wrapped(", ".join(said), "    ")
        yield from wrapped(row["error"] or "", "    ")
