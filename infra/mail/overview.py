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


@dataclass(frozen=True)
class Unreached:
    """Somebody without an address, or who is not active, when mails were to be sent."""

    login: str
    count: int
    """How many."""


def counts(datastore: Datastore) -> dict[str, int]:
    """Return how many deliveries are in each state, and how many notices reach nobody."""
    views = datastore.settings.views
    with datastore.cursor() as cursor:
        cursor.execute(f"SELECT state, COUNT(*) FROM {views}.delivery GROUP BY state")
        found = {state: int(count) for state, count in cursor.fetchall()}
        cursor.execute(f"SELECT COUNT(*) FROM {views}.notice WHERE error <> ''")
        (failed,) = cursor.fetchone() or (0,)
    states = {state.value: found.get(state.value, 0) for state in State}
    return {**states, "not_handled": int(failed)}


def unreached(datastore: Datastore) -> list[Unreached]:
    """Return who could not be written to for want of an address, the most mails first."""
    with datastore.cursor() as cursor:
        cursor.execute(
            f"SELECT login, COUNT(*) AS mails FROM {datastore.settings.views}.delivery"
            " WHERE state = %s GROUP BY login ORDER BY mails DESC, login LIMIT %s",
            (State.NO_ADDRESS.value, SHOWN),
        )
        return [Unreached(login, int(mails)) for login, mails in cursor.fetchall()]


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
