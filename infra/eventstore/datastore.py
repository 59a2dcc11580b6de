"""Connections to one MariaDB server, pooled; every statement of a store passes through here."""

import os
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import local
from uuid import UUID
from weakref import WeakSet

import pymysql
import sqlalchemy
from eventsourcing.persistence import DataError, PersistenceError
from pymysql.connections import Connection
from pymysql.cursors import Cursor
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import PoolProxiedConnection

from infra.eventstore.errors import (
    BROKEN,
    UNSENT,
    ConnectionLostError,
    StoreClosedError,
    StoreUnavailableError,
    UnreachableError,
    UnsafeServerError,
    WrongEpochError,
    code_of,
    translated,
)
from infra.eventstore.settings import StoreSettings

#: Seconds until an attempt to connect is given up.
CONNECT_TIMEOUT_S = 10

#: Seconds a statement may run before the server ends it, and before the client gives the
#: connection up. The server's is shorter, so that an outcome is known as long as the server lives.
STATEMENT_TIMEOUT_S = 30
READ_TIMEOUT_S = 40

#: Seconds a transaction may wait for its client before the server ends its connection: a hung
#: writer cannot hold the log's head for longer. Not idle_write_transaction_timeout, which does
#: not end a transaction that only holds a locking read (tried on 10.11, 2026-11).
IDLE_TRANSACTION_TIMEOUT_S = 5

#: Strict, so that a value that does not fit is refused and never cut.
SQL_MODE = "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"


def session_settings(lock_timeout_s: int) -> str:
    """Return the statement that gives a new session the log's rules.

    Whatever a server's global settings could change in the meaning of our statements is named:
    completion_type (CHAIN leaves a transaction open after COMMIT), lc_messages (error 1062 tells
    its key in words), sql_select_limit, auto_increment_… (a save's positions are consecutive),
    sql_safe_updates, group_concat_max_len, unique_checks, foreign_key_checks.
    """
    return (
        "SET SESSION tx_isolation = 'READ-COMMITTED'"
        ", completion_type = 'NO_CHAIN', lc_messages = 'en_US'"
        ", sql_select_limit = 18446744073709551615"  # none; DEFAULT would be the server's
        ", auto_increment_increment = 1, auto_increment_offset = 1, sql_safe_updates = 0"
        ", group_concat_max_len = 1048576, unique_checks = 1, foreign_key_checks = 1"
        f", innodb_lock_wait_timeout = {lock_timeout_s}"
        f", idle_transaction_timeout = {IDLE_TRANSACTION_TIMEOUT_S}"
        f", max_statement_time = {STATEMENT_TIMEOUT_S}"
        f", sql_mode = '{SQL_MODE}'"
        ", time_zone = '+00:00'"
    )


_datastores: "WeakSet[Datastore]" = WeakSet()


class Datastore:
    """A pool of autocommit sessions on one server, and the translation of its errors.

    Safe to use from many threads, and after a fork: a child connects anew. Connects when first
    used. A connection that the server has
    closed meanwhile is found at checkout, without a round trip, and replaced.
    """

    def __init__(self, settings: StoreSettings) -> None:
        self.settings = settings
        self.closed = False
        self.unsafe_to_write = ""
        """Why nothing may be written here, where a server was read-only when it was checked."""
        self.attempted: Callable[[UnreachableError | None], object] = lambda _: None
        """Told why there is no connection, or None where one did its work. From any thread."""
        self.lost: Callable[[ConnectionLostError], object] = lambda _: None
        """Told of each connection that broke while it was used. From any thread."""
        self._epoch: UUID | None = None
        self._here = local()
        self._engine = self._create_engine(
            lock_timeout_s=settings.lock_timeout,
            pool_size=settings.pool_size,
            max_overflow=settings.max_overflow,
        )
        # The filler of holes has a session of its own, which waits a second for a transaction
        # in flight and no longer, so that a stalled head is noticed within two seconds.
        self._filler = self._create_engine(lock_timeout_s=1, pool_size=1, max_overflow=1)
        _datastores.add(self)

    def _begin_anew_in_child(self) -> None:
        """Leave the connections to the process that made them: their answers are its."""
        self._engine.dispose(close=False)
        self._filler.dispose(close=False)

    def _create_engine(self, *, lock_timeout_s: int, pool_size: int, max_overflow: int) -> Engine:
        engine = sqlalchemy.create_engine(
            self.settings.url,
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_timeout=self.settings.pool_timeout,
            pool_reset_on_return=None,  # sessions are in autocommit: spares a ROLLBACK per use
            connect_args={
                "autocommit": True,
                "charset": "utf8mb4",
                "connect_timeout": CONNECT_TIMEOUT_S,
                "read_timeout": READ_TIMEOUT_S,
                "write_timeout": READ_TIMEOUT_S,
                "init_command": session_settings(lock_timeout_s),
                # PyMySQL builds a TLS context for each connection, 40 ms, also where the socket
                # is a file and needs none.
                "ssl_disabled": needs_no_tls(self.settings.url),
            },
        )
        sqlalchemy.event.listen(engine, "connect", self._on_connect)
        sqlalchemy.event.listen(engine, "checkout", _refuse_closed_by_server)
        return engine

    def _on_connect(self, connection: Connection, _record: object) -> None:
        if self._epoch is not None:
            with connection.cursor() as cursor:
                self._compare_epoch(cursor, self._epoch)

    def expect_epoch(self, epoch: UUID) -> None:
        """Refuse every new connection to a server whose log is of another epoch."""
        self._epoch = epoch

    def _compare_epoch(self, cursor: Cursor, expected: UUID) -> None:
        cursor.execute(f"SELECT epoch FROM {self.settings.log}.epoch ORDER BY number DESC LIMIT 1")
        row = cursor.fetchone()
        found = UUID(bytes=row[0]) if row else None
        if found != expected:
            raise WrongEpochError(
                f"the log {self.settings.log!r} is of epoch {found}, this process began with "
                f"{expected}: the server was restored or promoted; restart the process, and let "
                "every consumer compare its checkpoint's epoch"
            )

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let all statements of this thread in the block share one connection.

        It is taken from the pool at the first of them: a checkout costs as much as a short
        statement, and a command over HTTP has four. A connection that breaks is replaced at the
        next statement. A block within a block changes nothing.
        """
        if getattr(self._here, "held", None) is not None:
            yield
            return
        held = self._here.held = _Held()
        try:
            yield
        finally:
            self._here.held = None
            if held.proxied is not None:
                with _replaced_if_interrupted(self._engine):
                    held.proxied.close()

    @contextmanager
    def cursor(self) -> Iterator[Cursor]:
        """Give a cursor in autocommit: each statement is a transaction of its own.

        Raises:
            PersistenceError: of the class that `errors.translated` gives.
        """
        with self._connection(self._engine) as connection, connection.cursor() as cursor:
            yield cursor

    def require_safe_to_write(self) -> None:
        """Refuse to write to a server that takes writes by now, and was not safe for them.

        Raises:
            UnsafeServerError: with every reason.
        """
        if self.unsafe_to_write:
            raise UnsafeServerError(
                f"{self.unsafe_to_write}\n(found while it was read-only; mend it, and restart this "
                "process)"
            )

    @contextmanager
    def filler(self) -> Iterator[tuple[Cursor, int]]:
        """Give the filler's cursor and its connection id."""
        with self._connection(self._filler) as connection, connection.cursor() as cursor:
            yield cursor, connection.thread_id()  # type: ignore[no-untyped-call]

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """Give a cursor in a transaction, committed at the end of the block, else rolled back.

        The client takes part in this transaction, so it holds locks while the client thinks:
        for views. Appends do without.
        """
        with self._connection(self._engine) as connection:
            connection.begin()
            try:
                with connection.cursor() as cursor:
                    yield cursor
                connection.commit()
            except Exception:
                with suppress(pymysql.MySQLError):  # then the server rolls back by itself
                    connection.rollback()
                raise

    @contextmanager
    def _connection(self, engine: Engine) -> Iterator[Connection]:
        held: _Held | None = getattr(self._here, "held", None)
        if engine is self._engine and held is not None and not held.busy:
            if held.proxied is None or not held.proxied.is_valid:
                held.proxied = self._checkout(engine)
            held.busy = True  # what begins meanwhile gets a connection of its own
            try:
                with self._used(held.proxied) as connection:
                    yield connection
            finally:
                held.busy = False
            return
        proxied = self._checkout(engine)
        try:
            with self._used(proxied) as connection:
                yield connection
        finally:
            with _replaced_if_interrupted(engine):
                proxied.close()

    @contextmanager
    def _used(self, proxied: PoolProxiedConnection) -> Iterator[Connection]:
        try:
            with _translating(proxied) as connection:
                yield connection
        except ConnectionLostError as error:
            self.lost(error)
            raise
        self.attempted(None)

    def _checkout(self, engine: Engine) -> PoolProxiedConnection:
        if self.closed:
            raise StoreClosedError("the store is closed: construct a new application or factory")
        try:
            with _replaced_if_interrupted(engine):
                return engine.raw_connection()
        except PoolTimeoutError as error:
            raise StoreUnavailableError(
                f"all {self.settings.pool_size + self.settings.max_overflow} connections were "
                f"in use for {self.settings.pool_timeout} s: raise MARIADB_POOL_SIZE, or call "
                "from fewer threads"
            ) from error
        except sqlalchemy.exc.DBAPIError as error:
            if isinstance(error.orig, pymysql.MySQLError):
                raise self._not_connected(error.orig) from error
            raise
        except pymysql.MySQLError as error:
            raise self._not_connected(error) from error
        except sqlalchemy.exc.InvalidRequestError as error:  # closed again and again at checkout
            closed = UnreachableError(f"{error}; nothing was sent, try again")
            self.attempted(closed)
            raise closed from error

    def _not_connected(self, error: pymysql.MySQLError) -> PersistenceError:
        """Return the error of an attempt to connect: whatever broke, no statement was sent."""
        found = translated(error)
        if isinstance(found, ConnectionLostError):
            found = UnreachableError(f"{found}; nothing was sent, try again")
        if isinstance(found, UnreachableError):
            self.attempted(found)
        return found

    def close(self) -> None:
        """Close every connection that is not in use, refuse further use. Idempotent."""
        self.closed = True
        self._engine.dispose()
        self._filler.dispose()


class _Held:
    """The connection that one thread holds."""

    def __init__(self) -> None:
        self.proxied: PoolProxiedConnection | None = None
        self.busy = False


@contextmanager
def _translating(proxied: PoolProxiedConnection) -> Iterator[Connection]:
    """Give the connection; raise our errors for the driver's; never use a doubtful one again."""
    try:
        yield proxied.dbapi_connection  # type: ignore[misc]  # a PyMySQL connection
    except pymysql.MySQLError as error:
        if code_of(error) in BROKEN | UNSENT or isinstance(error, pymysql.InterfaceError):
            proxied.invalidate(error)
        raise translated(error) from error
    except UnicodeEncodeError as error:
        raise DataError(f"not text that UTF-8 can carry: {error}; nothing was sent") from error
    except PersistenceError:
        raise
    except BaseException:
        proxied.invalidate()  # perhaps between a statement and its answer: nobody's next
        raise


#: What a pool raises by itself, after which it has lost count of nothing.
_REGULAR = (sqlalchemy.exc.SQLAlchemyError, pymysql.MySQLError, PersistenceError)


@contextmanager
def _replaced_if_interrupted(engine: Engine) -> Iterator[None]:
    """Give the engine a new pool if an exception from outside interrupts the block.

    A signal handler or another thread may raise at any line (Ctrl-C, a job's time limit). At some
    of SQLAlchemy's, a connection then counts as in use for ever, and a pool of one starves.
    """
    try:
        yield
    except _REGULAR:
        raise
    except BaseException:
        engine.dispose()
        raise


def needs_no_tls(url: URL) -> bool:
    """Tell whether a socket file is the way and nobody asked for TLS on it."""
    return "unix_socket" in url.query and not any(name.startswith("ssl") for name in url.query)


def _refuse_closed_by_server(connection: Connection, _record: object, _proxy: object) -> None:
    """Make the pool replace a connection on which something waits to be read.

    An idle connection has nothing to say; what is readable is the server's farewell. Costs one
    system call instead of the round trip of a ping.
    """
    sock = connection._sock  # type: ignore[attr-defined] # noqa: SLF001 # PyMySQL gives no other way to its descriptor
    if sock is None:
        raise DisconnectionError
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    if poll.poll(0):
        raise DisconnectionError


def _begin_anew_in_child() -> None:
    for datastore in tuple(_datastores):
        datastore._begin_anew_in_child()  # noqa: SLF001  # its own module


os.register_at_fork(after_in_child=_begin_anew_in_child)
