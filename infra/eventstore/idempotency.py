"""One effect for each command, however often it comes: the key is committed with the events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from eventsourcing.persistence import DataError, StoredEvent
from pymysql.cursors import Cursor

from infra.eventstore.errors import KeyReusedError

#: Characters that the column takes.
LONGEST_KEY = 255

_DIGEST = sha256().digest_size


@dataclass(frozen=True)
class Idempotency:
    """The key of an append, and what it stands for."""

    command_id: str
    """At most 255 characters; compared exactly, also case and trailing spaces."""
    request_hash: bytes
    """SHA-256 of the request, 32 bytes: the same key with another one is refused."""

    def __post_init__(self) -> None:
        if not 0 < len(self.command_id) <= LONGEST_KEY:
            raise DataError(
                f"an idempotency key has 1 to {LONGEST_KEY} characters, "
                f"not {len(self.command_id)}: {self.command_id[:80]!r}"
            )
        if not isinstance(self.request_hash, bytes) or len(self.request_hash) != _DIGEST:
            raise DataError(f"request_hash must be the {_DIGEST} bytes of a SHA-256 digest")


class FirstOutcome(list[int]):
    """The positions that the first append with this key took: the repeat wrote nothing."""

    def __init__(self, positions: Iterable[int], *, stream: UUID, version: int) -> None:
        super().__init__(positions)
        self.stream = stream
        """The stream of the first append's first event."""
        self.version = version
        """That event's version."""


class IdempotencyTable:
    """The rows of one log's keys."""

    def __init__(self, log: str) -> None:
        self.insert = (
            f"INSERT INTO {log}.idempotency (command_id, request_hash, stream, version, events)"
            " VALUES (%s, %s, %s, %s, %s)"
        )
        self._select = (
            f"SELECT i.request_hash, i.events, stream, version, e.position FROM {log}.idempotency i"
            f" JOIN {log}.event e USING (stream, version) WHERE i.command_id = %s"
        )

    @staticmethod
    def row(idempotency: Idempotency, events: Sequence[StoredEvent]) -> tuple[object, ...]:
        """Return the parameters of `insert`; all known before the append."""
        first = events[0]
        return (
            idempotency.command_id,
            idempotency.request_hash,
            first.originator_id.bytes,  # type: ignore[union-attr]  # streams are UUIDs
            first.originator_version,
            len(events),
        )

    def first_outcome(self, cursor: Cursor, idempotency: Idempotency) -> FirstOutcome | None:
        """Return what the first append with this key did, None if there was none.

        Raises:
            KeyReusedError: it was another request.
        """
        cursor.execute(self._select, (idempotency.command_id,))
        row = cursor.fetchone()
        if row is None:
            return None
        request_hash, events, stream, version, position = row
        if request_hash != idempotency.request_hash:
            raise KeyReusedError(
                f"the idempotency key {idempotency.command_id!r} was used for another request: "
                "take a new key for a new request"
            )
        return FirstOutcome(
            range(position, position + events), stream=UUID(bytes=stream), version=version
        )
