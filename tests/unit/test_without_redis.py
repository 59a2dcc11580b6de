"""While Redis is away a worker looks at every lane by itself; else it leaves that to messages."""

from threading import Event

import pytest
from eventsourcing.persistence import OperationalError
from redis import RedisError

from workers import without_redis
from workers.without_redis import attend


class FakeRedis:
    """Answers as the list says, from its beginning; then sets `stop`."""

    def __init__(self, answers: list[bool], stop: Event) -> None:
        self._answers, self._stop = answers, stop

    def ping(self) -> bool:
        answers = self._answers.pop(0)
        if not self._answers:
            self._stop.set()
        if not answers:
            raise RedisError("away")
        return True


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(without_redis, "LOOK_S", 0)


def looked(answers: list[bool]) -> list[int]:
    """Return the lanes that were looked at while Redis answered so."""
    stop, lanes = Event(), []
    attend(FakeRedis(answers, stop), lambda: 3, lanes.append, stop)
    return lanes


def test_nothing_is_looked_at_while_redis_answers() -> None:
    assert looked([True, True]) == []


def test_every_lane_is_looked_at_as_long_as_redis_is_away() -> None:
    assert looked([True, False, False, True]) == [0, 1, 2, 0, 1, 2]


def test_a_log_that_is_away_too_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def lanes() -> int:
        raise OperationalError("no server")

    stop, asked = Event(), []
    attend(FakeRedis([False, False], stop), lanes, asked.append, stop)
    assert asked == []
    assert caplog.text.count("the log does not answer, either: no server") == 2
