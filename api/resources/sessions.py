"""Signing in to the page and out of it."""

import re
from dataclasses import dataclass

import falcon
import msgspec

from api.body import read_body
from api.problems import ApiError, Fault
from api.query import no_parameters
from api.schemas.documents import Nothing
from api.schemas.sessions import SignIn
from api.sessions import forget, keep, require_own_page, require_same_person, secret_of
from infra.sessions import Sessions
from infra.settings import Settings

_SIGN_IN, _NOTHING = SignIn(), Nothing()

#: A Host header that may stand in an answer: a name or an address, perhaps with a port.
_HOST = re.compile(r"[A-Za-z0-9.\-]{1,255}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")


@dataclass(frozen=True)
class Session:
    """/v1/session: open, for whoever comes is nobody yet."""

    sessions: Sessions
    settings: Settings
    is_open = True

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Tell who is signed in; `login` is null if nobody is."""
        no_parameters(req)
        secret = secret_of(req)
        actor = None if secret is None else self.sessions.actor_of(secret)
        self._tell(req, resp, None if actor is None else actor.login)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Sign in with a token; an earlier session of this browser ends.

        Raises:
            ApiError: FOREIGN_PAGE, UNAUTHENTICATED.
        """
        no_parameters(req)
        require_own_page(req)
        begun = self.sessions.begin(read_body(req, _SIGN_IN)["token"].strip())
        if begun is None:
            raise ApiError(
                Fault.UNAUTHENTICATED,
                "the token is unknown, has expired or was revoked, or its holder is not active",
                "token",
            )
        before = secret_of(req)
        if before is not None:
            self.sessions.end(before)
        actor, secret = begun
        keep(req, resp, secret)
        resp.status = falcon.HTTP_CREATED
        self._tell(req, resp, actor.login)

    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Sign out. Idempotent.

        Raises:
            ApiError: FOREIGN_PAGE, OTHER_PERSON.
        """
        no_parameters(req)
        require_own_page(req)
        read_body(req, _NOTHING)
        secret = secret_of(req)
        actor = None if secret is None else self.sessions.actor_of(secret)
        if actor is not None:
            require_same_person(req, actor.login)
        if secret is not None:
            self.sessions.end(secret)
        forget(req, resp)
        self._tell(req, resp, None)

    def _tell(self, req: falcon.Request, resp: falcon.Response, login: str | None) -> None:
        told = {"login": login, "gateway": gateway_url(req, self.settings)}
        resp.data = msgspec.json.encode(told)
        resp.set_header("Cache-Control", "no-store")


def gateway_url(req: falcon.Request, settings: Settings) -> str:
    """Return where this browser finds the gateway; empty if the request's host is none.

    What `public_gateway_url` says. Else, where the host names the API's own port, nobody stands
    between, and the gateway has a port beside it; where it does not, a proxy has both.
    """
    if settings.public_gateway_url:
        return settings.public_gateway_url
    host = req.get_header("Host") or ""
    if not _HOST.fullmatch(host):
        return ""
    scheme = "wss" if req.scheme == "https" else "ws"
    own_port = f":{settings.api_port}"
    if host.endswith(own_port):
        host = f"{host.removesuffix(own_port)}:{settings.gateway_port}"
    return f"{scheme}://{host}/ws"
