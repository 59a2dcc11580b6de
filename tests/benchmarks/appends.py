"""Rows on appending: the recorder against bare INSERTs, a lock, and PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from tests.benchmarks.bench import Bench, env_of
from tests.benchmarks.postgres import NotOnThisMachineError, postgres, version
from tests.benchmarks.rows import Row
from tests.benchmarks.ways import Bare, ThroughPostgres, ThroughRecorder, Way
from tests.benchmarks.writers import appends_per_s

_PLAIN = "insert_events of one event"
_KEYED = "insert_events of one event with an idempotency key"


def append(bench: Bench) -> Iterator[Row]:
    """Appends without a key, against INSERT and COMMIT, and against INSERT alone."""
    row = _row("append", _PLAIN, "bare INSERT + COMMIT", target=0.70)
    with bench.store() as store:
        env = env_of(store)
        yield from _by_writers(bench, row, ThroughRecorder(env), Bare(env, "commit"))
        row = _row("append-autocommit", _PLAIN, "bare INSERT in autocommit, one round trip")
        yield _at(
            bench, row, bench.scale.many_writers, ThroughRecorder(env), Bare(env, "autocommit")
        )


def append_key(bench: Bench) -> Iterator[Row]:
    """Appends with a key, against both INSERTs and COMMIT."""
    row = _row("append-key", _KEYED, "bare INSERT of both rows + COMMIT", target=0.80)
    with bench.store() as store:
        env = env_of(store)
        yield from _by_writers(bench, row, ThroughRecorder(env, keyed=True), Bare(env, "key"))


def append_lock(bench: Bench) -> Iterator[Row]:
    """Appends without a key, against the same, one writer at a time."""
    against = "bare GET_LOCK, INSERT, COMMIT, RELEASE_LOCK"
    with bench.store() as store:
        env = env_of(store)
        row = _row("append-lock", _PLAIN, against, target=3.0)
        yield from _by_writers(bench, row, ThroughRecorder(env), Bare(env, "lock"))


def append_postgres(bench: Bench) -> Iterator[Row]:
    """Appends without a key, against eventsourcing's PostgreSQL recorder."""
    row = _row("append-postgres", _PLAIN, "eventsourcing's PostgreSQL recorder", target=2.0)
    row = replace(row, name=f"{row.name}/{bench.scale.many_writers}")
    try:
        with postgres() as peer, bench.store() as store:
            found = version(peer)
            yield _against_postgres(bench, row, ThroughRecorder(env_of(store)), peer, found)
            quicker = {**peer, "POSTGRES_ENABLE_DB_FUNCTIONS": "yes"}
            version(quicker)  # creates the functions
            row = replace(row, name=f"{row.name}-functions", target=None)
            found += ", database functions enabled"
            yield _against_postgres(bench, row, ThroughRecorder(env_of(store)), quicker, found)
    except NotOnThisMachineError as error:
        yield replace(row, not_measured=str(error))


def _against_postgres(
    bench: Bench, row: Row, measured: Way, peer: dict[str, str], found: str
) -> Row:
    row = replace(row, against=f"{row.against} ({found})")
    return _measure(bench, row, bench.scale.many_writers, measured, ThroughPostgres(peer))


def _row(name: str, what: str, against: str, *, target: float | None = None) -> Row:
    return Row(name=name, what=what, against=against, unit="appends/s", target=target)


def _by_writers(bench: Bench, row: Row, measured: Way, floor: Way) -> Iterator[Row]:
    for writers in bench.scale.writers:
        yield _at(bench, row, writers, measured, floor)


def _at(bench: Bench, row: Row, writers: int, measured: Way, floor: Way) -> Row:
    """Return the row for so many writers; its target is stated for many of them."""
    target = row.target if writers == bench.scale.many_writers else None
    row = replace(row, name=f"{row.name}/{writers}", target=target)
    return _measure(bench, row, writers, measured, floor)


def _measure(bench: Bench, row: Row, writers: int, measured: Way, floor: Way) -> Row:
    rate = partial(appends_per_s, writers=writers, seconds=bench.scale.append_s)
    return bench.measure(row, partial(rate, measured), partial(rate, floor))
