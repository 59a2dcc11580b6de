"""Rows on reading a whole log, as notifications and as domain events."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter
from uuid import UUID

from eventsourcing.persistence import ApplicationRecorder, Notification, StoredEvent

from tests.benchmarks.bare import connection, load, pages
from tests.benchmarks.bench import Bench, env_of
from tests.benchmarks.rows import Row
from tests.benchmarks.sample import mapper
from tests.servers import TestStore

#: Events of one page.
PAGE = 500

_BARE = "bare SELECT of the same rows in the same pages"


def read(bench: Bench) -> Iterator[Row]:
    """A fresh recorder's way through a settled log, and through one that nobody has read."""
    settled = _row("read/settled", "notifications of a log that was read before", target=0.50)
    first = _row("read/first", "notifications of a log that nobody has read", target=0.50)

    def unread() -> float:
        with bench.store() as fresh:
            load(env_of(fresh), bench.scale.log_events)
            return _notifications_per_s(fresh)

    with _read_log(bench) as store:
        yield bench.measure(
            settled, lambda: _notifications_per_s(store), lambda: _rows_per_s(store)
        )
        yield bench.measure(first, unread, lambda: _rows_per_s(store))


def decode(bench: Bench) -> Iterator[Row]:
    """The same, decoded by eventsourcing's mapper."""
    row = _row("decode", "domain events of a log that was read before", target=0.80)
    row = replace(row, against=f"{_BARE} + the same decoding")
    with _read_log(bench) as store:
        yield bench.measure(row, lambda: _events_per_s(store), lambda: _bare_events_per_s(store))


def _row(name: str, what: str, target: float) -> Row:
    return Row(name=name, what=what, against=_BARE, unit="events/s", target=target)


@contextmanager
def _read_log(bench: Bench) -> Iterator[TestStore]:
    with bench.store() as store:
        load(env_of(store), bench.scale.log_events)
        store.recorder().settle()
        yield store


@contextmanager
def _fresh_recorder(store: TestStore) -> Iterator[ApplicationRecorder]:
    """Give a recorder that knows nothing of the log yet, but is connected, as its floor is."""
    with store.factory() as factory:
        recorder = factory.application_recorder()
        with factory.datastore.cursor(), factory.datastore.filler():
            pass
        yield recorder


def _notifications_per_s(store: TestStore) -> float:
    with _fresh_recorder(store) as recorder:
        return _rate(_pages(recorder))


def _rows_per_s(store: TestStore) -> float:
    with connection(env_of(store), autocommit=True) as opened:
        return _rate(pages(opened, PAGE))


def _events_per_s(store: TestStore) -> float:
    decoded = mapper().to_domain_event
    with _fresh_recorder(store) as recorder:
        return _rate([decoded(event) for event in page] for page in _pages(recorder))


def _bare_events_per_s(store: TestStore) -> float:
    decoded = mapper().to_domain_event
    with connection(env_of(store), autocommit=True) as opened:
        return _rate(
            [
                decoded(StoredEvent(UUID(bytes=stream), version, topic, state))
                for stream, version, topic, state, _ in page
            ]
            for page in pages(opened, PAGE)
        )


def _pages(recorder: ApplicationRecorder) -> Iterator[Sequence[Notification]]:
    """Yield the whole log in pages, from before its first event."""
    last = 0
    while page := recorder.select_notifications(last, PAGE, inclusive_of_start=False):
        yield page
        last = page[-1].id


def _rate(read: Iterator[Sequence[object]]) -> float:
    """Return items a second, from the first request to the empty page at the end."""
    gc.collect()  # one side's garbage is not the other side's time
    begin = perf_counter()
    items = sum(len(page) for page in read)
    return items / (perf_counter() - begin)
