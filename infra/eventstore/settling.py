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
from itertools import takewhile
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
    WrongEpochError,
    code_of,
    duplicate_of,
)
from infra.eventstore.stall import Alarm, Blocker, BlockerSearch, Stall

#: The stream of every tombstone.
NIL = bytes(16)

#: Positions looked at in one survey, so that no statement runs for long after a bulk import.
SURVEY = 10_000

#: Tombstones written in one statement, where a span is proven dead.
FILL = 1_000

#: Seconds a thread waits for its turn to settle: longer than a stall, or the filling of many holes.
TURN_S = 60

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
        """The highest mark that this settler has seen; the stored one is never below it."""
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
        mark, _ = self._alone_with_a_cursor(waits=True)
        return mark

    def advance(self) -> tuple[int, bool]:
        """Do what `settle` does up to the first position that has to be waited for.

        Returns the mark, and whether that is as far as `settle` would come.
        """
        return self._alone_with_a_cursor(waits=False)

    def found_mark(self) -> tuple[int, bool]:
        """Return the mark as it is found, and whether this server takes writes now."""
        with self._datastore.cursor() as cursor:
            return self.found_mark_by(cursor)

    def found_mark_by(self, cursor: Cursor) -> tuple[int, bool]:
        """Do what `found_mark` does, on the server that `cursor` is connected to."""
        cursor.execute(  # some versions say 0 or 1, others OFF or a kind of ON
            "SELECT mark, CAST(@@read_only AS CHAR) IN ('0', 'OFF')"
            f" FROM {self._datastore.settings.log}.settled"
        )
        mark, takes_writes = cursor.fetchone() or (0, 0)
        return int(mark), bool(takes_writes)

    def _alone_with_a_cursor(self, *, waits: bool) -> tuple[int, bool]:
        self._datastore.require_safe_to_write()
        is_mine = False  # asked for within the block: an interrupt may come between any two lines
        try:
            is_mine = self._alone.acquire(timeout=TURN_S)
            if not is_mine:
                raise LogStalledError(
                    f"other threads of this process have been settling for {TURN_S} s"
                )
            with self._datastore.filler() as (cursor, connection_id):
                return self._settle(cursor, connection_id, waits=waits)
        finally:
            if is_mine:
                self._alone.release()

    def _settle(self, cursor: Cursor, connection_id: int, *, waits: bool) -> tuple[int, bool]:
        goal: int | None = None
        wait = _Wait(self._datastore.settings.stall_timeout)
        while True:
            cursor.execute(self._survey, (SURVEY,))
            mark, head, visible = cursor.fetchone() or (0, None, 0)
            self._refuse_another_history(mark)
            self.known_mark = mark
            goal = head or 0 if goal is None else goal
            if mark >= goal:
                return int(mark), True
            reach = min(head, mark + SURVEY)
            if visible == reach - mark:
                self._move(cursor, reach)
                if reach >= goal:
                    return int(reach), True
                continue
            hole = self._close_holes(cursor, mark, reach)
            if hole is None:
                continue
            if not waits:
                return self.known_mark, False
            self._refuse_a_wide(hole, self._end_of_wide(cursor, hole, reach))
            self._wait_for(cursor, connection_id, hole[0], wait)

    def _close_holes(self, cursor: Cursor, mark: int, reach: int) -> range | None:
        """Fill the holes up to `reach` if they are dead; else advance to the first.

        Returns the first hole if it is still to be decided.
        """
        cursor.execute(self._visible, (mark, reach))
        seen = {position for (position,) in cursor.fetchall()}
        runs = _runs([position for position in range(mark + 1, reach + 1) if position not in seen])
        if not runs:
            return None  # a rival filled them, or they have committed, since the survey
        narrow = takewhile(lambda run: self._end_of_wide(cursor, run, reach) is None, runs)
        holes = [position for run in narrow for position in run][:FILL]
        if holes and self._all_dead(cursor, holes):
            self._try_to_fill(cursor, holes)
            return None
        if runs[0][0] > mark + 1:
            self._move(cursor, runs[0][0] - 1)
        return runs[0]

    def _wait_for(self, cursor: Cursor, connection_id: int, hole: int, wait: "_Wait") -> None:
        """Fill one hole, waiting for the transaction that may hold it; the second time, name it."""
        if not wait.is_long_for(hole):
            if not self._try_to_fill(cursor, [hole]):
                wait.begin(hole)
            return

        def explain(blocker: Blocker | None) -> None:
            wait.explain(blocker, self._alarm)

        with BlockerSearch(self._datastore, connection_id, explain) as search:
            decided = self._try_to_fill(cursor, [hole])
        if not decided and search.found is None:
            explain(None)

    def _refuse_another_history(self, mark: int) -> None:
        if mark < self.known_mark:
            raise WrongEpochError(
                f"the settled mark went back from {self.known_mark} to {mark}: the server "
                "was restored or replaced; start an epoch, and restart the process"
            )

    def _move(self, cursor: Cursor, mark: int) -> None:
        """Persist that everything up to `mark` is an event or a tombstone."""
        cursor.execute(self._advance, (mark, mark))
        self.known_mark = mark

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
            if duplicate_of(error) not in (None, "PRIMARY"):
                raise LogStalledError(
                    f"position {holes[0]} cannot be settled: somebody else wrote to the stream "
                    f"of tombstones ({error.args[1]!r}); an operator must look at that row"
                ) from error
            return code_of(error) != ER.LOCK_WAIT_TIMEOUT
        return True

    def _end_of_wide(self, cursor: Cursor, run: range, reach: int) -> int | None:
        """Return the visible position that ends a hole wider than the bound, None if it is not."""
        following = run[-1] + 1
        if run[-1] == reach:  # it may go on beyond the survey
            cursor.execute(self._next, (reach,))
            (found,) = cursor.fetchone() or (None,)
            following = found or following
        return following if following - run[0] > self._datastore.settings.widest_hole else None

    def _refuse_a_wide(self, run: range, following: int | None) -> None:
        if following is None:
            return
        bound = self._datastore.settings.widest_hole
        stall = Stall(
            run[0],
            f"the positions up to the event at {following} are unused, more than {bound}: see who "
            f"inserted that event; to fill them all the same, settle once with a larger "
            "MARIADB_WIDEST_HOLE",
        )
        self._alarm(stall)
        raise HoleTooWideError(str(stall))


def _runs(positions: Sequence[int]) -> list[range]:
    """Return ascending positions as runs of consecutive ones."""
    runs: list[range] = []
    for position in positions:
        if runs and runs[-1].stop == position:
            runs[-1] = range(runs[-1].start, position + 1)
        else:
            runs.append(range(position, position + 1))
    return runs


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
