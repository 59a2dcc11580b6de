"""Who asks: the bearer's token, at every route that is not open to all."""

from collections.abc import Mapping
from typing import Any

import falcon

from api.problems import ApiError, Fault
from domain.actor import Actor
from infra.bootstrap import Parts

_SCHEME = "bearer "


class Authentication:
    """Middleware: puts the actor into `req.context.actor`, or ends the request with 401.

    A resource is open to strangers only if it says so itself (`is_open = True`).
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def process_resource(
        self,
        req: falcon.Request,
        _resp: falcon.Response,
        resource: object,
        _params: Mapping[str, Any],
    ) -> None:
        """Find out who asks. One statement.

        Raises:
            ApiError: UNAUTHENTICATED.
        """
        if getattr(resource, "is_open", False):
            return
        header = req.get_header("Authorization") or ""
        if header[: len(_SCHEME)].lower() != _SCHEME:
            raise _unauthenticated("send Authorization: Bearer and a token", "")
        actor = self._parts.access.authenticate(header[len(_SCHEME) :].strip())
        if actor is None:
            raise _unauthenticated(
                "the token is unknown, has expired or was revoked, or its holder is not active",
                ', error="invalid_token"',  # RFC 6750, section 3.1
            )
        req.context.actor = actor


def actor_of(req: falcon.Request) -> Actor:
    """Return who asks."""
    actor: Actor = req.context.actor
    return actor


def _unauthenticated(detail: str, error: str) -> ApiError:
    return ApiError(
        Fault.UNAUTHENTICATED,
        detail,
        "Authorization",
        headers={"WWW-Authenticate": f'Bearer realm="ringi"{error}'},
    )
