"""Trying again: bounded, with jitter, and never hiding what happened."""

from itertools import count

import pytest

from infra.eventstore import retrying as module
from infra.eventstore.retrying import BACK_OFF_S, retrying


class GoneError(Exception):
    """What is tried again."""


class OtherError(Exception):
    """What is not."""


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []
    monkeypatch.setattr(module, "sleep", waits.append)
    return waits


def failing(times: int, error: type[Exception] = GoneError):
    """Return an attempt that fails so often, and then returns the number of its tries."""
    tries = count(1)

    def attempt() -> int:
        number = next(tries)
        if number <= times:
            raise error(number)
        return number

    return attempt


@pytest.mark.parametrize("failures", range(len(BACK_OFF_S) + 1))
def test_it_goes_on_until_a_try_succeeds(failures: int, waits: list[float]) -> None:
    assert retrying(failing(failures), (GoneError,)) == failures + 1
    assert len(waits) == failures


def test_after_nine_tries_the_last_error_is_raised(waits: list[float]) -> None:
    with pytest.raises(GoneError, match=r"^9$"):
        retrying(failing(1000), (GoneError,))
    assert len(waits) == len(BACK_OFF_S) == 8


def test_each_wait_is_between_half_and_all_of_its_bound(waits: list[float]) -> None:
    for _ in range(50):
        retrying(failing(8), (GoneError,))
    for number, longest_s in enumerate(BACK_OFF_S):
        drawn = waits[number :: len(BACK_OFF_S)]
        assert all(longest_s / 2 <= wait_s <= longest_s for wait_s in drawn)
        assert len(set(drawn)) > 25, "rivals that wait equally long meet again"


def test_waits_grow_and_give_a_server_three_seconds_to_restart() -> None:
    assert list(BACK_OFF_S) == sorted(BACK_OFF_S)
    assert 3 <= sum(BACK_OFF_S) <= 10


@pytest.mark.parametrize("after", [0, 3])
def test_another_error_is_raised_at_once(after: int, waits: list[float]) -> None:
    tries = count()

    def attempt() -> None:
        raise OtherError if next(tries) == after else GoneError

    with pytest.raises(OtherError):
        retrying(attempt, (GoneError,))
    assert len(waits) == after


def test_a_subclass_is_tried_again(waits: list[float]) -> None:
    class GoneForGoodError(GoneError):
        pass

    assert retrying(failing(1, GoneForGoodError), (OtherError, GoneError)) == 2


def test_no_try_begins_ten_seconds_after_the_first(
    waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = count(0.0, 4.0)  # each look at the clock comes four seconds after the one before
    monkeypatch.setattr(module, "monotonic", lambda: next(now))
    with pytest.raises(GoneError, match=r"^3$"):
        retrying(failing(1000), (GoneError,))
    assert len(waits) == 2
