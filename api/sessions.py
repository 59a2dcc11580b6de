"""The session's cookie, and how a request proves that it comes from our own page.

A browser sends the cookie by itself, so a cookie alone proves nothing about who wrote the request.
"""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import falcon

from api.problems import ApiError, Fault

#: What our page sends with each request: whom it shows, so that it never speaks for another who has
#: signed in in another tab. Another site's page cannot send it without asking first (CORS), and is
#: never answered then.
PAGE_HEADER = "X-Ringi-Page"

_NAME = "ringi_session"
#: falcon's own way to remove a cookie is without `Secure`, and so without effect on ours.
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def secret_of(req: falcon.Request) -> str | None:
    """Return the secret in the request's cookie; None if there is none, or more than one."""
    values = req.get_cookie_values(_name(req)) or []
    return values[0] if len(values) == 1 and values[0].isascii() else None


def keep(req: falcon.Request, resp: falcon.Response, secret: str) -> None:
    """Let the browser keep the secret until it is closed; no script can read it."""
    _set(req, resp, secret)


def forget(req: falcon.Request, resp: falcon.Response) -> None:
    """Let the browser forget the secret."""
    _set(req, resp, "", _LONG_AGO)


def require_own_page(req: falcon.Request) -> None:
    """Refuse an unsafe request that another site's page may have made.

    Both must be so: the header is there, and the origin is the host that was asked. SameSite
    alone would trust every port and every neighbour below the same domain.

    Raises:
        ApiError: FOREIGN_PAGE.
    """
    if req.method in _SAFE:
        return
    if req.get_header(PAGE_HEADER) is None:
        raise ApiError(Fault.FOREIGN_PAGE, f"send {PAGE_HEADER} with a cookie", PAGE_HEADER)
    if not _same_origin(req.get_header("Origin"), req.get_header("Host")):
        raise ApiError(Fault.FOREIGN_PAGE, "the page is of another origin", "Origin")


def require_same_person(req: falcon.Request, login: str) -> None:
    """Refuse what a page asks that shows somebody else than the cookie's `login`.

    What is not sent by its scripts, such as a link that is followed, has no header.

    Raises:
        ApiError: OTHER_PERSON.
    """
    shown = req.get_header(PAGE_HEADER)
    if shown not in (None, login):
        raise ApiError(
            Fault.OTHER_PERSON, f"{login} is signed in, and not whom the page shows", PAGE_HEADER
        )


def _same_origin(origin: str | None, host: str | None) -> bool:
    try:
        netloc = urlsplit(origin or "").netloc
    except ValueError:
        return False
    return bool(netloc) and netloc.lower() == (host or "").lower()


def _name(req: falcon.Request) -> str:
    """Return the cookie's name; the prefix makes browsers refuse it from anybody else."""
    return f"__Host-{_NAME}" if req.scheme == "https" else _NAME


def _set(
    req: falcon.Request, resp: falcon.Response, secret: str, expires: datetime | None = None
) -> None:
    resp.set_cookie(
        _name(req),
        secret,
        expires=expires,
        path="/",
        secure=req.scheme == "https",
        http_only=True,
        same_site="Strict",
    )
