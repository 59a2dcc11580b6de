"""The reaction to jobs: which are due, so that nobody need remember that one was asked for.

Its rows come of the log alone, and a row is only a hint: whether a job runs is decided by its own
events. So it may be rebuilt at any time, and what it tells may be told twice or not at all.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from domain.job.events import JobFailed, JobRequested, JobRetried, JobStarted, JobSucceeded
from domain.metadata import Recorded
from projections.base import Change, Column, Key, Kind, Projection, Rows, Table

#: Seconds after its start from which on it is asked whether a job's worker still lives. A worker
#: whose connection broke, and that works on, is given this long to end what is short.
PATIENCE_S = 2

#: When that is due which is due at once: the clock of who asked may be ahead of the database's.
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

DUE = Table(
    "due",
    (
        Column("job", Kind.UUID),
        Column("due_at", Kind.INSTANT),
        Column("worker", Kind.KEY),  # who must be dead before it is due; empty: nobody
        Column("version", Kind.INTEGER),  # of the event that made it due
    ),
    key=("job",),
    indexes=(("due_at", "job"),),
)


def reads(_recorded: Recorded) -> Iterable[tuple[Table, Key]]:
    """Name the rows that `fold` may get: none."""
    return ()


def fold(rows: Rows, recorded: Recorded) -> Sequence[Change]:
    """Keep what is due when; tell of what is due at once."""
    event, at = recorded.event, recorded.meta.recorded_at
    match event:
        case JobRequested() | JobRetried():
            _put(rows, recorded, LONG_AGO)
            return [_due_now(recorded)]
        case JobStarted(_, worker):
            _put(rows, recorded, at + timedelta(seconds=PATIENCE_S), worker)
        case JobFailed(retry_at=datetime() as retry_at):
            _put(rows, recorded, retry_at)
        case _:
            rows.delete(DUE, (recorded.stream,))
    return ()


def _put(rows: Rows, recorded: Recorded, due_at: datetime, worker: str = "") -> None:
    rows.put(
        DUE,
        {
            "job": recorded.stream,
            "due_at": due_at,
            "worker": worker,
            "version": recorded.version,
        },
    )


def _due_now(recorded: Recorded) -> Change:
    return Change(
        type=recorded.event.TOPIC,
        topics=(f"job:{recorded.stream}",),
        version=recorded.version,
        time=recorded.meta.effective_at,
    )


JOBS = Projection(
    name="jobs",
    version=1,
    tables=(DUE,),
    topics=frozenset(
        event.TOPIC for event in (JobRequested, JobStarted, JobSucceeded, JobFailed, JobRetried)
    ),
    reads=reads,
    fold=fold,
)
