"""A client of the API: one connection that stays, retries that cannot do anything twice."""

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from time import sleep
from typing import Any, Self
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

#: How often a request is sent, at most, while there is no answer, or 503.
ATTEMPTS = 6

#: Longest wait before another attempt, in seconds; the first is a sixteenth of it.
LONGEST_WAIT_S = 3.2


class ProblemError(Exception):
    """The API answered with a problem."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = problem
        """The whole answer (RFC 9457)."""
        place = f" ({self.place})" if self.place else ""
        super().__init__(f"{problem.get('detail') or problem.get('title') or status}{place}")

    @property
    def type(self) -> str:
        """The stable URI of this kind of problem."""
        return str(self.problem.get("type", "about:blank"))

    @property
    def place(self) -> str:
        """The field, parameter or header at fault; empty if it is none of these."""
        return str(self.problem.get("place", ""))


class NoAnswerError(Exception):
    """No attempt was answered; a command may have taken effect or not. Its key tells, later."""


@dataclass
class RingiClient:
    """Speaks for one person. For one thread at a time."""

    url: str
    """Where the API is, such as http://127.0.0.1:8400."""
    token: str = field(default="", repr=False)
    timeout_s: float = 10.0
    """Seconds for which one attempt waits. A read may wait for `after_position` for five."""
    _connection: HTTPConnection | None = field(default=None, init=False, repr=False)

    def get(self, path: str, **query: object) -> Any:  # noqa: ANN401  # whatever the route answers
        """Return what is at `path`; parameters that are None are left out.

        Raises:
            ProblemError, NoAnswerError
        """
        given = {name: value for name, value in query.items() if value is not None}
        return self._send("GET", f"{path}?{urlencode(given)}" if given else path, None, {})

    def items(self, path: str, **query: object) -> Iterator[Any]:
        """Yield every item of a list, page after page.

        Raises:
            ProblemError, NoAnswerError
        """
        cursor = query.pop("cursor", None)
        while True:
            page = self.get(path, cursor=cursor, **query)
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def command(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str = "",
        expected_version: int | None = None,
        after_position: str = "",
        media_type: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401
        """Give a command, and return its outcome: it takes effect once, however often it is sent.

        Without `key` one is made. With `expected_version`, it is refused if something has
        happened since. With `after_position`, it is decided on views that show that position.
        A body of bytes is sent as it is, as `media_type`.

        Raises:
            ProblemError: refused, nothing happened.
            NoAnswerError: it is not known; ask again with the same key.
        """
        headers = {"Idempotency-Key": key or str(uuid4())}
        if expected_version is not None:
            headers["If-Match"] = f'"{expected_version}"'
        if isinstance(body, bytes):
            headers["Content-Type"] = media_type
        given = dict(query or {})
        if after_position:
            given["after_position"] = after_position
        asked = f"{path}?{urlencode(given)}" if given else path
        return self._send(method, asked, body, headers)

    def close(self) -> None:
        """Close the connection; the next request opens another one. Idempotent."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, method: str, path: str, body: object, headers: dict[str, str]) -> Any:  # noqa: ANN401
        headers["Accept"] = "application/json"
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        raw = b""
        if isinstance(body, bytes):
            raw = body
        elif body is not None:
            raw = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        last: Exception | None = None
        for attempt in range(ATTEMPTS):
            if attempt:
                sleep(_wait_s(attempt))
            try:
                return self._attempt(method, path, raw, headers)
            except (OSError, HTTPException) as error:  # the connection, or what came over it
                self.close()
                last = error
            except ProblemError as error:
                if error.status != 503:  # noqa: PLR2004  # what passes by itself
                    raise
                last = error
        if isinstance(last, ProblemError):
            raise last
        reason = f"{type(last).__name__}: {last}"
        raise NoAnswerError(f"{method} {self.url}{path}: {reason}, {ATTEMPTS} times") from last

    def _attempt(self, method: str, path: str, raw: bytes, headers: Mapping[str, str]) -> Any:  # noqa: ANN401
        if self._connection is None:
            self._connection = self._connect()
        self._connection.request(method, path, raw or None, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= 400:  # noqa: PLR2004  # RFC 9110: from here on it is an error
            raise ProblemError(answer.status, _problem(answer, text))
        return json.loads(text)

    def _connect(self) -> HTTPConnection:
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        return kind(parts.hostname or "", parts.port, timeout=self.timeout_s)


def _problem(answer: HTTPResponse, text: bytes) -> Mapping[str, Any]:
    """Return the problem; what stands between may answer in other words."""
    if (answer.getheader("Content-Type") or "").startswith("application/problem+json"):
        found: Mapping[str, Any] = json.loads(text)
        return found
    return {"title": answer.reason, "status": answer.status}


def _wait_s(attempt: int) -> float:
    longest: float = LONGEST_WAIT_S / 2 ** max(0, ATTEMPTS - 1 - attempt)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311  # jitter, no secret
