"""However large events are, a page of them has a bound: in memory, and on the way."""

from collections.abc import Iterator
from itertools import islice

import pytest

from infra.eventstore.reading import ROOM
from infra.eventstore.recorders import MariaDBApplicationRecorder
from infra.eventstore.subscription import MariaDBSubscription
from infra.stack import MariaDBServer
from tests.integration.observing import migrated, rows, some_events
from tests.servers import TestStore

MIB = 2**20

#: Small events, then large ones, then the largest, then small ones.
SIZES = (*[2] * 30, *[MIB] * 40, ROOM - 1, ROOM - 1, *[2] * 600)


@pytest.fixture(scope="module")
def large(server: MariaDBServer) -> Iterator[TestStore]:
    store = migrated(server, "large")
    recorder = store.recorder()
    for count, size in ((30, 2), (20, MIB), (20, MIB), (1, ROOM - 1), (1, ROOM - 1), (600, 2)):
        recorder.insert_events(some_events(count, state=b"x" * size))
    yield store
    store.drop()


def pages(recorder: MariaDBApplicationRecorder, limit: int = 500) -> list[list[int]]:
    """Return the sizes of the whole log's events, page by page; positions have no gap."""
    found, reached = [], 0
    while (page := recorder.read(reached, limit)).notifications:
        ids = [notification.id for notification in page.notifications]
        assert ids == list(range(reached + 1, page.reached + 1))
        reached = page.reached
        found.append([len(notification.state) for notification in page.notifications])
    return found


@pytest.mark.parametrize("limit", [1, 7, 500, 10_000])
def test_no_page_has_more_bytes_than_there_is_room_and_nothing_is_left_out(
    large: TestStore, limit: int
) -> None:
    found = pages(large.recorder(), limit)
    assert tuple(size for page in found for size in page) == SIZES
    assert max(map(sum, found)) <= ROOM
    assert max(map(len, found)) == min(limit, 600)


def test_what_has_no_room_is_not_sent(large: TestStore) -> None:
    recorder = large.recorder(MARIADB_POOL_SIZE="1", MARIADB_MAX_OVERFLOW="0")
    before = sent_bytes(large)
    page = recorder.read(30, 500)
    assert len(page.notifications) == 16
    assert page.reached == 46
    assert sent_bytes(large) - before < ROOM + MIB


def sent_bytes(store: TestStore) -> int:
    """Return what the store's only session has been sent."""
    with store.factories[-1].datastore.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Bytes_sent'")
        ((_, number),) = cursor.fetchall()
    return int(number)


def test_the_server_is_asked_for_about_as_many_as_have_room(
    large: TestStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = large.recorder()
    asked: list[int] = []
    fetch = recorder._log._fetch

    def record(found, after, upto, limit, *given):
        asked.append(limit)
        return fetch(found, after, upto, limit, *given)

    monkeypatch.setattr(recorder._log, "_fetch", record)
    found = pages(recorder)
    large_pages = [page for page in found if max(page) >= MIB]
    assert asked[0] == 500
    assert sum(asked[1 : len(large_pages)]) < 4 * sum(map(len, large_pages))
    assert len(asked) < len(found) + 12, "what is small again is soon fetched in whole pages"


def test_a_subscription_delivers_everything_and_holds_one_page(large: TestStore) -> None:
    subscription = large.recorder().subscribe()
    assert isinstance(subscription, MariaDBSubscription)
    sizes = []
    with subscription:
        for notification in islice(subscription, len(SIZES)):
            held = len(notification.state) + sum(len(e.state) for e in subscription._page)
            assert held <= ROOM
            sizes.append(len(notification.state))
    assert tuple(sizes) == SIZES


@pytest.mark.parametrize("given", ["", " AND lane = 1", " AND topic IN ('a', 'b')"])
def test_a_page_needs_no_sorting(large: TestStore, given: str) -> None:
    select = large.recorder()._log._select % (0, 0, 600, "''")
    plan = rows(large.server, f"EXPLAIN {select}{given} ORDER BY position LIMIT 500")
    (event,) = [step for step in plan if step[2] == "event"]
    assert event[5] == "PRIMARY"
    assert not [step for step in plan if "sort" in str(step) or "temporary" in str(step)]
