"""The table `schedule`: what the scheduler did last of each entry, and who has an entry now.

All instants are the server's, so that schedulers on machines with other clocks agree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from infra.eventstore.datastore import Datastore

#: Characters of an error that are kept.
LONGEST_ERROR = 500

#: Seconds after which what needs no claim is noted again, while nothing changes: it runs every
#: second, and each note is a commit.
NOTED_S = 30


#: Seconds by which a start lies ahead of the server's clock when that was surely set back. Less may
#: be a rival's, which was noted while our statement waited: an instant is that of its beginning.
AHEAD_S = 60

#: What a status says then.
CLOCK = "the server's clock was set back since: it runs at the next look"


@dataclass(frozen=True)
class Period:
    """When an entry is due, and when a run of it is given up for dead."""

    entry: str
    every_s: int
    longest_s: int


class Schedule:
    """The statements on the table. Each call is one transaction at most."""

    def __init__(self, datastore: Datastore) -> None:
        table = f"{datastore.settings.views}.schedule"
        self._datastore = datastore
        self._columns = "entry, every_s, longest_s, worker, error, last_started, last_ended"
        self._take = (
            f"UPDATE {table} SET every_s = %s, longest_s = %s, worker = %s, error = '',"
            " last_started = UTC_TIMESTAMP(6), last_ended = NULL WHERE entry = %s"
            " AND (last_started <= UTC_TIMESTAMP(6) - INTERVAL %s SECOND"
            " AND (last_ended IS NOT NULL"
            " OR last_started <= UTC_TIMESTAMP(6) - INTERVAL longest_s SECOND)"
            f" OR last_started > UTC_TIMESTAMP(6) + INTERVAL {AHEAD_S} SECOND)"
        )
        self._first = (
            f"INSERT IGNORE INTO {table} ({self._columns})"
            " VALUES (%s, %s, %s, %s, '', UTC_TIMESTAMP(6), NULL)"
        )
        self._end = (
            f"UPDATE {table} SET last_ended = UTC_TIMESTAMP(6), error = %s"
            " WHERE entry = %s AND worker = %s AND last_ended IS NULL"
        )
        self._note = (
            f"REPLACE INTO {table} ({self._columns}) VALUES (%s, %s, %s, %s, %s,"
            " UTC_TIMESTAMP(6) - INTERVAL %s SECOND, UTC_TIMESTAMP(6) - INTERVAL %s SECOND)"
        )
        self._rows = (
            "SELECT entry, every_s, longest_s, worker, error, last_started, last_ended,"
            f" UTC_TIMESTAMP(6) FROM {table} ORDER BY entry"
        )

    def claim(self, period: Period, worker: str) -> bool:
        """Take an entry that is due; return False if it is not, or if somebody else is at it.

        However many runs were missed, one claim makes up for them. A claim ends with `end`, and in
        any case after `longest_s`: then whoever had it is dead, or hangs.
        """
        name, every_s, longest_s = period.entry, period.every_s, period.longest_s
        with self._datastore.cursor() as cursor:
            if cursor.execute(self._take, (every_s, longest_s, worker, name, every_s)):
                return True
            return bool(cursor.execute(self._first, (name, every_s, longest_s, worker)))

    def end(self, entry: str, worker: str, error: str) -> None:
        """Tell how a claimed run ended; nothing if it was given up for dead meanwhile."""
        with self._datastore.cursor() as cursor:
            cursor.execute(self._end, (error[:LONGEST_ERROR], entry, worker))

    def note(
        self, period: Period, worker: str, error: str, began_ago_s: float, ended_ago_s: float | None
    ) -> None:
        """Tell of a run that needed no claim; `ended_ago_s` is None while it is under way."""
        row = (period.entry, period.every_s, period.longest_s, worker, error[:LONGEST_ERROR])
        with self._datastore.cursor() as cursor:
            cursor.execute(self._note, (*row, began_ago_s, ended_ago_s))

    def rows(self) -> Sequence[Mapping[str, object]]:
        """Return a row for each entry: when it ran last and runs next, how long it took, why not.

        Instants are in UTC; `late_s`: how long ago the entry should have run again, or have ended.
        """
        with self._datastore.cursor() as cursor:
            cursor.execute(self._rows)
            return [_shown(*row) for row in cursor.fetchall()]


def _shown(  # noqa: PLR0917  # the columns, in their order
    entry: str,
    every_s: int,
    longest_s: int,
    worker: str,
    error: str,
    started: datetime,
    ended: datetime | None,
    now: datetime,
) -> Mapping[str, object]:
    is_ahead = started > now + timedelta(seconds=AHEAD_S)
    due = now if is_ahead else started + timedelta(seconds=every_s if ended else longest_s)
    return {
        "entry": entry,
        "last_run": _instant(started),
        "took_s": round(max(0.0, (ended - started).total_seconds()), 3) if ended else None,
        "next_run": _instant(max(due, now)) if ended or is_ahead else None,
        "late_s": round(max(0.0, (now - due).total_seconds() - NOTED_S)),
        "error": error or (CLOCK if is_ahead else ""),
        "worker": worker,
    }


def _instant(at: datetime) -> str:
    return at.replace(tzinfo=UTC).isoformat(timespec="seconds")
