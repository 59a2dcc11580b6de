"""Who may read a background job: whoever asked for it, and whoever reads everything."""

from dataclasses import dataclass
from uuid import UUID

from domain.actor import Actor
from domain.job.job import State
from infra.views.access import Access, reads_all
from infra.views.tables import Tables


@dataclass(frozen=True)
class JobAccess(Access):
    """What `Access` answers, and the same of jobs."""

    tables: Tables
    """The workspace's, on the primary."""

    def may_read_job(self, actor: Actor, job: UUID) -> bool:
        """Tell whether the actor may read the job; False if there is none that they asked for."""
        return reads_all(actor) or bool(
            self.tables.select(
                "SELECT 1 FROM {job} WHERE job = %s AND requester = %s", (job.bytes, actor.login)
            )
        )

    def unfinished_jobs(self, actor: Actor) -> int:
        """Return how many jobs of this person have not ended."""
        rows = self.tables.select(
            "SELECT COUNT(*) FROM {job} WHERE requester = %s AND state IN %s",
            (actor.login, _UNFINISHED),
        )
        return int(rows[0][0])


_UNFINISHED = (State.REQUESTED.value, State.RUNNING.value, State.WAITING.value)
