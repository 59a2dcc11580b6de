"""What the log says of one stream, with the place of each event: what auditors read."""

from dataclasses import dataclass
from uuid import UUID

from eventsourcing.persistence import Notification

from domain.metadata import Recorded
from infra.codec import Codec
from infra.eventstore.datastore import Datastore
from infra.eventstore.reading import READ_AGAIN
from infra.eventstore.retrying import retrying


@dataclass(frozen=True)
class History:
    """Reads streams from the log itself, not from a view."""

    datastore: Datastore
    codec: Codec

    def of(self, stream: UUID) -> list[Recorded]:
        """Return the stream's committed events in order, each with its position. One statement."""
        log = self.datastore.settings.log

        def attempt() -> list[Recorded]:
            with self.datastore.cursor() as cursor:
                cursor.execute(
                    f"SELECT version, topic, state, position FROM {log}.event"
                    " WHERE stream = %s ORDER BY version",
                    (stream.bytes,),
                )
                return [
                    self.codec.recorded(Notification(stream, *row)) for row in cursor.fetchall()
                ]

        return retrying(attempt, READ_AGAIN)
