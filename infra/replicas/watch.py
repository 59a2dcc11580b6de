"""Looks at the replicas from time to time, and says which of them may be asked."""

import logging
from collections import deque
from collections.abc import Sequence
from math import inf, isinf
from threading import Event, Lock, Thread
from time import monotonic

from eventsourcing.persistence import PersistenceError

from infra.eventstore.datastore import Datastore
from infra.eventstore.errors import ForeignSchemaError
from infra.replicas.looking import Seen, age_of_lacking, look, refusal
from infra.replicas.servers import Replica, State

#: Seconds between two rounds.
EVERY_S = 0.5

#: Seconds for which a process's first questions wait for the first round.
FIRST_ROUND_S = 0.5

#: Looks at the primary that are remembered, to tell how old the state is that a replica shows.
LOOKS = 64

logger = logging.getLogger("ringi.replicas")


class Watch:
    """One thread of this process, begun by the first question. Safe to use from many threads.

    A replica is left out while it does not answer, is none of this log, or lacks what the primary
    has had for longer than `longest_lag_s`; it is taken back by the first round that finds it well.
    While the primary does not answer, replicas that show all that it was last seen to have stay.
    """

    def __init__(
        self, primary: Datastore, replicas: Sequence[Replica], projection: str, longest_lag_s: float
    ) -> None:
        self._primary = primary
        self._replicas = replicas
        self._projection = projection
        self._longest_lag_s = longest_lag_s
        self._alone = Lock()
        self._thread: Thread | None = None
        self._ended = Event()
        self._first_round = Event()
        self._begun_at = -inf
        self._there: Seen | None = None
        self._looks: deque[tuple[float, Seen]] = deque(maxlen=LOOKS)
        self._level_at = dict.fromkeys(replicas, -inf)
        """When the primary had no more than what the replica was seen to have."""

    def begin(self) -> None:
        """See that the thread runs, also after a fork; give its first round a moment."""
        if self._thread is None or not self._thread.is_alive():
            self._start()
        if not self._first_round.is_set():
            self._first_round.wait(max(0.0, self._begun_at + FIRST_ROUND_S - monotonic()))

    def _start(self) -> None:
        with self._alone:
            if self._ended.is_set() or (self._thread is not None and self._thread.is_alive()):
                return
            self._begun_at = monotonic()
            self._thread = Thread(target=self._run, name="ringi-replicas", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """End the thread. Idempotent."""
        self._ended.set()
        thread = self._thread
        if thread is not None and thread.is_alive():
            thread.join(timeout=EVERY_S)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.round()
            except Exception:
                logger.exception("a look at the replicas failed")
            self._first_round.set()
            self._ended.wait(EVERY_S)

    def round(self) -> Seen | None:
        """Look at the primary, then at each replica; return how far the primary was."""
        at = monotonic()
        try:
            self._there = look(self._primary, self._projection)
        except PersistenceError as error:
            logger.debug("the primary does not tell how far it is: %s", error)
        else:
            self._looks.append((at, self._there))
        for replica in self._replicas:
            self._judge(replica, at)
        return self._there

    def _judge(self, replica: Replica, at: float) -> None:
        before, now = replica.state, self._state(replica, at)
        if self._ended.is_set():
            return
        replica.state = now
        if now.reason != before.reason and now.reason:
            logger.warning("replica %s is not asked: %s", replica.name, now.reason)
        elif before.reason and not now.reason:
            logger.info("replica %s is asked from now on", replica.name)

    def _state(self, replica: Replica, at: float) -> State:
        if self._there is None:
            return State("how far the primary is, is not known yet", at=monotonic())
        try:
            seen = look(replica.datastore, self._projection)
        except Exception as error:  # noqa: BLE001  # a bad parameter of a URL is a TypeError
            return State(_said(error), at=monotonic())
        reason = refusal(seen, self._there)
        if reason:
            return State(reason, seen, at=monotonic())
        if self._there.epoch is not None:
            replica.datastore.expect_epoch(self._there.epoch)
        lag_s = self._lag_s(replica, seen, self._there, at)
        if isinf(lag_s):
            reason = "it lacks what the primary has, nobody saw since when"
        elif lag_s > self._longest_lag_s:
            reason = f"it lacks what the primary has had for more than {self._longest_lag_s:g} s"
        return State(reason, seen, lag_s, monotonic())

    def _lag_s(self, replica: Replica, seen: Seen, there: Seen, at: float) -> float:
        """Return for how long the primary has had what the replica lacks; inf if nobody knows.

        That is since the newest look at the primary whose findings the replica shows, or since the
        oldest event that it lacks, if that is later. But a rebuild, or a retry of parked events,
        has no age in the log: then it is the look that counts.
        """
        if seen.covers(there):
            self._level_at[replica] = at
            return 0.0
        lacked_at = at
        for looked_at, found in reversed(self._looks):
            if seen.covers(found):
                self._level_at[replica] = max(self._level_at[replica], looked_at)
                break
            lacked_at = looked_at
        now = monotonic()
        lag_s = now - self._level_at[replica]
        if seen.is_older_by_events_only(there):
            try:
                lag_s = min(lag_s, age_of_lacking(self._primary, seen, there))
            except PersistenceError:
                logger.debug("the primary does not tell how old what a replica lacks is")
        return max(lag_s, now - lacked_at)


def _said(error: Exception) -> str:
    said = f"{type(error).__name__}: {' '.join(str(error).split())}"
    if isinstance(error, ForeignSchemaError):
        return f"it has none of this log's tables, or its account may not read them ({said})"
    return said
