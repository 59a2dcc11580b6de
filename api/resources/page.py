"""The live page: files of `realtime/dashboard`, which this package reads but does not import."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import falcon

from api.framing import UNFRAMED
from api.query import no_parameters
from api.resources.sessions import gateway_url
from infra.settings import Settings

FOLDER = Path(__file__).resolve().parents[2] / "realtime" / "dashboard"

_HTML = "text/html; charset=utf-8"

#: What the page is made of; a file of another kind is not served. The page itself is none of them:
#: it is nowhere but at /, with its policy.
TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

#: What everything from here is sent with. `no-cache`: kept, and asked for each time by its ETag,
#: so that no browser mixes files of two versions.
_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True)
class File:
    """One file, as it is sent."""

    content: bytes
    media_type: str
    etag: str


class Files:
    """The page and its files, read once, when the first is asked for."""

    @cached_property
    def page(self) -> File:
        """The page."""
        return _read(FOLDER / "index.html", _HTML)

    @cached_property
    def by_name(self) -> Mapping[str, File]:
        """What the page is made of, by its name."""
        return {
            path.name: _read(path, TYPES[path.suffix])
            for path in sorted(FOLDER.iterdir())
            if path.suffix in TYPES and path.is_file()
        }


@dataclass(frozen=True)
class Page:
    """/: the page. It may take nothing from elsewhere, and nobody may put it into a frame."""

    files: Files
    settings: Settings
    is_open = True
    produces = _HTML

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Send the page; whatever follows # in its address is the page's own business."""
        _send(req, resp, self.files.page)
        resp.set_header("Content-Security-Policy", self._policy(req))

    def _policy(self, req: falcon.Request) -> str:
        gateway = urlsplit(gateway_url(req, self.settings))
        origin = f" {gateway.scheme}://{gateway.netloc}" if gateway.netloc else ""
        return (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
            f" connect-src 'self'{origin}; base-uri 'none'; form-action 'self'; {UNFRAMED}"
        )


@dataclass(frozen=True)
class Static:
    """/static/{name}: what the page is made of."""

    files: Files
    is_open = True
    produces = None

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Send one file.

        Raises:
            falcon.HTTPNotFound: there is none of this name.
        """
        no_parameters(req)
        file = self.files.by_name.get(name)
        if file is None:
            raise falcon.HTTPNotFound(description="the page has no such file")
        _send(req, resp, file)


def _read(path: Path, media_type: str) -> File:
    content = path.read_bytes()
    return File(content, media_type, hashlib.sha256(content).hexdigest()[:32])


def _send(req: falcon.Request, resp: falcon.Response, file: File) -> None:
    resp.set_headers(dict(_HEADERS))
    resp.etag = file.etag
    known = req.if_none_match or []
    if "*" in known or any(str(tag) == file.etag for tag in known):
        resp.status = falcon.HTTP_NOT_MODIFIED
    else:
        resp.content_type = file.media_type
        resp.data = file.content
