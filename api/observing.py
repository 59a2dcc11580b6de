"""Every request is counted, timed, logged in one line, and named: its correlation id.

The id goes into the events that a command leads to, and with them to whoever hears of them, so
that one word finds a conversation in every log. Nothing of a query, a body or a token is logged,
nor who asked: the log of events knows who did something, and what people look at is their own.
"""

import logging
import re
from functools import partial
from time import perf_counter
from uuid import uuid4

import falcon
import structlog

from infra.metrics.metrics import Metrics
from infra.replicas.counters import Counters

#: The headers that may bring an id, the first one wins; the answer names it in the first.
HEADERS = ("X-Correlation-ID", "X-Request-ID")

#: What an id may be. Any other is not taken: it would end up in logs, headers and messages.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,99}")

#: Asked every few seconds by machines: not worth a line at the usual level.
_QUIET = frozenset({"/healthz", "/readyz"})

logger = logging.getLogger("ringi.access")


class Observing:
    """Middleware, the outermost: sees each request first and its answer last."""

    def __init__(self, metrics: Metrics, replicas: Counters | None) -> None:
        """`replicas` counts the reads of replicas; None where there are none."""
        self._metrics = metrics.http
        self._follow = partial(metrics.replicas.follow, replicas) if replicas else None

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Name the request, and begin to time it."""
        req.context.began = perf_counter()
        self._metrics.began()
        correlation_id = given_id(req) or uuid4().hex
        req.context.correlation_id = correlation_id
        structlog.contextvars.bind_contextvars(correlation_id=correlation_id)

    def process_response(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        _resource: object,
        _succeeded: bool,  # noqa: FBT001  # falcon's
    ) -> None:
        """Count, log, and tell the client the name."""
        seconds = perf_counter() - req.context.began
        resp.set_header(HEADERS[0], req.context.correlation_id)
        route = req.uri_template
        self._metrics.ended(req.method, route, resp.status_code, seconds)
        if self._follow is not None:
            self._follow()
        level = logging.DEBUG if route in _QUIET else logging.INFO
        if logger.isEnabledFor(level):
            logger.log(
                level,
                "%s %s",
                self._metrics.method(req.method),
                route or "-",
                extra={"status": resp.status_code, "ms": round(seconds * 1000, 2)},
            )
        structlog.contextvars.clear_contextvars()  # the thread's next request is another one


def given_id(req: falcon.Request) -> str | None:
    """Return the id that the client, or a proxy before us, gave the conversation; None if none."""
    for name in HEADERS:
        value = req.get_header(name)
        if value is not None and _ID.fullmatch(value):
            return value
    return None


def correlation_of(req: falcon.Request) -> str:
    """Return the name of the conversation that a request belongs to."""
    correlation_id: str = req.context.correlation_id
    return correlation_id
