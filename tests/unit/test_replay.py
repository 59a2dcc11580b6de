"""`ringi replay --at`: what one command did is one moment."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from api.cli.replay import until
from domain.document.events import CommentAdded
from domain.metadata import Recorded
from tests.builders import AT, a_meta

STREAM = UUID(int=1)


def _recorded(version: int, position: int, command: str, after_s: int) -> Recorded:
    at = AT + timedelta(seconds=after_s)
    meta = replace(a_meta("ann"), command_id=command, recorded_at=at)
    return Recorded(STREAM, version, CommentAdded(f"{version}"), meta, position)


EVENTS = [
    _recorded(1, 10, "a", 0),
    _recorded(2, 20, "b", 60),
    _recorded(3, 21, "b", 60),
    _recorded(4, 40, "c", 120),
]


@pytest.mark.parametrize(
    ("at", "versions"),
    [
        ("9", []),
        ("10", [1]),
        ("19", [1]),
        ("20", [1, 2, 3]),
        ("21", [1, 2, 3]),
        ("12345678.0.20", [1, 2, 3]),
        ("40", [1, 2, 3, 4]),
        ((AT + timedelta(seconds=59)).isoformat(), [1]),
        ((AT + timedelta(seconds=60)).isoformat(), [1, 2, 3]),
    ],
)
def test_events_up_to_a_place_are_whole_commands(at: str, versions: list[int]) -> None:
    assert [each.version for each in until(EVENTS, at)] == versions


@pytest.mark.parametrize("at", ["", "yesterday", "2026-11-23T10:00:00", "1.2", "-1"])
def test_what_is_no_place_is_refused(at: str) -> None:
    with pytest.raises(ValueError, match=r"neither a position nor an instant|names no time zone"):
        until(EVENTS, at)
