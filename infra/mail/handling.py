"""Notices become deliveries: whom each is for is asked once, and written down with it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from eventsourcing.persistence import PersistenceError
from pymysql.cursors import Cursor

from domain.notices import NoticeKind
from infra.eventstore.datastore import Datastore
from infra.mail.deliveries import LONGEST_ERROR
from infra.mail.people import People, Recipient
from infra.mail.telling import Telling
from infra.views.tables import Tables
from projections.notices import Addressee

#: Notices that are looked at in one go.
BATCH = 100

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Notice:
    """A row of the projection: somebody is to be told of an event."""

    notice: UUID
    kind: NoticeKind
    stream: UUID
    version: int
    addressee: Addressee
    name: str
    excluded: frozenset[str]


@dataclass(frozen=True)
class Handling:
    """Takes notices out of their projection's table. Rivals may do so at the same time."""

    datastore: Datastore
    notices: Tables
    """Those of the projection `notices`."""
    people: People
    telling: Telling

    def handle_all(self, stopping: Callable[[], bool]) -> int:
        """Handle every notice that waits, or until `stopping`; return how many that were.

        Raises:
            PersistenceError: the server is away; what was handled stays handled.
        """
        handled = 0
        while not stopping() and (batch := self._next()):
            for notice in batch:
                self._handle(notice)
            handled += len(batch)
        return handled

    def _next(self) -> Sequence[Notice]:
        rows = self.notices.select(
            "SELECT notice, kind, stream, version, addressee, name, excluded FROM {notice}"
            " ORDER BY number, notice LIMIT %s",
            (BATCH,),
        )
        return [
            Notice(
                UUID(bytes=notice),
                NoticeKind(kind),
                UUID(bytes=stream),
                version,
                Addressee(addressee),
                name,
                frozenset(msgspec.json.decode(excluded)),
            )
            for notice, kind, stream, version, addressee, name, excluded in rows
        ]

    def _handle(self, notice: Notice) -> None:
        try:
            recipients, error = self._recipients(notice), ""
        except PersistenceError:
            raise
        except Exception as failure:  # one notice's trouble is not the others'
            recipients, error = [], f"{type(failure).__name__}: {failure}"
            logger.exception("notice %s reaches nobody", notice.notice)
        with self.datastore.transaction() as cursor:
            if self._is_first(cursor, notice, recipients, error):
                self._add(cursor, notice, recipients)
            cursor.execute(
                f"DELETE FROM {self.notices['notice']} WHERE notice = %s", (notice.notice.bytes,)
            )

    def _recipients(self, notice: Notice) -> list[Recipient]:
        if notice.addressee is Addressee.ROLE:
            return self.people.holders(notice.name, notice.kind, notice.excluded)
        login = notice.name
        if notice.addressee is Addressee.REQUESTER:
            login = self.telling.requester(notice.stream)
        return self.people.one(login, notice.kind)

    def _is_first(
        self, cursor: Cursor, notice: Notice, recipients: Sequence[Recipient], error: str
    ) -> bool:
        """Write down that the notice is handled; return False if it was before."""
        without = sum(recipient.address is None for recipient in recipients)
        cursor.execute(
            f"INSERT IGNORE INTO {self.datastore.settings.views}.notice"
            " (notice, kind, stream, version, no_address, error) VALUES (%s, %s, %s, %s, %s, %s)",
            (
                notice.notice.bytes,
                notice.kind.value,
                notice.stream.bytes,
                notice.version,
                without,
                error[:LONGEST_ERROR],
            ),
        )
        return cursor.rowcount == 1

    def _add(self, cursor: Cursor, notice: Notice, recipients: Sequence[Recipient]) -> None:
        rows = [
            cell
            for recipient in recipients
            if recipient.address is not None
            for cell in (notice.notice.bytes, recipient.login)
        ]
        if rows:
            cursor.execute(
                f"INSERT INTO {self.datastore.settings.views}.delivery"
                " (notice, login, state, error) VALUES "
                + ", ".join(["(%s, %s, 'waiting', '')"] * (len(rows) // 2)),
                rows,
            )
