"""Waiting until the views show a position, before a question or a command."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import BoundedSemaphore

import falcon

from api.authentication import ask_again
from api.problems import ApiError, Fault
from api.query import malformed, parameters
from infra.bootstrap import Parts
from infra.position import MalformedPositionError, Position

#: Seconds for which a request waits until the views have reached `after_position`.
LONGEST_WAIT_S = 5.0

#: Seconds for which a question waits for a replica, before the primary is asked for the rest.
REPLICA_WAIT_S = 1.0

_WAITING = "after_position"


class Waiting:
    """What every route does with `?after_position=`. Safe to use from many threads.

    A question waits for the replica that will answer it, else for the primary. A command waits
    for the primary, which its facts come from.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        # Half of the threads stay free for requests that need not wait.
        self._waiting = BoundedSemaphore(max(1, parts.settings.api_threads // 2))

    def begin(self, req: falcon.Request, *names: str) -> Mapping[str, str]:
        """Return a command's parameters, once the primary's views show the position they name.

        Raises:
            ApiError: MALFORMED_QUERY, OTHER_EPOCH, NOT_YET_SHOWN, UNAUTHENTICATED.
        """
        given = parameters(req, (*names, _WAITING))
        token = given.get(_WAITING)
        if token is not None:
            self._wait(self._position(token))
            self._begin_anew(req)
        return given

    def begin_reading(self, req: falcon.Request, *names: str) -> Mapping[str, str]:
        """Return a question's parameters, once whoever will answer shows the position they name.

        Raises:
            ApiError: MALFORMED_QUERY, OTHER_EPOCH, NOT_YET_SHOWN, UNAUTHENTICATED.
        """
        given = parameters(req, (*names, _WAITING))
        token = given.get(_WAITING)
        if token is not None:
            position = self._position(token)
            self._parts.router.require_position(position)
            if not self._replica_shows(position):
                self._parts.router.fall_back()
                self._wait(position)
            self._begin_anew(req)
        return given

    def _begin_anew(self, req: falcon.Request) -> None:
        """Let what is known of the actor, and remembered at all, be no older than the position."""
        self._parts.remembered.forget()
        ask_again(req)

    def _replica_shows(self, position: Position) -> bool:
        router = self._parts.router
        if router.reach(position, 0.0):
            return True
        with self._turn() as may_wait:
            return may_wait and router.reach(position, REPLICA_WAIT_S)

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
        with self._turn() as may_wait:
            if not may_wait:
                raise _not_yet("too many wait already")
            shown = self._shows(position, LONGEST_WAIT_S)
        if not shown:
            raise _not_yet(f"the views have not reached it within {LONGEST_WAIT_S:.0f} s")

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Give whether this request may wait; not all may at once."""
        may_wait = self._waiting.acquire(blocking=False)
        try:
            yield may_wait
        finally:
            if may_wait:
                self._waiting.release()

    def _shows(self, position: Position, timeout_s: float) -> bool:
        return self._parts.shows(position, timeout_s)


def _not_yet(detail: str) -> ApiError:
    return ApiError(Fault.NOT_YET_SHOWN, f"{detail}: try again", _WAITING)
