"""What Redis brings is taken only where it is this feed's."""

import msgspec
import pytest

from realtime.announcements import News
from realtime.feed_reader import ours
from tests.gateway import a_message

EPOCH = "k3f9k3f901234567"


def news(*messages: bytes) -> News:
    raw = [msgspec.Raw(message) for message in messages]
    return News(msgspec.json.encode({"lane": 1, "from": 5, "to": 4 + len(raw), "messages": raw}))


def a_row(seq: int, lane: int = 1, epoch: str = "k3f9k3f9") -> bytes:
    return a_message(lane, seq, ["document:d"], epoch=epoch)


def test_rows_of_this_feed_are_taken() -> None:
    assert [row.seq for row in ours(news(a_row(5), a_row(6)), EPOCH)] == [5, 6]


@pytest.mark.parametrize(
    "foreign",
    [
        a_row(6, epoch="01234567"),
        a_row(6, epoch=""),
        a_row(6, lane=0),
        a_row(9),
        b"{}",
        b"1",
    ],
)
def test_what_is_not_of_this_feed_takes_no_place_in_it(foreign: bytes) -> None:
    assert [row.seq for row in ours(news(a_row(5), foreign, a_row(7)), EPOCH)] == [5]
