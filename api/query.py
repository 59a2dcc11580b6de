"""Parameters of a URL: those that a route names, each once, of its form."""

import base64
import binascii
from collections.abc import Mapping, Sequence

import falcon
import msgspec

from api.problems import ApiError, Fault

#: Rows of one page, at most, and where the client names no number.
LARGEST_PAGE = 200
USUAL_PAGE = 50

_LONGEST_CURSOR = 400


def malformed(detail: str, place: str) -> ApiError:
    """Return the failure of a parameter."""
    return ApiError(Fault.MALFORMED_QUERY, detail, place)


def parameters(req: falcon.Request, names: Sequence[str]) -> Mapping[str, str]:
    """Return the URL's parameters, all of which are among `names`.

    Raises:
        ApiError: MALFORMED_QUERY: another one, or one twice.
    """
    for name, value in req.params.items():
        if name not in names:
            known = f"; there are {', '.join(names)}" if names else "; it has none"
            raise malformed(f"this route has no parameter {name[:40]!a}{known}", name[:40])
        if not isinstance(value, str):
            raise malformed("give it once", name)
    return req.params  # type: ignore[return-value]  # looked at just now


def no_parameters(req: falcon.Request) -> None:
    """Refuse every parameter.

    Raises:
        ApiError: MALFORMED_QUERY.
    """
    if req.params:
        parameters(req, ())


def whole(text: str, place: str, highest: int) -> int:
    """Return the number from 1 to `highest` that a parameter is.

    Raises:
        ApiError: MALFORMED_QUERY.
    """
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(highest)):
        raise malformed(f"a whole number from 1 to {highest}", place)
    if not 1 <= int(text) <= highest:
        raise malformed(f"a whole number from 1 to {highest}", place)
    return int(text)


def limit_of(given: Mapping[str, str]) -> int:
    """Return how many rows a page shall have.

    Raises:
        ApiError: MALFORMED_QUERY.
    """
    return whole(given["limit"], "limit", LARGEST_PAGE) if "limit" in given else USUAL_PAGE


def cursor_text(listed: str, after: Sequence[int | str]) -> str:
    """Return the opaque text of a place in a list; only this module reads it."""
    raw = msgspec.json.encode([listed, *after])
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def cursor_of(
    given: Mapping[str, str], listed: str, kinds: tuple[type[int | str], ...]
) -> list[int | str] | None:
    """Return the place in the list `listed` from which to go on; None: from its beginning.

    Raises:
        ApiError: MALFORMED_QUERY, for what `cursor_text` did not make for this list.
    """
    text = given.get("cursor")
    if text is None:
        return None
    try:
        padded = text[:_LONGEST_CURSOR].encode() + b"=" * (-len(text) % 4)
        found = msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, msgspec.DecodeError, UnicodeEncodeError, UnicodeDecodeError):
        found = None
    if (
        not isinstance(found, list)
        or found[:1] != [listed]
        or [type(each) for each in found[1:]] != list(kinds)
        or any(isinstance(each, int) and not 0 <= each < 2**63 for each in found[1:])
    ):
        raise malformed("a cursor is what `next` of this list's previous page was", "cursor")
    return found[1:]
