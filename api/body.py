"""The body of a request: its size and type, then JSON that means one thing only.

Python's reader takes more than JSON: NaN, a key twice, lone surrogates, any depth. What is taken
here, every other reader takes, and understands in the same way (RFC 8259, RFC 7493).
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import falcon
from marshmallow import Schema, ValidationError

from api.problems import ApiError, Fault
from api.schemas.faults import faults
from domain.errors import Reason, RefusedError

#: Bytes of the largest body: a definition with all that it may have is a tenth of it.
LARGEST_BODY = 1024 * 1024

#: Arrays and objects within each other, at most. A definition needs five.
DEEPEST = 32

#: What most bodies may be.
JSON_ONLY = ("application/json",)


def read_body(req: falcon.Request, schema: Schema) -> Any:  # noqa: ANN401  # what the schema makes
    """Return what `schema` makes of the body; no body is an empty object.

    Raises:
        ApiError: too large, of another type, not JSON.
        RefusedError: UNKNOWN_FIELD, MISSING_FIELD or INVALID, at the field's path.
    """
    raw = read_raw(req)
    body = parse(raw) if raw else {}
    if not isinstance(body, dict):
        raise RefusedError(Reason.INVALID, "the body is an object, with braces around it")
    try:
        return schema.load(body)
    except ValidationError as error:
        found = list(faults(error.messages))
        first = found[0]
        raise RefusedError(Reason(first.code), first.message, first.place, found) from None


def read_raw(
    req: falcon.Request, media_types: Sequence[str] = JSON_ONLY, largest: int = LARGEST_BODY
) -> bytes:
    """Return the bytes of a body of one of these types; empty if there is none.

    Raises:
        ApiError: too large, of another type, without a length, cut short.
    """
    length = req.content_length
    if length is None:
        if req.get_header("Transfer-Encoding"):
            raise ApiError(Fault.LENGTH_REQUIRED, "send Content-Length, not a Transfer-Encoding")
        return b""
    if length > largest:
        raise ApiError(Fault.BODY_TOO_LARGE, f"a body has at most {largest} bytes, not {length}")
    if length == 0:
        return b""
    if media_type(req) not in media_types:
        raise ApiError(
            Fault.UNSUPPORTED_MEDIA_TYPE,
            f"send the body as {' or '.join(media_types)}",
            "Content-Type",
        )
    raw: bytes = req.bounded_stream.read()
    if len(raw) < length:
        raise ApiError(Fault.BAD_REQUEST, f"the body ended after {len(raw)} of {length} bytes")
    return raw


def media_type(req: falcon.Request) -> str:
    """Return what the body says it is, without parameters."""
    return (req.content_type or "").partition(";")[0].strip().lower()


def parse(raw: bytes) -> object:
    """Return what the JSON text says.

    Raises:
        ApiError: MALFORMED_JSON, with `line` and `column` where they are known.
    """
    try:
        text = raw.decode()
        body: object = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ApiError(
            Fault.MALFORMED_JSON,
            f"{error.msg}: line {error.lineno}, column {error.colno}",
            line=error.lineno,
            column=error.colno,
        ) from None
    except UnicodeDecodeError as error:
        raise _malformed(f"the body is not UTF-8: byte {error.start + 1}") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # of int(): CVE-2020-10735
        raise _malformed("a number has too many digits") from None
    if "\\u" in text:
        _require_whole_characters(body)
    if text.count("[") + text.count("{") > DEEPEST:
        _require_shallow(body)
    return body


def _malformed(detail: str, place: str = "") -> ApiError:
    return ApiError(Fault.MALFORMED_JSON, detail, place)


def _too_deep() -> ApiError:
    return _malformed(f"arrays and objects are at most {DEEPEST} deep")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise _malformed(f"the key {twice[:40]!a} stands twice in one object", twice[:40])
    return found


def _no_constant(name: str) -> NoReturn:
    raise _malformed(f"{name} is no JSON number")


def _require_whole_characters(body: object) -> None:
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _malformed("\\u escapes give half a character") from None
    except RecursionError:
        raise _too_deep() from None


def _require_shallow(body: object) -> None:
    level: list[Any] = _nested([body])
    for _ in range(DEEPEST):
        if not level:
            return
        level = [
            each
            for part in level
            for each in _nested(part.values() if isinstance(part, dict) else part)
        ]
    if level:
        raise _too_deep()


def _nested(parts: Iterable[object]) -> list[object]:
    return [part for part in parts if isinstance(part, dict | list)]
