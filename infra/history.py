"""What the log says of one stream, with the place of each event: what auditors read."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from eventsourcing.persistence import Notification

from domain.metadata import Recorded
from infra.codec import Codec
from infra.eventstore.reading import READ_AGAIN
from infra.eventstore.retrying import retrying
from infra.replicas.needed import Needed
from infra.replicas.router import Router
from infra.replicas.servers import Server


@dataclass(frozen=True)
class _Answer:
    events: Sequence[Recorded]
    mark: int
    """Every event of the log up to here was seen; 0 if that was not asked."""


@dataclass(frozen=True)
class History:
    """Reads streams from the log itself, not from a view: of a replica that may answer, if any."""

    router: Router
    codec: Codec

    def of(self, stream: UUID) -> Sequence[Recorded]:
        """Return the stream's committed events in order, each with its position.

        One statement on the primary. A replica first says how far its log is.
        """
        return self.router.ask(partial(self._read, stream), _is_enough).events

    def _read(self, stream: UUID, server: Server) -> _Answer:
        if server is self.router.primary:
            return retrying(lambda: self._read_once(stream, server), READ_AGAIN)
        return self._read_once(stream, server)

    def _read_once(self, stream: UUID, server: Server) -> _Answer:
        log, mark = server.datastore.settings.log, 0
        with server.datastore.cursor() as cursor:
            if server is not self.router.primary:
                cursor.execute(f"SELECT mark FROM {log}.settled")
                (mark,) = cursor.fetchone() or (0,)
            cursor.execute(
                f"SELECT version, topic, state, position FROM {log}.event"
                " WHERE stream = %s ORDER BY version",
                (stream.bytes,),
            )
            rows = cursor.fetchall()
        return _Answer([self.codec.recorded(Notification(stream, *row)) for row in rows], int(mark))


def _is_enough(needed: Needed, answer: _Answer) -> bool:
    return answer.mark >= needed.reach
