"""Background jobs as those see them who asked, newest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from infra.views.queries.snapshot import Page, Shown, Snapshot, columns, one
from projections.workspace.jobs import JOB
from projections.workspace.plain import plain_row


@dataclass(frozen=True)
class JobQueries:
    """Questions about jobs. Each is one statement."""

    snapshot: Snapshot

    def one(self, job: UUID) -> tuple[Shown, Mapping[str, object] | None]:
        """Return a job, None if there is none."""
        shown, found = self.snapshot.read(
            f"SELECT {columns(JOB)} FROM {{job}} WHERE job = %s", (job.bytes,)
        )
        row = one(JOB, found)
        return shown, None if row is None else plain_row(row)

    def asked_for(
        self, requester: str | None, state: str | None, below: int | None, limit: int
    ) -> Page:
        """Return the jobs that somebody asked for, None: everybody, in a state if one is given.

        `below` is the number of the last one that was seen.
        """
        given = {"requester = %s": requester, "state = %s": state, "number < %s": below}
        asked = {term: value for term, value in given.items() if value is not None}
        where = " AND ".join(asked) or "TRUE"
        rows = (
            f"SELECT {columns(JOB)} FROM {{job}} WHERE {where}"
            f" ORDER BY number DESC LIMIT {limit + 1}"
        )
        return self.snapshot.page(JOB, rows, list(asked.values()), "number DESC", limit)
