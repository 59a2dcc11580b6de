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
from infra.mail.people import People
from infra.mail.reach import Reach
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
    number: int
    """The event's position."""


@dataclass(frozen=True)
class Handling:
    """Takes notices out of their projection's table. Rivals may do so at the same time."""

    datastore: Datastore
    notices: Tables
    """Those of the projection `notices`."""
    reach: Reach
    people: People
    telling: Telling

    def handle_all(self, stopping: Callable[[], bool]) -> int:
        """Handle every notice that waits, or until `stopping`; return how many that were.

        One whose event the view of people has not reached stays for another run: nobody knows yet
        whom it is for.

        Raises:
            PersistenceError: the server is away; what was handled stays handled.
        """
        handled = 0
        while not stopping() and (waiting := self._next()):
            known = self.reach.up_to(waiting[-1].number)
            batch = [notice for notice in waiting if notice.number <= known]
            for notice in batch:
                self._handle(notice)
            handled += len(batch)
            if len(batch) < len(waiting):
                logger.info("notices wait: the view of people has only reached %d", known)
                break
        return handled

    def _next(self) -> Sequence[Notice]:
        rows = self.notices.select(
            "SELECT notice, kind, stream, version, addressee, name, excluded, number"
            " FROM {notice}"
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
                number,
            )
            for notice, kind, stream, version, addressee, name, excluded, number in rows
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
            if self._taken(cursor, notice) and self._is_first(cursor, notice, error):
                self._add(cursor, notice, recipients)

    def _recipients(self, notice: Notice) -> list[str]:
        if notice.addressee is Addressee.ROLE:
            return self.people.holders(notice.name, notice.kind, notice.excluded)
        login = notice.name
        if notice.addressee is Addressee.REQUESTER:
            login = self.telling.requester(notice.stream)
        return self.people.one(login, notice.kind)

    def _taken(self, cursor: Cursor, notice: Notice) -> bool:
        """Take the notice away; return False if somebody else did, however long ago.

        That is what makes sure that it is handled once: rows of `notice` are cleaned away in time.
        """
        cursor.execute(
            f"DELETE FROM {self.notices['notice']} WHERE notice = %s", (notice.notice.bytes,)
        )
        return cursor.rowcount == 1

    def _is_first(self, cursor: Cursor, notice: Notice, error: str) -> bool:
        """Write down that the notice is handled; return False if it was before."""
        cursor.execute(
            f"INSERT IGNORE INTO {self.datastore.settings.views}.notice"
            " (notice, kind, stream, version, error) VALUES (%s, %s, %s, %s, %s)",
            (
                notice.notice.bytes,
                notice.kind.value,
                notice.stream.bytes,
                notice.version,
                error[:LONGEST_ERROR],
            ),
        )
        return cursor.rowcount == 1

    def _add(self, cursor: Cursor, notice: Notice, recipients: Sequence[str]) -> None:
        rows = [cell for login in recipients for cell in (notice.notice.bytes, login)]
        if rows:
            cursor.execute(
                f"INSERT INTO {self.datastore.settings.views}.delivery"
                " (notice, login, state, error) VALUES "
                + ", ".join(["(%s, %s, 'waiting', '')"] * (len(rows) // 2)),
                rows,
            )
