"""Every way in which a request can fail, as clients see it: the one table (RFC 9457).

A problem's type is stable; its title says what kind of failure it is, `detail` what went wrong
this time, and `place` which field, parameter or header is at fault.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from eventsourcing.persistence import InterfaceError, NotSupportedError, OperationalError
from redis.exceptions import RedisError

from commands.bus import CrowdedError, StaleVersionError
from commands.ports import KeyReusedError
from domain.errors import Reason

#: What every problem type begins with.
NAMESPACE = "urn:ringi:problem:"


class Fault(StrEnum):
    """Failures that the API itself finds."""

    MALFORMED_JSON = "malformed_json"
    MALFORMED_HEADER = "malformed_header"
    MALFORMED_QUERY = "malformed_query"
    BAD_REQUEST = "bad_request"
    UNAUTHENTICATED = "unauthenticated"
    FOREIGN_PAGE = "foreign_page"
    OTHER_PERSON = "other_person"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_ACCEPTABLE = "not_acceptable"
    LENGTH_REQUIRED = "length_required"
    BODY_TOO_LARGE = "body_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    OTHER_EPOCH = "other_epoch"
    NOT_YET_SHOWN = "not_yet_shown"
    TOO_MANY_JOBS = "too_many_jobs"
    NO_RESULT = "no_result"
    RESULT_GONE = "result_gone"
    TOO_MANY_DOWNLOADS = "too_many_downloads"
    NOT_READY = "not_ready"
    INTERNAL = "internal"


class ApiError(Exception):
    """A failure that the API itself found; nothing happened."""

    def __init__(
        self,
        fault: Fault,
        detail: str,
        place: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        **members: object,
    ) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail
        self.place = place
        self.headers = dict(headers or {})
        self.members = members
        """What the problem carries beside the members that all have."""


@dataclass(frozen=True)
class Problem:
    """One row of the table."""

    name: str
    status: int
    title: str
    retry_after_s: int = 0
    """When it may be worth trying again; 0: not by itself."""

    @property
    def type(self) -> str:
        """The stable URI that clients go by."""
        return NAMESPACE + self.name


_UNAVAILABLE = Problem("unavailable", 503, "A server behind this one does not answer", 1)

PROBLEMS: Mapping[Reason | Fault | type[Exception], Problem] = {
    # The command is refused: nothing happened
    Reason.INVALID: Problem("invalid", 422, "A value cannot be what it is"),
    Reason.UNKNOWN_FIELD: Problem("unknown-field", 422, "There is no such field"),
    Reason.MISSING_FIELD: Problem("missing-field", 422, "A required field is missing"),
    Reason.NO_APPROVER: Problem("no-approver", 422, "A step would have nobody to decide it"),
    Reason.NOT_FOUND: Problem("not-found", 404, "There is no such thing"),
    Reason.ALREADY_EXISTS: Problem("already-exists", 409, "It is there already"),
    Reason.NOT_ALLOWED: Problem("not-allowed", 403, "You have no right to this"),
    Reason.SELF_APPROVAL: Problem("self-approval", 403, "Nobody decides on their own document"),
    Reason.WRONG_STATUS: Problem("wrong-status", 409, "Its status does not allow this"),
    Reason.STEP_NOT_OPEN: Problem("step-not-open", 409, "This step does not wait for a decision"),
    Reason.STALE_REVISION: Problem("stale-revision", 409, "The content has changed since"),
    Reason.OUT_OF_ORDER: Problem("out-of-order", 409, "Something else comes first"),
    Reason.NOTHING_CHANGES: Problem("nothing-changes", 409, "It is so already"),
    StaleVersionError: Problem("stale-version", 412, "Something has happened since"),
    KeyReusedError: Problem("key-reused", 422, "The idempotency key was used for another request"),
    CrowdedError: Problem("crowded", 503, "Too many others changed this at once", 1),
    # The request cannot be read
    Fault.MALFORMED_JSON: Problem("malformed-json", 400, "The body is not well-formed"),
    Fault.MALFORMED_HEADER: Problem("malformed-header", 400, "A header is not of its form"),
    Fault.MALFORMED_QUERY: Problem("malformed-query", 400, "A query parameter is wrong"),
    Fault.BAD_REQUEST: Problem("bad-request", 400, "The request is not well-formed"),
    Fault.UNAUTHENTICATED: Problem("unauthenticated", 401, "It is not known who asks"),
    Fault.FOREIGN_PAGE: Problem("foreign-page", 403, "Not asked by Ringi's own page"),
    Fault.OTHER_PERSON: Problem("other-person", 409, "Somebody else is signed in by now"),
    Fault.METHOD_NOT_ALLOWED: Problem("method-not-allowed", 405, "Not with this method"),
    Fault.NOT_ACCEPTABLE: Problem("not-acceptable", 406, "Answers are application/json"),
    Fault.LENGTH_REQUIRED: Problem("length-required", 411, "A body must tell its length"),
    Fault.BODY_TOO_LARGE: Problem("body-too-large", 413, "The body is too large"),
    Fault.UNSUPPORTED_MEDIA_TYPE: Problem(
        "unsupported-media-type", 415, "Bodies are not of this type"
    ),
    # A read that waits for a position
    Fault.OTHER_EPOCH: Problem("other-epoch", 409, "The position is of another history"),
    Fault.NOT_YET_SHOWN: Problem("not-yet-shown", 503, "The views are not as far yet", 1),
    # What a background job made
    Fault.TOO_MANY_JOBS: Problem("too-many-jobs", 429, "Too much of yours waits already", 10),
    Fault.NO_RESULT: Problem("no-result", 409, "There is no result, or not yet"),
    Fault.RESULT_GONE: Problem("result-gone", 410, "The result is kept no longer"),
    Fault.TOO_MANY_DOWNLOADS: Problem(
        "too-many-downloads", 503, "As many files as may be are being sent", 2
    ),
    # The servers
    Fault.NOT_READY: Problem("not-ready", 503, "Not ready for requests", 1),
    OperationalError: _UNAVAILABLE,
    InterfaceError: _UNAVAILABLE,
    NotSupportedError: _UNAVAILABLE,
    RedisError: _UNAVAILABLE,
    Fault.INTERNAL: Problem("internal", 500, "Something is wrong on our side"),
}
