"""Stretches of one offset are what a look at every day says, there and back."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from domain.calendar.zones import DAY_US, number_of, offset_at, stretches, stretches_back

FIRST, LAST = (
    number_of(datetime(1985, 1, 1, 1, tzinfo=UTC)),
    number_of(datetime(2085, 1, 1, tzinfo=UTC)),
)


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "America/Sao_Paulo", "Africa/Casablanca"])
def test_every_change_of_a_century_is_found(zone: str) -> None:
    found = list(stretches(zone, FIRST, LAST))
    assert [begins for begins, _, _ in found] == [FIRST, *(ends for _, ends, _ in found[:-1])]
    assert found[-1][1] == LAST
    for begins, ends, offset in found:
        assert offset == offset_at(zone, begins) == offset_at(zone, ends - 1)
        assert ends == LAST or offset_at(zone, ends) != offset
    offsets = [offset_at(zone, day) for day in range(FIRST, LAST, DAY_US)]
    changes = sum(one != other for one, other in pairwise(offsets))
    assert len(found) == changes + 1


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Africa/Casablanca"])
def test_the_way_back_has_the_same_stretches(zone: str) -> None:
    there = list(stretches(zone, FIRST, LAST))
    assert list(stretches_back(zone, FIRST, LAST)) == there[::-1]
    change = there[3][1]
    for begins, ends in ((FIRST, change), (change, LAST), (change - 1, change + 1), (5, 6)):
        back = list(stretches_back(zone, begins, ends))
        assert back == list(stretches(zone, begins, ends))[::-1]
        assert all(one < other for one, other, _ in back)
