"""Waiting until the views show a position, before a question or a command."""

from collections.abc import Mapping
from threading import BoundedSemaphore

import falcon

from api.problems import ApiError, Fault
from api.query import malformed, parameters
from infra.bootstrap import Parts
from infra.position import MalformedPositionError, Position

#: Seconds for which a request waits until the views have reached `after_position`.
LONGEST_WAIT_S = 5.0

_WAITING = "after_position"


class Waiting:
    """What every route does with `?after_position=`. Safe to use from many threads."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        # Half of the threads stay free for requests that need not wait.
        self._waiting = BoundedSemaphore(max(1, parts.settings.api_threads // 2))

    def begin(self, req: falcon.Request, *names: str) -> Mapping[str, str]:
        """Return the URL's parameters, once the views show the position that it names.

        Raises:
            ApiError: MALFORMED_QUERY, OTHER_EPOCH, NOT_YET_SHOWN.
        """
        given = parameters(req, (*names, _WAITING))
        token = given.get(_WAITING)
        if token is not None:
            self._wait(self._position(token))
        return given

    def _position(self, token: str) -> Position:
        try:
            position = Position.parse(token)
        except MalformedPositionError:
            raise malformed("a position is what an answer called so", _WAITING) from None
        if position.epoch != self._parts.epoch:
            raise ApiError(
                Fault.OTHER_EPOCH,
                "the position is of another history of the log: read without it, and go on from "
                "what is shown",
                _WAITING,
            )
        if position.lane >= self._parts.lanes or position.position >= 2**63:
            raise malformed("the log has no such position", _WAITING)
        return position

    def _wait(self, position: Position) -> None:
        if self._shows(position, 0.0):
            return
        if not self._waiting.acquire(blocking=False):
            raise _not_yet("too many wait already")
        try:
            shown = self._shows(position, LONGEST_WAIT_S)
        finally:
            self._waiting.release()
        if not shown:
            raise _not_yet(f"the views have not reached it within {LONGEST_WAIT_S:.0f} s")

    def _shows(self, position: Position, timeout_s: float) -> bool:
        return self._parts.shows(position, timeout_s)


def _not_yet(detail: str) -> ApiError:
    return ApiError(Fault.NOT_YET_SHOWN, f"{detail}: try again", _WAITING)
