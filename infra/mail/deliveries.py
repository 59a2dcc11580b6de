"""The table of deliveries: which mail to whom is in which state. Each method is one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from domain.notices import NoticeKind
from infra.eventstore.datastore import Datastore

#: Characters of an error that are kept.
LONGEST_ERROR = 500


class State(StrEnum):
    """How far a delivery is."""

    WAITING = "waiting"
    """To be sent when it is due."""
    SENDING = "sending"
    """A worker gives it to the server now."""
    SENT = "sent"
    """The server has taken it."""
    REFUSED = "refused"
    """The server will not take it for this address."""
    GIVEN_UP = "given_up"
    """It was tried for a day."""
    UNCERTAIN = "uncertain"
    """The server may or may not have taken it: nothing but an operator sends it again."""
    NO_ADDRESS = "no_address"
    """The person had none, or was not active any more."""


#: What an operator is to know of, and may send again.
TROUBLED = (State.REFUSED, State.GIVEN_UP, State.UNCERTAIN)

#: What nobody does anything about any more, unless an operator says so, and nobody need ask.
SETTLED = (State.SENT, State.REFUSED, State.GIVEN_UP, State.NO_ADDRESS)


@dataclass(frozen=True)
class Ending:
    """What an attempt came to."""

    state: State
    error: str = ""
    again_in_s: float = 0.0
    """When it is due again, where it waits."""


@dataclass(frozen=True)
class Delivery:
    """One mail to one person."""

    notice: UUID
    login: str
    kind: NoticeKind
    stream: UUID
    version: int
    """Of the event that it tells."""
    attempts: int
    """Begun before."""
    made_at: datetime

    @property
    def name(self) -> str:
        """What it is called among operators and files: `<notice>.<login>`."""
        return f"{self.notice}.{self.login}"


class Deliveries:
    """The statements on `delivery`. Safe to use from many threads and processes."""

    def __init__(self, datastore: Datastore) -> None:
        views = datastore.settings.views
        self._datastore = datastore
        self._table = f"{views}.delivery"
        self._due = (
            "SELECT d.notice, d.login, n.kind, n.stream, n.version, d.attempts, n.handled_at"
            f" FROM {self._table} d JOIN {views}.notice n USING (notice)"
            " WHERE d.state = 'waiting' AND d.due_at <= UTC_TIMESTAMP(6) ORDER BY d.due_at LIMIT %s"
        )

    def due(self, limit: int) -> list[Delivery]:
        """Return the first that are due, the longest waiting first."""
        with self._datastore.cursor() as cursor:
            cursor.execute(self._due, (limit,))
            return [
                Delivery(
                    UUID(bytes=notice),
                    login,
                    NoticeKind(kind),
                    UUID(bytes=stream),
                    version,
                    attempts,
                    made_at.replace(tzinfo=UTC),
                )
                for notice, login, kind, stream, version, attempts, made_at in cursor.fetchall()
            ]

    def claim(self, delivery: Delivery, worker: str) -> bool:
        """Begin to send it; return False if somebody else did. Committed when this returns."""
        return self._update(
            "state = 'sending', worker = %s, attempts = attempts + 1, error = ''",
            (worker,),
            *_as_it_was(delivery),
        )

    def end(self, delivery: Delivery, worker: str, ending: Ending) -> bool:
        """Write down how it ended with a worker that had claimed it.

        Also where it was found uncertain meanwhile; not where an operator sent it again. Returns
        whether it was written.
        """
        return self._update(
            f"{_ENDED}, worker = NULL",
            _ended(ending),
            "worker = %s AND state IN ('sending', 'uncertain')",
            (worker,),
            delivery,
        )

    def end_unclaimed(self, delivery: Delivery, ending: Ending) -> bool:
        """Write down how an attempt ended that came to no claim; False if somebody was faster."""
        return self._update(
            f"{_ENDED}, attempts = attempts + 1", _ended(ending), *_as_it_was(delivery)
        )

    def retry(self, notice: UUID, login: str) -> bool:
        """Let it be sent again; return whether it was in a state for that."""
        with self._datastore.cursor() as cursor:
            cursor.execute(
                f"UPDATE {self._table} SET state = 'waiting', attempts = 0, worker = NULL,"
                " due_at = UTC_TIMESTAMP(6), changed_at = UTC_TIMESTAMP(6)"
                " WHERE notice = %s AND login = %s AND state IN %s",
                (notice.bytes, login, [state.value for state in (*TROUBLED, State.NO_ADDRESS)]),
            )
            return cursor.rowcount == 1

    def sending_workers(self) -> Sequence[str]:
        """Return the workers that have claimed something."""
        with self._datastore.cursor() as cursor:
            cursor.execute(f"SELECT DISTINCT worker FROM {self._table} WHERE state = 'sending'")
            return [worker for (worker,) in cursor.fetchall()]

    def orphan(self, worker: str) -> int:
        """Make uncertain what a dead worker had claimed; return how many."""
        with self._datastore.cursor() as cursor:
            cursor.execute(
                f"UPDATE {self._table} SET state = 'uncertain', changed_at = UTC_TIMESTAMP(6),"
                " error = 'its worker ended between sending it and writing down what came of it'"
                " WHERE state = 'sending' AND worker = %s",
                (worker,),
            )
            return cursor.rowcount

    def _update(
        self,
        what: str,
        values: Sequence[object],
        where: str,
        conditions: Sequence[object],
        delivery: Delivery,
    ) -> bool:
        with self._datastore.cursor() as cursor:
            cursor.execute(
                f"UPDATE {self._table} SET {what}, changed_at = UTC_TIMESTAMP(6)"
                f" WHERE notice = %s AND login = %s AND {where}",
                (*values, delivery.notice.bytes, delivery.login, *conditions),
            )
            return cursor.rowcount == 1


_ENDED = "state = %s, error = %s, due_at = UTC_TIMESTAMP(6) + INTERVAL %s MICROSECOND"


def _ended(ending: Ending) -> tuple[object, ...]:
    return ending.state.value, ending.error[:LONGEST_ERROR], int(ending.again_in_s * 1e6)


def _as_it_was(delivery: Delivery) -> tuple[str, tuple[int], Delivery]:
    """Return the condition that nobody has touched it since it was read."""
    return "state = 'waiting' AND attempts = %s", (delivery.attempts,), delivery
