"""What operators see of mail: how much is in which state, and what they are to decide."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from infra.eventstore.datastore import Datastore
from infra.mail.deliveries import LONGEST_ERROR, TROUBLED, State
from infra.mail.words import one_line

#: Deliveries that are shown, at most.
SHOWN = 100


@dataclass(frozen=True)
class Shown:
    """One delivery, or a notice that reached nobody because it could not be handled."""

    id: str
    """What `ringi mail retry` takes: `<notice>.<login>`."""
    kind: str
    state: str
    attempts: int
    due_at: datetime
    error: str
    """Perhaps in the words of a server; nothing unseen is in it."""


def counts(datastore: Datastore) -> dict[str, int]:
    """Return how many deliveries are in each state, and how many notices reach nobody."""
    views = datastore.settings.views
    with datastore.cursor() as cursor:
        cursor.execute(f"SELECT state, COUNT(*) FROM {views}.delivery GROUP BY state")
        found = {state: int(count) for state, count in cursor.fetchall()}
        cursor.execute(
            # People without an address were once counted with the notice.
            "SELECT COALESCE(SUM(no_address), 0), COALESCE(SUM(error <> ''), 0)"
            f" FROM {views}.notice"
        )
        before, failed = cursor.fetchone() or (0, 0)
    states = {state.value: found.get(state.value, 0) for state in State}
    states[State.NO_ADDRESS] += int(before)
    return {**states, "not_handled": int(failed)}


def deliveries(datastore: Datastore, *, troubled: bool) -> list[Shown]:
    """Return the latest deliveries that are not sent; with `troubled` those to be decided."""
    views = datastore.settings.views
    states = [
        each for each in State if each is not State.SENT and (each in TROUBLED or not troubled)
    ]
    with datastore.cursor() as cursor:
        cursor.execute(
            "SELECT d.notice, d.login, n.kind, d.state, d.attempts, d.due_at, d.error"
            f" FROM {views}.delivery d JOIN {views}.notice n USING (notice)"
            " WHERE d.state IN %s ORDER BY d.changed_at DESC LIMIT %s",
            ([state.value for state in states], SHOWN),
        )
        return [
            Shown(
                f"{UUID(bytes=notice)}.{login}",
                kind,
                state,
                attempts,
                _utc(due_at),
                one_line(error, LONGEST_ERROR),
            )
            for notice, login, kind, state, attempts, due_at, error in cursor.fetchall()
        ]


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC)
