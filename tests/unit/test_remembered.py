"""What is remembered is kept until something may have changed, and no longer."""

from collections.abc import Callable
from math import inf
from typing import Any
from unittest.mock import sentinel

import pytest

from infra.views import remembered as module
from infra.views.remembered import Remembered

DOCUMENT_ROW = b'{"topics":["document:4f","person:ann"],"position":"0a1b2c3d.0.9"}'
PERSON_ROW = b'{"topics":["directory:ann"],"position":"0a1b2c3d.0.9"}'
FLOW_ROW = b'{"topics":["definition:d"],"position":"0a1b2c3d.0.9"}'
CALENDAR_ROW = b'{"topics":["calendar:office"],"position":"0a1b2c3d.0.9"}'
FOREIGN_ROW = b'{"topics":["directory:ann"],"position":"ffffffff.0.9"}'


class Asked:
    """Answers 1, 2, 3, …: a kept answer is one that comes again."""

    def __init__(self, seconds: float = inf, meanwhile: Callable[[], object] = lambda: None):
        self.times, self.seconds, self.meanwhile = 0, seconds, meanwhile

    def __call__(self) -> tuple[int, float]:
        self.times += 1
        self.meanwhile()
        return self.times, self.seconds


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch) -> Remembered:
    """One that stands, as after a comparison of the heads, and whose thread does not run."""
    monkeypatch.setattr(Remembered, "_follow", lambda _: None)
    made: Any = Remembered(sentinel.feed, "workspace", sentinel.client)
    made._ours = b'"position":"0a1b2c3d.'
    made._compare({0: 5, 1: 7}, module.monotonic())
    return made


def published(lane: int, first: int, last: int, row: bytes | None) -> bytes:
    messages = b"" if row is None else b',"messages":[%s]' % row
    return b'{"lane":%d,"from":%d,"to":%d%s}' % (lane, first, last, messages)


def test_what_was_asked_once_is_not_asked_again(remembered: Remembered) -> None:
    asked = Asked()
    assert [remembered.recall("key", asked) for _ in range(3)] == [1, 1, 1]


def test_nothing_is_kept_of_what_is_not_there(remembered: Remembered) -> None:
    answers = [(None, inf), ("found", inf)]
    assert remembered.recall("key", lambda: answers.pop(0)) is None
    assert remembered.recall("key", lambda: answers.pop(0)) == "found"


def test_every_question_is_asked_while_no_comparison_stands(
    remembered: Remembered, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked()
    remembered.recall("key", asked)
    late = module.monotonic() + module.STANDS_S + 0.1
    monkeypatch.setattr(module, "monotonic", lambda: late)
    assert [remembered.recall("key", asked) for _ in range(2)] == [2, 3]


def test_an_answer_holds_no_longer_than_it_says(
    remembered: Remembered, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(seconds=1.0)
    assert [remembered.recall("key", asked) for _ in range(2)] == [1, 1]
    later = module.monotonic() + 1.1
    monkeypatch.setattr(module, "monotonic", lambda: later)
    assert remembered.recall("key", asked) == 2


def test_an_answer_from_before_a_change_is_not_kept_after_it(remembered: Remembered) -> None:
    asked = Asked(meanwhile=remembered.forget)
    assert [remembered.recall("key", asked) for _ in range(2)] == [1, 2]


def test_no_more_is_kept_than_the_bound(
    remembered: Remembered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    for key in range(10):
        remembered.recall(key, Asked())
        assert len(remembered._kept) <= 3


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        pytest.param(published(0, 6, 6, DOCUMENT_ROW), True, id="of a document"),
        pytest.param(published(0, 4, 5, DOCUMENT_ROW), True, id="heard before"),
        pytest.param(published(1, 8, 8, PERSON_ROW), False, id="of a person"),
        pytest.param(published(0, 6, 6, FLOW_ROW), False, id="of a flow"),
        pytest.param(published(0, 6, 6, CALENDAR_ROW), False, id="of a calendar"),
        pytest.param(published(0, 6, 6, FOREIGN_ROW), True, id="of another installation"),
        pytest.param(published(0, 7, 7, DOCUMENT_ROW), False, id="behind a hole"),
        pytest.param(published(0, 6, 9, None), False, id="too large to be told"),
        pytest.param(published(9, 3, 3, DOCUMENT_ROW), False, id="of an unknown lane"),
    ],
)
def test_what_is_heard_of_people_and_flows_is_forgotten(
    remembered: Remembered, data: bytes, *, kept: bool
) -> None:
    asked = Asked()
    remembered.recall("key", asked)
    remembered._hear(data)
    assert remembered.recall("key", asked) == (1 if kept else 2)


def test_heads_that_nobody_told_of_are_changes(remembered: Remembered) -> None:
    asked = Asked()
    remembered.recall("key", asked)
    remembered._hear(published(0, 6, 6, DOCUMENT_ROW))
    remembered._compare({0: 6, 1: 7}, module.monotonic())
    assert remembered.recall("key", asked) == 1
    remembered._compare({0: 6, 1: 8}, module.monotonic())
    assert remembered.recall("key", asked) == 2


@pytest.mark.parametrize("seq", [6, 7, 100])
def test_what_another_installation_says_hides_nothing_of_ours(
    remembered: Remembered, seq: int
) -> None:
    asked = Asked()
    remembered.recall("key", asked)
    remembered._hear(published(0, seq, seq, FOREIGN_ROW))
    remembered._compare({0: 6, 1: 7}, module.monotonic())  # the row 6 was never heard of
    assert remembered.recall("key", asked) == 2


def test_what_is_behind_a_hole_hides_nothing_in_it(remembered: Remembered) -> None:
    asked = Asked()
    remembered._hear(published(0, 7, 7, DOCUMENT_ROW))
    remembered.recall("key", asked)
    remembered._compare({0: 7, 1: 7}, module.monotonic())
    assert remembered.recall("key", asked) == 2


def test_heads_that_begin_anew_are_changes(remembered: Remembered) -> None:
    asked = Asked()
    remembered.recall("key", asked)
    remembered._compare({0: 2, 1: 7}, module.monotonic())
    assert remembered.recall("key", asked) == 2
    remembered._compare({0: 3, 1: 7}, module.monotonic())
    assert remembered.recall("key", asked) == 3


def test_a_comparison_counts_from_when_it_was_asked_for(remembered: Remembered) -> None:
    asked = Asked()
    long_ago = module.monotonic() - module.STANDS_S - 0.1
    remembered._compare({0: 5, 1: 7}, long_ago)
    assert [remembered.recall("key", asked) for _ in range(2)] == [1, 2]
