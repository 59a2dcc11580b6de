"""The scheduler's loop, without servers."""

import logging
from threading import Event

import pytest
from redis import ConnectionError as RedisConnectionError

from infra.eventstore.errors import UnreachableError
from workers import scheduler
from workers.scheduler import every_second


def test_a_server_that_is_away_is_logged_once_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(scheduler, "TICK_S", 0)
    stop, ticks = Event(), list[int]()

    def act() -> None:
        ticks.append(1)
        if len(ticks) in (2, 3):
            raise UnreachableError("the database")
        if len(ticks) == 4:
            raise RedisConnectionError("Redis")
        if len(ticks) == 6:
            stop.set()

    with caplog.at_level(logging.INFO):
        every_second("ticking", act, stop)
    assert [record.message for record in caplog.records] == [
        "ticking: the database",
        "ticking: Redis",
        "ticking: works again",
    ]
    assert len(ticks) == 6
