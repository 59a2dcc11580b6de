"""What can go wrong with the log, and the one place where MariaDB's errors get their class.

PersistenceError                    (eventsourcing.persistence)
├── InterfaceError
│   └── StoreClosedError            used after close()
└── DatabaseError
    ├── DataError                   the value does not fit: nothing was written
    ├── IntegrityError
    │   ├── VersionConflictError    the stream already has this version
    │   ├── KeyReusedError          the idempotency key belongs to another request
    │   └── TrackingConflictError   this position, or a later one, was accepted before
    ├── OperationalError
    │   ├── StoreUnavailableError   no connection of the pool was free: nothing was written
    │   │   └── UnreachableError    no connection to the server: nothing was written
    │   ├── ConnectionLostError     the connection broke while a statement ran
    │   ├── OutcomeUnknownError     it broke after an append without a key was sent
    │   ├── ContentionError         rivals were in the way for too long: nothing was written
    │   │   └── VictimError         the server rolled this one back to end a deadlock
    │   ├── ReadOnlyStoreError      this server takes no writes: nothing was written
    │   ├── WrongEpochError         another history than the one that was begun with
    │   └── LogStalledError         a transaction in flight holds the log's head
    │       └── HoleTooWideError    more unused positions than a settler fills by itself
    ├── NotSupportedError
    │   └── UnsafeServerError       the server's settings or grants break a promise
    └── ProgrammingError
        └── ForeignSchemaError      not our tables, or not at this code's version
"""

import re
from collections.abc import Callable

import pymysql
from eventsourcing.persistence import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    PersistenceError,
    ProgrammingError,
)
from pymysql.constants import CR, ER

from infra.schema.migrations import ForeignSchemaError as ForeignSchemaError  # noqa: PLC0414


class StoreClosedError(InterfaceError):
    """The store was used after it was closed."""


class VersionConflictError(IntegrityError):
    """A stream already has an event at this version."""


class KeyReusedError(IntegrityError):
    """An idempotency key came again with another request."""


class TrackingConflictError(IntegrityError):
    """A tracking position is not above the one recorded."""


class StoreUnavailableError(OperationalError):
    """No connection could be had; nothing was sent, so nothing was written."""


class UnreachableError(StoreUnavailableError):
    """The server could not be connected to; nothing was sent, so nothing was written."""

    told = False
    """Whether an alarm says so already, see infra.outage."""


class ConnectionLostError(OperationalError):
    """The connection broke while a statement ran."""

    told = False
    """Whether an alarm says so already, see infra.outage."""


class OutcomeUnknownError(OperationalError):
    """The connection broke after an append was sent: it is whole or absent, unknown which."""


class ContentionError(OperationalError):
    """Rivals held what the transaction needed for too long; it was rolled back."""


class VictimError(ContentionError):
    """The server rolled the transaction back in favour of another one: a deadlock's victim."""


class ReadOnlyStoreError(OperationalError):
    """The server is read-only: a replica, or a demoted primary."""


class WrongEpochError(OperationalError):
    """The log's epoch is not the expected one: positions belong to another history."""


class LogStalledError(OperationalError):
    """An open transaction holds a position that readers must pass."""


class HoleTooWideError(LogStalledError):
    """More positions in a row are unused than a settler fills by itself."""


class UnsafeServerError(NotSupportedError):
    """The server's settings or the account's grants break a promise of the log."""


#: The connection broke while or after a statement was sent (MariaDB error 2013, and 1053/1927
#: when the server ends it): the statement may have been carried out.
BROKEN = {CR.CR_SERVER_LOST, ER.SERVER_SHUTDOWN, 1927}

#: No statement was carried out: the server could not be connected to (2002, 2003; 1040, 1203 too
#: many connections, of all and of this account; 1226 the account's quota), or the packet could
#: not be sent whole (2006).
UNSENT = {
    CR.CR_CONNECTION_ERROR,
    CR.CR_CONN_HOST_ERROR,
    ER.CON_COUNT_ERROR,
    ER.TOO_MANY_USER_CONNECTIONS,
    ER.USER_LIMIT_REACHED,
    CR.CR_SERVER_GONE_ERROR,
}

#: The server rolled the transaction or the statement back in favour of another one: 1020 record
#: changed since read, 1205 lock wait time-out, 1213 deadlock.
CONTENTION = {ER.CHECKREAD, ER.LOCK_WAIT_TIMEOUT, ER.LOCK_DEADLOCK}

#: The statement was ended from outside (1317 KILL QUERY, 1969 max_statement_time), perhaps after
#: its COMMIT (tried: 49 of 252 killed appends were there).
INTERRUPTED = {1317, 1969}

#: `SIGNAL SQLSTATE '45000'` of our triggers.
SIGNALLED = 1644

_Make = Callable[[str], PersistenceError]


def _advised(make: _Make, advice: str) -> _Make:
    return lambda message: make(f"{message}; {advice}")


_read_only = _advised(
    ReadOnlyStoreError, "nothing was written; MARIADB_URL must name the primary to write"
)

#: "The MariaDB server is running with the %s option so it cannot execute this statement".
_PREVENTED = 1290


def _read_only_or_other(message: str) -> PersistenceError:
    is_read_only = re.search(r"--read[-_]only\b", message)
    return _read_only(message) if is_read_only else OperationalError(message)


_BY_CODE: dict[int, _Make] = {
    **dict.fromkeys(BROKEN, _advised(ConnectionLostError, "see that the server runs")),
    **dict.fromkeys(
        UNSENT,
        _advised(
            UnreachableError,
            "nothing was sent; see that the server runs and has connections to spare, try again",
        ),
    ),
    ER.LOCK_WAIT_TIMEOUT: _advised(
        ContentionError, "a rival held it for too long; this was rolled back, try again"
    ),
    **dict.fromkeys(
        (ER.LOCK_DEADLOCK, ER.CHECKREAD), _advised(VictimError, "this was rolled back, try again")
    ),
    _PREVENTED: _read_only_or_other,
    1836: _read_only,
    1969: _advised(OperationalError, "the statement took too long and was ended by the server"),
    ER.ACCESS_DENIED_ERROR: _advised(
        OperationalError, "see the account and the password in MARIADB_URL"
    ),
    ER.BAD_DB_ERROR: _advised(ForeignSchemaError, "migrate: this database does not exist"),
    ER.NO_SUCH_TABLE: _advised(ForeignSchemaError, "migrate: this database lacks a table"),
    ER.BAD_FIELD_ERROR: _advised(ForeignSchemaError, "these tables are not Ringi's"),
    ER.DBACCESS_DENIED_ERROR: _advised(
        ForeignSchemaError, "migrate, or name the right database: the account has no grant on it"
    ),
    ER.TABLEACCESS_DENIED_ERROR: _advised(
        ForeignSchemaError, "migrate, or name the right account: it has no such grant"
    ),
    ER.DATA_TOO_LONG: _advised(DataError, "nothing was written"),
    ER.WARN_DATA_OUT_OF_RANGE: _advised(DataError, "nothing was written"),
    SIGNALLED: IntegrityError,
}

#: Base classes in the order in which PyMySQL's own hierarchy must be asked.
_BY_CLASS: tuple[tuple[type[pymysql.MySQLError], _Make], ...] = (
    (pymysql.InterfaceError, InterfaceError),
    (pymysql.DataError, DataError),
    (pymysql.IntegrityError, IntegrityError),
    (pymysql.InternalError, InternalError),
    (pymysql.ProgrammingError, ProgrammingError),
    (pymysql.NotSupportedError, NotSupportedError),
    (pymysql.OperationalError, OperationalError),
)


def code_of(error: pymysql.MySQLError) -> int:
    """Return MariaDB's error number, or 0 where PyMySQL gave none."""
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def translated(error: pymysql.MySQLError) -> PersistenceError:
    """Return the PEP 249 style error of `eventsourcing.persistence` for a driver's error."""
    code = code_of(error)
    message = f"MariaDB error {code}: {error.args[1]}" if code else f"MariaDB: {error!r}"
    if code in _BY_CODE:
        return _BY_CODE[code](message)
    for base, make in _BY_CLASS:
        if isinstance(error, base):
            return make(message)
    return DatabaseError(message)


def duplicate_of(error: pymysql.MySQLError) -> str | None:
    """Return the name of the key that error 1062 names, or None for any other error.

    MariaDB names no table, and quotes the duplicate entry raw before the key: only the end of
    the message can be trusted.
    """
    if code_of(error) != ER.DUP_ENTRY:
        return None
    return str(error.args[1]).rpartition(" for key ")[2].strip("'")
