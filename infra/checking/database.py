"""What a database server must be, and what the accounts on it may do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pymysql
from eventsourcing.persistence import PersistenceError, ProgrammingError
from eventsourcing.utils import Environment
from pymysql.connections import Connection
from pymysql.constants import CR, ER
from sqlalchemy import URL, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from infra.eventstore import MariaDBFactory
from infra.eventstore.checks import server_variables, unsafe_variables
from infra.eventstore.datastore import Datastore, needs_no_tls
from infra.eventstore.grants import own_grants, privileges_on
from infra.replicas.looking import look, refusal
from infra.replicas.servers import shown
from infra.settings import Settings, store_env, variable
from projections.workspace import WORKSPACE

#: Seconds until a server is said not to be there, and until one that is there must have answered.
CONNECT_S = 5
ANSWER_S = 5

#: What the migration's account needs in the databases of the log and the views.
_MIGRATES_BY = frozenset({"CREATE", "ALTER", "DROP", "INDEX", "TRIGGER"})

_REFUSED = frozenset({ER.ACCESS_DENIED_ERROR, 1698, ER.DBACCESS_DENIED_ERROR})
_AWAY = frozenset({CR.CR_CONN_HOST_ERROR, CR.CR_CONNECTION_ERROR, CR.CR_SERVER_LOST})


class _NoConnectionError(Exception):
    """An account got no connection; the message says why, and shows no secret."""


def database_problems(settings: Settings) -> Iterator[str]:
    """Give what is wrong with the server, its settings, and who may log in to it."""
    try:
        with _connected("database_url", settings.database_url) as connection:
            with connection.cursor() as cursor:
                variables = server_variables(cursor)
            if variables.get("read_only", "OFF") != "OFF":
                yield "read_only is ON: the server takes no writes; name the primary"
            else:
                yield from unsafe_variables(variables)
    except _NoConnectionError as error:
        yield str(error)
        return  # the others would say the same
    if settings.migration_url is not None:
        yield from _migration_problems(settings, settings.migration_url)


def log_problems(settings: Settings) -> Iterator[str]:
    """Give what is wrong with the log's and the views' databases, and the application's rights."""
    factory = MariaDBFactory(
        Environment("ringi", store_env(replace(settings, migration_url=None)))  # changes nothing
    )
    try:
        for ask in (factory.application_recorder, factory.tracking_recorder):
            try:
                ask()
            except PersistenceError as error:
                yield str(error)
    finally:
        factory.close()


def replica_problems(settings: Settings, url: URL) -> str:
    """Return why the server at `url` is no replica of this log, or does not answer; else empty."""
    factory = MariaDBFactory(Environment("ringi", store_env(replace(settings, migration_url=None))))
    replica = Datastore(replace(factory.settings, url=url))
    try:
        return refusal(look(replica, WORKSPACE.name), look(factory.datastore, WORKSPACE.name))
    except PersistenceError as error:
        return str(error)
    finally:
        replica.close()
        factory.close()


def _migration_problems(settings: Settings, url: URL) -> Iterator[str]:
    try:
        with _connected("migration_url", url) as connection, connection.cursor() as cursor:
            grants = own_grants(cursor)
    except _NoConnectionError as error:
        yield str(error)
        return
    for database in (settings.log, settings.views):
        missing = _MIGRATES_BY - privileges_on(grants, database, "event")
        if missing:
            yield (
                f"{url.username} lacks {', '.join(sorted(missing))} on {database}, and cannot "
                "migrate: docs/operations.md, Accounts"
            )


@contextmanager
def _connected(name: str, url: URL) -> Iterator[Connection]:
    """Give a connection of this account.

    Raises:
        _NoConnectionError: there is none.
    """
    engine = create_engine(
        url,
        poolclass=NullPool,
        connect_args={
            "connect_timeout": CONNECT_S,
            "read_timeout": ANSWER_S,
            "write_timeout": ANSWER_S,
            "ssl_disabled": needs_no_tls(url),
        },
    )
    try:
        proxied = engine.raw_connection()
    except (DBAPIError, pymysql.MySQLError, OSError) as error:
        raise _NoConnectionError(_why(name, url, error)) from error
    try:
        yield proxied.dbapi_connection  # type: ignore[misc]  # PyMySQL's
    except pymysql.MySQLError as error:
        raise _NoConnectionError(_why(name, url, error)) from error
    except ProgrammingError as error:
        raise _NoConnectionError(str(error)) from error
    finally:
        proxied.close()
        engine.dispose()


def _why(name: str, url: URL, error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    code = cause.args[0] if cause.args else 0
    said = str(cause.args[-1]) if cause.args else type(cause).__name__
    if code in _REFUSED:
        return f"{variable(name)}: the server at {shown(url)} refuses {url.username}: {said}"
    if code in _AWAY:
        return f"{variable(name)}: no server answers at {shown(url)} within {CONNECT_S} s: {said}"
    return f"{variable(name)}, {shown(url)}: {said}"
