"""From an error to the problem that the client gets; what is our fault is logged."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import falcon
import msgspec

from api.observing import correlation_of
from api.problems import PROBLEMS, ApiError, Fault, Problem
from commands.bus import StaleVersionError
from domain.errors import Reason, RefusedError
from infra.outage import is_told

_log = logging.getLogger(__name__)

#: Failures that falcon itself finds, by their status.
_FALCON_FAULTS: Mapping[int, Fault] = {
    HTTPStatus.METHOD_NOT_ALLOWED: Fault.METHOD_NOT_ALLOWED,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: Fault.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.NOT_ACCEPTABLE: Fault.NOT_ACCEPTABLE,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Fault.BODY_TOO_LARGE,
}


def answer_with_problem(
    req: falcon.Request, resp: falcon.Response, error: Exception, _params: Mapping[str, Any]
) -> None:
    """Make `resp` the problem that `error` is; falcon calls this for every exception."""
    if isinstance(error, RefusedError):
        _put(resp, PROBLEMS[error.reason], error.message, error.place, **_errors(error))
    elif isinstance(error, ApiError):
        _put(resp, PROBLEMS[error.fault], error.detail, error.place, **error.members)
        resp.set_headers(error.headers)
    elif isinstance(error, StaleVersionError):
        _put(resp, PROBLEMS[StaleVersionError], str(error), "If-Match", **_since(error))
    elif isinstance(error, falcon.HTTPError):
        _put_falcon(resp, error)
    else:
        _put_unforeseen(req, resp, error)


def _errors(refusal: RefusedError) -> dict[str, object]:
    """Return everything that was found, where it is more than the problem says by itself."""
    found = refusal.findings
    if len(found) == 1 and found[0].line is None:
        return {}
    return {"errors": [each.plain for each in found]}


def _since(error: StaleVersionError) -> dict[str, object]:
    return {
        "version": error.version,
        "since": [
            {"version": each.version, "type": each.event.TOPIC, "actor": each.meta.actor}
            for each in error.since
        ],
    }


def _put(
    resp: falcon.Response, problem: Problem, detail: str, place: str = "", **members: object
) -> None:
    body: dict[str, object] = {
        "type": problem.type,
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
    }
    if place:
        body["place"] = place
    resp.status = problem.status
    resp.content_type = "application/problem+json"
    resp.data = msgspec.json.encode(body | members)
    resp.text = None
    if problem.retry_after_s:
        resp.set_header("Retry-After", str(problem.retry_after_s))


def _put_falcon(resp: falcon.Response, error: falcon.HTTPError) -> None:
    if error.status_code == HTTPStatus.NOT_FOUND:
        problem = PROBLEMS[Reason.NOT_FOUND]
    else:
        problem = PROBLEMS[_FALCON_FAULTS.get(error.status_code, Fault.BAD_REQUEST)]
    _put(resp, problem, error.description or problem.title)
    if error.headers:
        resp.set_headers(error.headers)


def _put_unforeseen(req: falcon.Request, resp: falcon.Response, error: Exception) -> None:
    """Answer with what the error's class has in the table; log the rest, and show only its id."""
    found = next((PROBLEMS[each] for each in type(error).__mro__ if each in PROBLEMS), None)
    if found is not None and not found.retry_after_s:  # the client's own doing
        _put(resp, found, str(error))
        return
    problem = found or PROBLEMS[Fault.INTERNAL]
    correlation_id = correlation_of(req)
    # The path, not the query: what people filter by is nobody's business.
    # That the database is away wakes somebody once, not at each request: see infra.outage.
    level = logging.WARNING if is_told(error) else logging.ERROR
    _log.log(
        level,
        "%s %a failed, correlation_id=%s: %s",  # a path may hold a line's end
        req.method,
        req.path,
        correlation_id,
        type(error).__name__,
        exc_info=None if found else error,
        extra={"correlation_id": correlation_id},
    )
    if found is not None:
        _log.log(level, "correlation_id=%s: %s", correlation_id, error)
    detail = "nothing is known of what went wrong here but its correlation_id, which is logged"
    if found is not None:
        detail = "try again in a moment, with the same Idempotency-Key"
    _put(resp, problem, detail, correlation_id=correlation_id)
