"""Background jobs: asked for, looked at, and what they made."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import falcon

from api.authentication import actor_of
from api.body import read_body
from api.commanding import Commanding
from api.downloads import Downloads
from api.framing import UNFRAMED
from api.problems import ApiError, Fault
from api.query import cursor_of, limit_of, malformed
from api.reading import PAGING, Reading
from api.rights import require_party, require_requester
from api.schemas.documents import Nothing
from api.schemas.jobs import NewJob
from domain.errors import Reason, RefusedError
from domain.job.commands import RequestJob, RetryJob
from domain.job.job import State
from infra.bootstrap import Parts
from infra.results import MissingResultError, Results
from infra.views.access import reads_all
from infra.views.queries.snapshot import Shown

#: Jobs of one person that are not done, at most, as far as the views show: others want theirs, too.
MOST_UNFINISHED = 20

_NEW, _NOTHING = NewJob(), Nothing()


@dataclass(frozen=True)
class Jobs:
    """/v1/jobs."""

    parts: Parts
    commanding: Commanding
    reading: Reading

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Let work be done in the background."""
        headers = self.commanding.headers(req)
        command = RequestJob(headers.new_job, **read_body(req, _NEW))
        self._require_rights(req, command)
        self.commanding.answer(req, resp, headers, command, f"/v1/jobs/{command.job}")

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the actor's jobs, or for admins and auditors everybody's, newest first."""
        given = self.reading.begin(req, "state", *PAGING)
        state = given.get("state")
        if state is not None and state not in list(State):
            raise malformed(f"a state is one of {', '.join(State)}", "state")
        cursor = cursor_of(given, "jobs", (int,))
        below = None if cursor is None else int(cursor[0])
        actor = actor_of(req)
        requester = None if reads_all(actor) else actor.login
        page = self.reading.queries.jobs.asked_for(requester, state, below, limit_of(given))
        self.reading.tell_page(resp, "jobs", page)

    def _require_rights(self, req: falcon.Request, command: RequestJob) -> None:
        """Refuse at once what would be refused when it runs, and who has others wait for theirs."""
        if self.parts.access.unfinished_jobs(actor_of(req)) >= MOST_UNFINISHED:
            raise ApiError(
                Fault.TOO_MANY_JOBS,
                f"{MOST_UNFINISHED} of your jobs are not done yet: ask again when some are",
            )
        document = command.parameters.get("document")
        if document is not None:
            stream = UUID(str(document))
            require_party(stream, self.parts.log.load(stream), actor_of(req), self.parts.access)


@dataclass(frozen=True)
class Job:
    """/v1/jobs/{job}."""

    reading: Reading

    def on_get(self, req: falcon.Request, resp: falcon.Response, job: UUID) -> None:
        """Show it, with its version as ETag."""
        shown, row = own_job(self.reading, req, job)
        self.reading.tell(resp, shown, job, row)
        resp.set_header("ETag", f'"{row["version"]}"')


@dataclass(frozen=True)
class Retry:
    """/v1/jobs/{job}/retry."""

    commanding: Commanding

    def on_post(self, req: falcon.Request, resp: falcon.Response, job: UUID) -> None:
        """Let it be tried again, after it has failed for good."""
        headers = self.commanding.headers(req)
        read_body(req, _NOTHING)
        self.commanding.answer(req, resp, headers, RetryJob(job))


@dataclass(frozen=True)
class ResultOf:
    """/v1/jobs/{job}/result: the file that it made."""

    produces = None

    reading: Reading
    results: Results
    downloads: Downloads

    def on_get(self, req: falcon.Request, resp: falcon.Response, job: UUID) -> None:
        """Send the file, which never changes: its digest is its ETag."""
        _, row = own_job(self.reading, req, job)
        result = _result(row)
        tag = falcon.ETag(result["digest"])
        resp.set_header("ETag", tag.dumps())
        resp.set_header("Cache-Control", "private, no-cache")
        if any(each in ("*", tag) for each in req.if_none_match or ()):
            resp.status = falcon.HTTP_NOT_MODIFIED
            return
        try:
            file = self.results.open(result["digest"])
        except MissingResultError:
            raise ApiError(
                Fault.RESULT_GONE, "the result was cleaned away: ask for the job anew"
            ) from None
        resp.set_stream(self.downloads.begin(file), result["size"])
        resp.content_type = result["media_type"]
        resp.downloadable_as = result["name"]
        resp.set_header("X-Content-Type-Options", "nosniff")
        resp.set_header("Content-Security-Policy", f"sandbox; {UNFRAMED}")


def own_job(reading: Reading, req: falcon.Request, job: UUID) -> tuple[Shown, Any]:
    """Return a job that the actor may read, as the views show it.

    Raises:
        RefusedError: NOT_FOUND, NOT_ALLOWED.
    """
    reading.begin(req)
    shown, row = reading.queries.jobs.one(job)
    if row is None:
        raise RefusedError(Reason.NOT_FOUND, "there is no job of this id", "job")
    require_requester(actor_of(req), str(row["requester"]))
    return shown, row


def _result(row: Any) -> Any:  # noqa: ANN401  # a row as JSON has it
    """Return what is known of the file.

    Raises:
        ApiError: NO_RESULT.
    """
    if row["state"] != State.SUCCEEDED:
        raise ApiError(
            Fault.NO_RESULT, f"the job is {row['state']}: there is a result when it has succeeded"
        )
    if row["result"] is None:
        raise RefusedError(Reason.NOT_FOUND, "a job of this kind makes no file", "job")
    return row["result"]
