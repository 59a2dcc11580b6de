"""Which process works, and whether it still lives: a lock on the database, no clock."""

import hashlib
import logging
from contextlib import ExitStack, suppress
from threading import Event, Lock, Thread
from typing import Self
from uuid import uuid4

import pymysql
from eventsourcing.persistence import OperationalError, PersistenceError
from pymysql.cursors import Cursor

from infra.eventstore.datastore import Datastore

#: Seconds between two looks at whether the lock is still held.
LOOK_EVERY_S = 2.0

#: Seconds without a statement after which the server ends the connection, and the lock with it:
#: how long the work of a machine that lost its power is taken for alive.
SILENCE_S = 20

logger = logging.getLogger(__name__)


class NoIdentityError(OperationalError):
    """The process cannot show that it lives just now: it must not begin anything."""


def lock_prefix(views: str) -> str:
    """Return what the names of all workers' locks begin with; with a worker's name, 59 of 64."""
    return f"ringi.jobs.{hashlib.sha256(views.encode()).hexdigest()[:16]}."


def is_alive(datastore: Datastore, worker: str) -> bool:
    """Tell whether the process of this name still lives, as far as the server knows. One statement.

    `datastore` is of the server where identities are taken: the one that is written to.
    """
    with datastore.cursor() as cursor:
        cursor.execute("SELECT IS_FREE_LOCK(%s)", (lock_prefix(datastore.settings.views) + worker,))
        return cursor.fetchone() == (0,)


class Identity:
    """The name of a process as a worker, which is good for as long as its lock is held.

    A context manager: takes a name at its beginning if the server is there, and gives it up at its
    end. Where the connection breaks, the process takes another name: what it had begun under the
    old one may be begun anew by anybody. Safe to use from many threads.
    """

    def __init__(self, datastore: Datastore) -> None:
        """`datastore` is this object's alone, with room for one connection; it is closed."""
        self._datastore = datastore
        self._prefix = lock_prefix(datastore.settings.views)
        self._alone = Lock()
        self._stop = Event()
        self._held = ExitStack()
        self._cursor: Cursor | None = None
        self._worker: str | None = None
        self._complained = False
        self._thread = Thread(target=self._keep, name="identity", daemon=True)

    def __enter__(self) -> Self:
        self.look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(LOOK_EVERY_S)
        with self._alone:
            self._forget()
        self._datastore.close()

    @property
    def worker(self) -> str:
        """The name, 32 hexadecimals.

        Raises:
            NoIdentityError: there is none, for the server is away.
        """
        worker = self._worker
        if worker is None:
            raise NoIdentityError("no lock shows that this process lives: the database is away")
        return worker

    def look(self) -> None:
        """Take another name if the lock of the present one is lost. Never raises."""
        with self._alone:
            if self._cursor is not None and self._holds(self._cursor):
                return
            self._forget()
            try:
                self._take()
            except (PersistenceError, pymysql.MySQLError) as error:
                if not self._complained:
                    logger.warning("this process cannot show that it lives: %s", error)
                self._complained = True
                self._forget()

    def renew(self) -> None:
        """Take another name: all that was begun under the present one counts as broken off."""
        with self._alone:
            self._forget()
        self.look()

    def _keep(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            self.look()

    def _holds(self, cursor: Cursor) -> bool:
        lock = f"{self._prefix}{self._worker}"
        try:
            cursor.execute("SELECT IS_USED_LOCK(%s) = CONNECTION_ID()", (lock,))
        except pymysql.MySQLError as error:
            logger.warning("worker %s has lost its connection: %s", self._worker, error)
            return False
        return cursor.fetchone() == (1,)

    def _take(self) -> None:
        worker = uuid4().hex
        self._cursor = cursor = self._held.enter_context(self._datastore.cursor())
        cursor.execute(f"SET SESSION wait_timeout = {SILENCE_S}")
        cursor.execute("SELECT GET_LOCK(%s, 0)", (self._prefix + worker,))
        if cursor.fetchone() != (1,):
            raise OperationalError("the server gives no locks")
        self._worker, self._complained = worker, False
        logger.info("this process is worker %s", worker)

    def _forget(self) -> None:
        cursor, self._cursor, self._worker = self._cursor, None, None
        if cursor is not None:
            with suppress(pymysql.MySQLError):
                cursor.execute("DO RELEASE_ALL_LOCKS()")
            with suppress(PersistenceError, pymysql.MySQLError):
                self._held.close()
