"""Ways to append one event: through the recorder, bare, and as others do it.

A way is opened in a writing process for so many threads, with every connection made beforehand,
and gives each thread its own function that appends one event durably.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal, Protocol
from uuid import uuid4

from eventsourcing.persistence import ApplicationRecorder, InfrastructureFactory
from eventsourcing.utils import Environment
from pymysql.connections import Connection

from infra.eventstore import MariaDBFactory
from infra.eventstore.idempotency import Idempotency
from tests.benchmarks.bare import INSERT, INSERT_KEY, Env, connection, row
from tests.benchmarks.sample import events

Append = Callable[[], object]

#: What a keyed request is known by; its computation is no part of appending.
REQUEST_HASH = sha256(b"a request").digest()


class Way(Protocol):
    """Picklable: it is sent to the writing processes."""

    @contextmanager
    def open(self, threads: int) -> Iterator[Sequence[Append]]:
        """Give `threads` functions, each for one thread."""


@dataclass(frozen=True)
class ThroughRecorder:
    """`insert_events` of this project's recorder: one pool for all threads of the process."""

    env: Env
    keyed: bool = False

    @contextmanager
    def open(self, threads: int) -> Iterator[Sequence[Append]]:
        settings = {**self.env, "MARIADB_POOL_SIZE": str(threads)}
        with MariaDBFactory(Environment("bench", settings)) as factory:
            recorder = factory.application_recorder()
            with ExitStack() as all_at_once:
                for _ in range(threads):
                    all_at_once.enter_context(factory.datastore.cursor())
            append = _keyed_append if self.keyed else _append
            yield [append(recorder) for _ in range(threads)]


def _append(recorder: ApplicationRecorder) -> Append:
    source = events()
    return lambda: recorder.insert_events([next(source)])


def _keyed_append(recorder: ApplicationRecorder) -> Append:
    source = events()

    def append() -> None:
        key = Idempotency(str(uuid4()), REQUEST_HASH)
        recorder.insert_events([next(source)], idempotency=key)

    return append


@dataclass(frozen=True)
class Bare:
    """The same rows by PyMySQL, one connection for each thread."""

    env: Env
    how: Literal["commit", "autocommit", "key", "lock"]
    """INSERT and COMMIT; INSERT in autocommit; both INSERTs and COMMIT; all under GET_LOCK."""

    @contextmanager
    def open(self, threads: int) -> Iterator[Sequence[Append]]:
        with ExitStack() as stack:
            autocommit = self.how == "autocommit"
            opened = [
                stack.enter_context(connection(self.env, autocommit=autocommit))
                for _ in range(threads)
            ]
            yield [_bare_append(each, self.how) for each in opened]


def _bare_append(opened: Connection, how: str) -> Append:
    source = events()
    execute = opened.cursor().execute

    def committed() -> None:
        execute(INSERT, row(next(source)))
        opened.commit()

    def keyed() -> None:
        values = row(next(source))
        execute(INSERT_KEY, (str(uuid4()), REQUEST_HASH, *values[:2]))
        execute(INSERT, values)
        opened.commit()

    def locked() -> None:
        execute("SELECT GET_LOCK('ringi bench', 60)")
        committed()
        execute("SELECT RELEASE_LOCK('ringi bench')")

    def at_once() -> None:
        execute(INSERT, row(next(source)))

    return {"commit": committed, "autocommit": at_once, "key": keyed, "lock": locked}[how]


@dataclass(frozen=True)
class ThroughPostgres:
    """`insert_events` of eventsourcing's own PostgreSQL recorder."""

    env: Env

    @contextmanager
    def open(self, threads: int) -> Iterator[Sequence[Append]]:
        settings = {**self.env, "POSTGRES_POOL_SIZE": str(threads), "CREATE_TABLE": "no"}
        with postgres_factory(settings) as factory:
            factory.datastore.pool.wait()
            recorder = factory.application_recorder()
            yield [_append(recorder) for _ in range(threads)]


def postgres_factory(env: Env) -> Any:
    """Return eventsourcing's factory; psycopg, which it needs, is in the extra `bench`."""
    from eventsourcing.postgres import PostgresFactory  # noqa: PLC0415

    factory: InfrastructureFactory[Any] = PostgresFactory(Environment("bench", dict(env)))
    return factory
