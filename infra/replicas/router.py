"""Which server answers a question, so that no answer is older than what was asked for."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import local
from time import monotonic
from typing import TypeVar
from zlib import crc32

from eventsourcing.persistence import DataError, PersistenceError

from infra.eventstore.datastore import Datastore
from infra.eventstore.errors import StoreUnavailableError
from infra.position import EPOCH_DIGITS, Position
from infra.projecting.place import wait_for
from infra.replicas.counters import Counters, Why
from infra.replicas.looking import look
from infra.replicas.needed import Moment, Needed
from infra.replicas.servers import Replica, Server, State
from infra.replicas.watch import Watch

#: Replicas that one question is put to, at most, before the primary answers.
MOST_ASKED = 2

Answer = TypeVar("Answer")

logger = logging.getLogger("ringi.replicas")


@dataclass
class _Request:
    """What is known of the request that a thread works on."""

    needed: Needed = field(default_factory=Needed)
    server: Server | None = None
    """Who answers it, once that is known."""


class Router:
    """Puts each question to a replica that can answer it, else to the primary.

    Safe to use from many threads; each works on one request at a time. Connects, and begins to
    watch the replicas, at the first question. Without replicas it asks the primary, and no more.
    """

    def __init__(
        self,
        primary: Datastore,
        replicas: Sequence[Replica],
        projection: str,
        longest_lag_s: float,
    ) -> None:
        self.primary = Server("the primary", primary)
        self.replicas = tuple(replicas)
        self.counters = Counters()
        self.watch = Watch(primary, self.replicas, projection, longest_lag_s)
        self._projection = projection
        self._here = local()

    # ---- what a request needs

    def begin(self, reader: str) -> None:
        """Begin a request of this thread: it needs nothing yet."""
        self._here.request = _Request(Needed(reader))

    def require_position(self, position: Position) -> None:
        """Let every answer to this request show an event."""
        self._request.needed = self._request.needed.and_position(position)

    def require_moment(self, moment: Moment) -> None:
        """Let no answer to this request be older than this."""
        self._request.needed = self._request.needed.and_moment(moment)

    def require_log(self, position: int) -> None:
        """Let every answer from the log go at least as far as this."""
        self._request.needed = self._request.needed.and_log(position)

    def require_present(self) -> None:
        """Let every answer to this request show all that the primary's log and views have now.

        One statement on the primary, none without replicas. For work that is done later than it
        was asked for, and by another process.
        """
        if not self.replicas:
            return
        there = look(self.primary.datastore, self._projection)
        self.require_log(there.mark)
        if there.moment is not None:
            self.require_moment(there.moment)
        if there.epoch is not None:
            for lane, position in there.positions.items():
                self.require_position(Position(there.epoch.hex[:EPOCH_DIGITS], lane, position))

    def reach(self, position: Position, timeout_s: float) -> bool:
        """Wait until a replica shows an event, and let it answer this request.

        Returns False if there is none in use, or the one that is asked does not show it in time.
        """
        replica = next(iter(self._candidates()), None)
        if replica is None:
            return False
        try:
            shows = wait_for(
                replica.datastore,
                self._projection,
                position.lane,
                position.position,
                timeout_s,
            )
        except PersistenceError as error:
            self._leave_out(replica, error)
            return False
        if shows:
            self._request.server = replica
        return shows

    def fall_back(self) -> None:
        """Let the primary answer this request."""
        if self.replicas and self._request.server is not self.primary:
            self._request.server = self.primary
            in_use = any(replica.state.is_usable for replica in self.replicas)
            self.counters.fell_back(Why.BEHIND if in_use else Why.NONE_IN_USE)

    # ---- asking

    def ask(
        self, question: Callable[[Server], Answer], enough: Callable[[Needed, Answer], bool]
    ) -> Answer:
        """Return the answer of a replica that is `enough`, else the primary's.

        `question` must not try again by itself where it is put to a replica. What fails there is
        asked again elsewhere, so the error is the primary's, or there is none.
        """
        if not self.replicas:
            return question(self.primary)
        request, why = self._request, Why.NONE_IN_USE
        for replica in self._candidates():
            try:
                answer = question(replica)
            except PersistenceError as error:
                self._leave_out(replica, error)
                why = Why.FAILED
            else:
                if enough(request.needed, answer):
                    request.server = replica
                    self.counters.answered()
                    return answer
                why = Why.BEHIND
        if request.server is not self.primary:  # else it was counted when that was decided
            self.counters.fell_back(why)
        return question(self.primary)

    def close(self) -> None:
        """End the watch, close the replicas' connections. Idempotent."""
        self.watch.end()
        for replica in self.replicas:
            replica.datastore.close()

    @property
    def _request(self) -> _Request:
        request: _Request | None = getattr(self._here, "request", None)
        if request is None:
            request = self._here.request = _Request()
        return request

    def _candidates(self) -> list[Replica]:
        """Return whom to ask: who has answered this request before, then always the same ones."""
        if not self.replicas or self._request.server is self.primary:
            return []
        self.watch.begin()
        usable = [replica for replica in self.replicas if replica.state.is_usable]
        reader, server = self._request.needed.reader, self._request.server
        usable.sort(key=lambda each: (each is not server, crc32(f"{reader} {each.name}".encode())))
        return usable[:MOST_ASKED]

    def _leave_out(self, replica: Replica, error: PersistenceError) -> None:
        """Ask the replica no more until the next look, unless the question was at fault."""
        at_fault = isinstance(error, DataError) or type(error) is StoreUnavailableError
        if at_fault or not replica.state.is_usable:
            return
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        replica.state = State(reason, replica.state.seen, replica.state.lag_s, monotonic())
        logger.warning("replica %s is not asked: %s", replica.name, reason)
