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
from infra.position import EPOCH_DIGITS
from infra.replicas.needed import Needed
from infra.replicas.router import Router
from infra.replicas.servers import Server


@dataclass(frozen=True)
class _Answer:
    events: Sequence[Recorded]
    mark: int
    """Every event of the log up to here was seen; 0 if that was not asked."""
    epoch: str
    """The log's, as positions show it; empty if that was not asked."""


@dataclass(frozen=True)
class History:
    """Reads streams from the log itself, not from a view: of a replica that may answer, if any."""

    router: Router
    codec: Codec

    def of(self, stream: UUID) -> Sequence[Recorded]:
        """Return the stream's committed events in order, each with its position.

        One statement on the primary. A replica first says how far its log is, and of which epoch.
        """
        return self.router.ask(partial(self._read, stream), _is_enough).events

    def _read(self, stream: UUID, server: Server) -> _Answer:
        if server is self.router.primary:
            return retrying(lambda: self._read_once(stream, server), READ_AGAIN)
        return self._read_once(stream, server)

    def _read_once(self, stream: UUID, server: Server) -> _Answer:
        log, mark, epoch = server.datastore.settings.log, 0, b""
        with server.datastore.cursor() as cursor:
            if server is not self.router.primary:
                cursor.execute(
                    "SELECT mark, (SELECT epoch FROM"
                    f" {log}.epoch ORDER BY number DESC LIMIT 1) FROM {log}.settled"
                )
                mark, epoch = cursor.fetchone() or (0, None)
            cursor.execute(
                f"SELECT version, topic, state, position FROM {log}.event"
                " WHERE stream = %s ORDER BY version",
                (stream.bytes,),
            )
            rows = cursor.fetchall()
        events = [self.codec.recorded(Notification(stream, *row)) for row in rows]
        return _Answer(events, int(mark), (epoch or b"").hex()[:EPOCH_DIGITS])


def _is_enough(needed: Needed, answer: _Answer) -> bool:
    return needed.met_by_log(answer.epoch, answer.mark)
