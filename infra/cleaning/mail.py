"""Clean the mail: notices of which everything is settled, with their deliveries.

No mail is sent twice for it, whoever comes late. A notice is handled by whoever takes it away from
its projection, where it is put once; a delivery is claimed where it is. What is gone is neither.
"""

from collections.abc import Callable

from pymysql.cursors import Cursor

from infra.eventstore.datastore import Datastore
from infra.mail.deliveries import SETTLED, State

#: Notices deleted in one transaction.
BATCH = 500

#: Days for which is kept at the least what somebody should look at: mail of which nobody knows
#: whether it was sent, notices that could not be handled.
UNANSWERED_DAYS = 365

_SETTLED = [state.value for state in SETTLED]


def clean_mail(datastore: Datastore, days: int, enough: Callable[[], bool]) -> int:
    """Delete the notices that have been settled for longer than `days`; return how many.

    What waits or is being sent stays, with all of its notice, and so does for `UNANSWERED_DAYS`
    what is uncertain. In small transactions, oldest first: what was done when `enough` says so
    stays done. Safe to run twice at once, and beside those who send.

    Raises:
        PersistenceError: the server is away or has other troubles; go on later.
    """
    deleted = 0
    while not enough():
        with datastore.transaction() as cursor:
            found = _settled(cursor, datastore.settings.views, days)
            deleted += _delete(cursor, datastore.settings.views, found)
        if len(found) < BATCH:
            break
    return deleted


def _settled(cursor: Cursor, views: str, days: int) -> list[bytes]:
    """Return the oldest notices that may go."""
    longer = max(days, UNANSWERED_DAYS)
    cursor.execute(
        f"SELECT n.notice FROM {views}.notice n"
        " WHERE n.handled_at < UTC_TIMESTAMP(6) - INTERVAL %s DAY"
        " AND (n.error = '' OR n.handled_at < UTC_TIMESTAMP(6) - INTERVAL %s DAY)"
        f" AND NOT EXISTS (SELECT 1 FROM {views}.delivery d WHERE d.notice = n.notice"
        " AND NOT (d.state IN %s AND d.changed_at < UTC_TIMESTAMP(6) - INTERVAL %s DAY)"
        " AND NOT (d.state = %s AND d.changed_at < UTC_TIMESTAMP(6) - INTERVAL %s DAY))"
        " ORDER BY n.handled_at LIMIT %s",
        (days, longer, _SETTLED, days, State.UNCERTAIN.value, longer, BATCH),
    )
    return [notice for (notice,) in cursor.fetchall()]


def _delete(cursor: Cursor, views: str, notices: list[bytes]) -> int:
    """Delete them, but for what an operator has let be sent again since; return how many."""
    if not notices:
        return 0
    cursor.execute(
        f"DELETE FROM {views}.delivery WHERE notice IN %s AND state IN %s",
        (notices, [*_SETTLED, State.UNCERTAIN.value]),
    )
    return cursor.execute(
        f"DELETE FROM {views}.notice WHERE notice IN %s AND NOT EXISTS"
        f" (SELECT 1 FROM {views}.delivery d WHERE d.notice = notice.notice)",
        (notices,),
    )
