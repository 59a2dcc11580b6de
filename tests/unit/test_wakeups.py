"""Wake-ups reach who waits, and nobody who has left."""

from threading import Event
from typing import Any
from unittest.mock import create_autospec

import pytest
from eventsourcing.persistence import ApplicationRecorder

from infra.eventstore.reading import LogReader
from infra.eventstore.subscription import MariaDBSubscription, Wakeups


@pytest.fixture
def wakeups() -> Wakeups:
    return Wakeups()


def subscription(wakeups: Wakeups) -> MariaDBSubscription:
    recorder: Any = create_autospec(ApplicationRecorder, instance=True)
    log: Any = create_autospec(LogReader, instance=True)
    return MariaDBSubscription(recorder, log, wakeups)


def test_a_wakeup_reaches_everyone_who_waits(wakeups: Wakeups) -> None:
    waiting = [Event(), Event()]
    for news in waiting:
        wakeups.join(news)
    wakeups.wake()
    assert all(news.is_set() for news in waiting)


def test_who_has_left_is_not_woken(wakeups: Wakeups) -> None:
    left, waiting = Event(), Event()
    for news in (left, waiting):
        wakeups.join(news)
    wakeups.leave(left)
    wakeups.leave(left)
    wakeups.wake()
    assert waiting.is_set()
    assert not left.is_set()


def test_a_subscription_that_stops_leaves(wakeups: Wakeups) -> None:
    first, second = subscription(wakeups), subscription(wakeups)
    assert set(wakeups._waiting) == {first._news, second._news}
    first.stop()
    first.stop()
    assert set(wakeups._waiting) == {second._news}
    assert list(first) == []


def test_a_subscription_that_is_forgotten_leaves(wakeups: Wakeups) -> None:
    forgotten = subscription(wakeups)
    assert len(wakeups._waiting) == 1
    del forgotten
    assert len(wakeups._waiting) == 0
