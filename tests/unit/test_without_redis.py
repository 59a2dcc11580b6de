"""A worker looks at every lane where nobody lingers; the others it leaves to those who do."""

import logging
from collections.abc import Sequence
from threading import Event

import pytest
from eventsourcing.persistence import OperationalError
from redis import RedisError

from workers import without_redis
from workers.without_redis import TOLD, attend


class FakeClaims:
    """Names the lanes of the list, one answer a round, None: Redis fails; then sets `stop`."""

    def __init__(self, answers: Sequence[list[int] | None], stop: Event) -> None:
        self._answers, self._stop = list(answers), stop

    def __call__(self, lanes: int) -> list[int]:
        assert lanes == 3
        answer = self._answers.pop(0)
        if not self._answers:
            self._stop.set()
        if answer is None:
            raise RedisError("gone")
        return answer


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(without_redis, "LOOK_S", 0)


def looked(*answers: list[int] | None) -> list[int]:
    """Return the lanes that were looked at while Redis answered so."""
    stop = Event()
    lanes: list[int] = []
    attend(FakeClaims(answers, stop), lambda: 3, lanes.append, stop)
    return lanes


def test_nothing_is_looked_at_while_somebody_lingers_on_every_lane() -> None:
    assert looked([], []) == []


def test_a_lane_is_looked_at_as_long_as_nobody_lingers_there() -> None:
    assert looked([], [2], [0, 2], []) == [2, 0, 2]


def test_every_lane_is_looked_at_as_long_as_redis_does_not_say() -> None:
    assert looked([], None, None, []) == [0, 1, 2, 0, 1, 2]


def test_it_is_told_when_it_goes_on_and_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    looked(*[[1]] * (TOLD - 1), [])
    assert caplog.text == ""
    looked(*[None] * (TOLD + 3), [])
    begun, over = caplog.messages
    assert "lanes [0, 1, 2] are looked at once a second: nobody lingers there" in begun
    assert "Redis is away: gone" in begun
    assert over == "somebody lingers on every lane again"


def test_a_log_that_is_away_too_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    stop = Event()
    rounds: list[int] = []
    asked: list[int] = []

    def lanes() -> int:
        rounds.append(len(rounds))
        if len(rounds) == 2:
            stop.set()
        raise OperationalError("no server")

    attend(FakeClaims([], stop), lanes, asked.append, stop)
    assert asked == []
    assert caplog.text.count("the log does not answer: no server") == 2
