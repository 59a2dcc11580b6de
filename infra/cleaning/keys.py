"""Clean the idempotency keys: after a while nobody repeats a command.

From then on a repetition is decided afresh. What it asks for is still refused where it cannot
happen twice: a document has the id that its key gave it, a step is decided once, and an `If-Match`
is stale.
"""

from collections.abc import Callable

from infra.eventstore.datastore import Datastore

#: Rows deleted in one transaction.
BATCH = 1_000


def clean_keys(datastore: Datastore, days: int, enough: Callable[[], bool]) -> int:
    """Delete the keys older than `days`; return how many. Safe to run twice at once.

    `datastore` is the operation account's: the application may not delete anything of the log. In
    small transactions, oldest first: what was done when `enough` says so stays done.

    Raises:
        PersistenceError: the server is away or has other troubles; go on later.
    """
    deleted = 0
    with datastore.cursor() as cursor:
        while not enough():
            batch = cursor.execute(
                f"DELETE FROM {datastore.settings.log}.idempotency"
                " WHERE recorded_at < UTC_TIMESTAMP(6) - INTERVAL %s DAY"
                " ORDER BY recorded_at LIMIT %s",
                (days, BATCH),
            )
            deleted += batch
            if batch < BATCH:
                break
    return deleted
