"""Who asks: by a bearer's token or the page's session, at every route that is not open to all."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import falcon

from api.problems import ApiError, Fault
from api.sessions import require_own_page, require_same_person, secret_of
from domain.actor import Actor
from infra.bootstrap import Parts
from infra.sessions import hash_of_session
from infra.tokens import hash_of
from infra.views.access import Proof, credential

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
        """Find out who asks. One statement at most.

        Raises:
            ApiError: UNAUTHENTICATED, FOREIGN_PAGE, OTHER_PERSON.
        """
        if not getattr(resource, "is_open", False):
            req.context.who_asks = partial(self._who_asks, req)
            req.context.actor = self._who_asks(req)

    def _who_asks(self, req: falcon.Request) -> Actor:
        header = req.get_header("Authorization")
        secret = secret_of(req) if header is None else None
        return self._bearer(header or "") if secret is None else self._signed_in(req, secret)

    def _bearer(self, header: str) -> Actor:
        """Return whom the token of the header stands for."""
        if header[: len(_SCHEME)].lower() != _SCHEME:
            raise _unauthenticated("send Authorization: Bearer and a token", "")
        actor = self._parts.sign_in(header[len(_SCHEME) :].strip())
        if actor is None:
            raise _unauthenticated(
                "the token is unknown, has expired or was revoked, or its holder is not active",
                ', error="invalid_token"',  # RFC 6750, section 3.1
            )
        return actor

    def _signed_in(self, req: falcon.Request, secret: str) -> Actor:
        """Return who is signed in by the cookie."""
        require_own_page(req)
        actor = self._parts.sessions.actor_of(secret)
        if actor is None:
            raise _unauthenticated("the session has ended: sign in", "", "Cookie")
        require_same_person(req, actor.login)
        return actor


def ask_again(req: falcon.Request) -> None:
    """Find out anew who asks: the views may show something else of them by now.

    Raises:
        ApiError: UNAUTHENTICATED.
    """
    req.context.actor = req.context.who_asks()


def credential_of(req: falcon.Request) -> str:
    """Return what stands for the secret that somebody asks by: it says no more than its hash."""
    secret = secret_of(req) if req.get_header("Authorization") is None else None
    if secret is not None:
        return credential(Proof.SESSION, hash_of_session(secret).hex())
    header = req.get_header("Authorization", required=True)
    return credential(Proof.TOKEN, hash_of(header[len(_SCHEME) :].strip()))


def actor_of(req: falcon.Request) -> Actor:
    """Return who asks."""
    actor: Actor = req.context.actor
    return actor


def _unauthenticated(detail: str, error: str, place: str = "Authorization") -> ApiError:
    return ApiError(
        Fault.UNAUTHENTICATED,
        detail,
        place,
        headers={"WWW-Authenticate": f'Bearer realm="ringi"{error}'},
    )
