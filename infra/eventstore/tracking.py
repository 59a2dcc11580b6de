"""One row for each consumed log, whose position only grows.

The compare-and-set is one statement, so that it can stand in a block and rests on nothing else:
a position that does not grow becomes NULL, which the column refuses (error 1048, in strict mode,
which every session of ours has), and the whole transaction with it.
"""

import pymysql
from eventsourcing.persistence import DataError, Tracking
from pymysql.constants import ER
from pymysql.cursors import Cursor

from infra.eventstore.errors import TrackingConflictError, code_of

#: Characters that the column takes.
LONGEST_NAME = 255

#: What the column takes (BIGINT UNSIGNED).
HIGHEST_POSITION = 2**64 - 1


class TrackingTable:
    """The statements of the table in the database `views`."""

    def __init__(self, views: str) -> None:
        self.upsert = (
            f"INSERT INTO {views}.tracking (application_name, position) VALUES (%s, %s)"
            " ON DUPLICATE KEY UPDATE"
            " position = IF(VALUES(position) > position, VALUES(position), NULL)"
        )
        self._select = f"SELECT position FROM {views}.tracking WHERE application_name = %s"

    def insert(self, cursor: Cursor, tracking: Tracking) -> None:
        """Move the row forward.

        Raises:
            TrackingConflictError: it is there already, or beyond.
        """
        try:
            cursor.execute(self.upsert, self.row(tracking))
        except pymysql.MySQLError as error:
            if is_stale(error):
                raise conflict(tracking) from error
            raise

    def position(self, cursor: Cursor, application_name: str) -> int | None:
        """Return the row's position, None if there is no row."""
        cursor.execute(self._select, (application_name,))
        row = cursor.fetchone()
        return row[0] if row else None

    @staticmethod
    def row(tracking: Tracking) -> tuple[str, int]:
        """Return the parameters of `upsert`.

        Raises:
            DataError: the name is longer than the column, or the position is none.
        """
        if not 0 <= tracking.notification_id <= HIGHEST_POSITION:
            raise DataError(f"not a position: {tracking.notification_id}")
        if len(tracking.application_name) > LONGEST_NAME:
            raise DataError(
                f"an application name has at most {LONGEST_NAME} characters, not "
                f"{len(tracking.application_name)}: {tracking.application_name[:80]!r}"
            )
        return tracking.application_name, tracking.notification_id


def is_stale(error: pymysql.MySQLError) -> bool:
    """Tell whether a position was refused because it does not grow."""
    return code_of(error) == ER.BAD_NULL_ERROR and "'position'" in str(error.args[1])


def conflict(tracking: Tracking) -> TrackingConflictError:
    """Return the error for a position that was recorded before."""
    return TrackingConflictError(
        f"{tracking.application_name!r} has been tracked at or beyond "
        f"{tracking.notification_id}: this event was processed before"
    )
