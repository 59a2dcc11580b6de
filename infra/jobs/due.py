"""What would otherwise be forgotten: jobs that are due, whatever became of their messages."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from infra.jobs.identity import lock_prefix
from infra.jobs.queue import Due, JobQueue
from infra.views.tables import Tables

#: Jobs that are told of at once, at most; the others are due a tick later as well.
AT_ONCE = 500


#: Seconds for which nothing is put off: what seems to be due later was written by a clock that was
#: ahead. The longest pause between two attempts is about five minutes.
LONGEST_PAUSE_S = 600


@dataclass(frozen=True)
class DueJobs:
    """Asks what `projections.jobs` keeps, on the server where workers take their identities."""

    tables: Tables

    def now(self) -> list[Due]:
        """Return jobs that are due, oldest first, at most `AT_ONCE`. One statement.

        A job that was begun is due once its worker has lost the lock that shows that it lives.
        """
        prefix = lock_prefix(self.tables.datastore.settings.views)
        rows = self.tables.select(
            "SELECT job, version FROM {due} WHERE (due_at <= UTC_TIMESTAMP(6)"
            f" OR due_at > UTC_TIMESTAMP(6) + INTERVAL {LONGEST_PAUSE_S} SECOND)"
            " AND (worker = '' OR IS_FREE_LOCK(CONCAT(%s, worker)))"
            " ORDER BY due_at, job LIMIT %s",
            (prefix, AT_ONCE),
        )
        return [(UUID(bytes=job), version) for job, version in rows]


class DueParts(Protocol):
    """What `enqueue_due` needs: `infra.bootstrap.Parts` has it."""

    @property
    def due_jobs(self) -> DueJobs:
        """What is due."""

    @property
    def job_queue(self) -> JobQueue:
        """Where it is told."""


def enqueue_due(parts: DueParts) -> int:
    """Tell the workers of jobs that are due; return how many it told of.

    Safe to call at any time, by any number of processes at once. Never raises for Redis.

    Raises:
        PersistenceError: the database is away; try again later.
    """
    return parts.job_queue.hint(parts.due_jobs.now())
