"""Pass no position before it is an event or a tombstone: the log's one rule for readers.

InnoDB gives out positions before transactions commit, so they become visible out of order, and
a reader that goes by `position > last` loses events for good. A settler passes position n only
if row n is visible, or if it has itself committed a tombstone there:

- n is in flight: the tombstone's INSERT waits for that transaction. If it commits, the INSERT
  fails as a duplicate, and the next survey finds the event; if it rolls back, the tombstone stands.
- n was given out and nothing was inserted: the tombstone wins, and the writer's own INSERT fails
  as a duplicate of PRIMARY, and its whole transaction is tried again with new positions.

No clock takes part in what is passed. `docs/eventstore.md` draws it.
"""

from collections.abc import Sequence
from threading import Lock
from time import monotonic

import pymysql
from pymysql.constants import ER
from pymysql.cursors import Cursor

from infra.eventstore.datastore import Datastore
from infra.eventstore.errors import (
    CONTENTION,
    HoleTooWideError,
    LogStalledError,
    code_of,
)
from infra.eventstore.stall import Alarm, Blocker, BlockerSearch, Stall

#: The stream of every tombstone.
NIL = bytes(16)

#: Positions looked at in one survey, so that no statement runs for long after a bulk import.
SURVEY = 10_000

#: Tombstones written in one statement, where a span is proven dead.
FILL = 1_000

#: A rival decided first (1062), or the server let another transaction go first: look again.
_LOOK_AGAIN = CONTENTION | {ER.DUP_ENTRY}


class Settler:
    """Advances the settled mark of one log.

    Any number of settlers may work at once, in any processes: the mark only grows, and below it
    nothing ever changes.
    """

    def __init__(self, datastore: Datastore, alarm: Alarm) -> None:
        log = datastore.settings.log
        self._datastore = datastore
        self._alarm = alarm
        self._alone = Lock()
        self.known_mark = 0
        """The highest mark seen by this process; never above the stored one."""
        self._survey = (
            f"SELECT s.mark, (SELECT MAX(position) FROM {log}.event), (SELECT COUNT(*)"
            f" FROM {log}.event WHERE position > s.mark AND position <= s.mark + %s)"
            f" FROM {log}.settled s"
        )
        self._visible = (
            f"SELECT position FROM {log}.event WHERE position > %s AND position <= %s"
            " ORDER BY position"
        )
        self._next = f"SELECT MIN(position) FROM {log}.event WHERE position > %s"
        self._advance = f"UPDATE {log}.settled SET mark = %s WHERE mark < %s"
        self._probe = (
            f"SELECT position FROM {log}.event WHERE position IN %s LOCK IN SHARE MODE NOWAIT"
        )
        self._fill = f"INSERT INTO {log}.event (position, stream, version, topic, state) VALUES "

    def settle(self) -> int:
        """Return the mark, at or above every position committed before the call.

        One statement if nothing is new, two if what is new has no holes. Waits for transactions
        in flight below what is committed.

        Raises:
            LogStalledError: one of them stayed in flight for `stall_timeout`; the message names
                its connection. The alarm was raised long before.
            HoleTooWideError: more positions are unused than `widest_hole`.
        """
        timeout = self._datastore.settings.stall_timeout
        if not self._alone.acquire(timeout=timeout):
            raise LogStalledError(
                f"another thread of this process has been settling for {timeout} s"
            )
        try:
            with self._datastore.filler() as (cursor, connection_id):
                return self._settle(cursor, connection_id)
        finally:
            self._alone.release()

    def found_mark(self) -> int:
        """Return the mark as it is found: what a reader of a replica goes by."""
        with self._datastore.cursor() as cursor:
            cursor.execute(f"SELECT mark FROM {self._datastore.settings.log}.settled")
            (self.known_mark,) = cursor.fetchone() or (0,)
        return self.known_mark

    def _settle(self, cursor: Cursor, connection_id: int) -> int:
        goal: int | None = None
        wait = _Wait(self._datastore.settings.stall_timeout)
        while True:
            cursor.execute(self._survey, (SURVEY,))
            mark, head, visible = cursor.fetchone() or (0, None, 0)
            self.known_mark = max(self.known_mark, mark)
            goal = head or 0 if goal is None else goal
            if mark >= goal:
                return int(mark)
            reach = min(head, mark + SURVEY)
            if visible == reach - mark:
                cursor.execute(self._advance, (reach, reach))
                continue
            self._close_holes(cursor, connection_id, mark, reach, wait)

    def _close_holes(
        self, cursor: Cursor, connection_id: int, mark: int, reach: int, wait: "_Wait"
    ) -> None:
        """Advance to the first hole above `mark`; fill it, and others with it if all are dead."""
        cursor.execute(self._visible, (mark, reach))
        seen = {position for (position,) in cursor.fetchall()}
        holes = [position for position in range(mark + 1, reach + 1) if position not in seen]
        if not holes:
            return  # a rival filled them, or they have committed, since the survey
        if not seen:
            self._refuse_wide_hole(cursor, holes[0])
        if self._all_dead(cursor, holes[:FILL]):
            self._try_to_fill(cursor, holes[:FILL])
            return
        if holes[0] > mark + 1:
            cursor.execute(self._advance, (holes[0] - 1, holes[0] - 1))
        self._wait_for(cursor, connection_id, holes[0], wait)

    def _wait_for(self, cursor: Cursor, connection_id: int, hole: int, wait: "_Wait") -> None:
        """Fill one hole, waiting for the transaction that may hold it; the second time, name it."""
        if not wait.is_long_for(hole):
            if not self._try_to_fill(cursor, [hole]):
                wait.begin(hole)
            return
        with BlockerSearch(self._datastore, connection_id) as search:
            decided = self._try_to_fill(cursor, [hole])
        if search.found or not decided:
            wait.explain(search.found, self._alarm)

    def _all_dead(self, cursor: Cursor, holes: Sequence[int]) -> bool:
        """Tell whether no transaction has inserted any of `holes`, committed or in flight.

        Only then may many be filled in one statement: a filler that waited for a writer while it
        held tombstones which that writer runs into would be a deadlock.
        """
        try:
            cursor.execute(self._probe, (tuple(holes),))
        except pymysql.MySQLError as error:
            if code_of(error) in CONTENTION:
                return False
            raise
        return not cursor.fetchall()

    def _try_to_fill(self, cursor: Cursor, holes: Sequence[int]) -> bool:
        """Write tombstones, all or none; return False if a lock was waited for in vain."""
        rows = [value for hole in holes for value in (hole, NIL, hole)]
        values = ", ".join(["(%s, %s, %s, '', '')"] * len(holes))
        try:
            cursor.execute(self._fill + values, rows)
        except pymysql.MySQLError as error:
            if code_of(error) not in _LOOK_AGAIN:
                raise
            return code_of(error) != ER.LOCK_WAIT_TIMEOUT
        return True

    def _refuse_wide_hole(self, cursor: Cursor, first: int) -> None:
        cursor.execute(self._next, (first,))
        (following,) = cursor.fetchone() or (None,)
        width = (following or first) - first
        if width <= self._datastore.settings.widest_hole:
            return
        stall = Stall(
            first,
            f"{width} positions up to {following - 1} are unused, more than "
            f"{self._datastore.settings.widest_hole}: see who inserted position {following}; "
            "to fill them all the same, settle once with a larger MARIADB_WIDEST_HOLE",
        )
        self._alarm(stall)
        raise HoleTooWideError(str(stall))


class _Wait:
    """How long a settler has been waiting for one and the same position."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._position = 0
        self._since = 0.0
        self._stall: Stall | None = None

    def begin(self, position: int) -> None:
        """Remember that `position` could not be decided within the filler's lock time-out."""
        if position != self._position:
            self._position, self._since, self._stall = position, monotonic(), None

    def is_long_for(self, position: int) -> bool:
        """Tell whether `position` has been waited for before.

        Raises:
            LogStalledError: for longer than the time-out.
        """
        if position != self._position:
            return False
        if monotonic() - self._since > self._timeout_s:
            raise LogStalledError(
                f"{self._stall or Stall(position, 'a transaction in flight holds it')}; "
                "end that connection, or let idle_transaction_timeout do it, and read again"
            )
        return True

    def explain(self, blocker: Blocker | None, alarm: Alarm) -> None:
        """Raise the alarm, once for each position and holder."""
        if self._stall and self._stall.blocker == blocker:
            return
        held_by = str(blocker) if blocker else "a transaction in flight that could not be found"
        self._stall = Stall(self._position, f"it is held by {held_by}", blocker)
        alarm(self._stall)
