"""A clock that is wrong makes nothing old."""

import re
from time import time

import pytest

from infra.cleaning import clock
from infra.cleaning.clock import ClockError, old_before
from tests.servers import TestStore


@pytest.mark.parametrize("off_s", [-7200, -4000, 4000, 10**9])
def test_a_clock_that_is_not_the_databases_calls_nothing_old(
    store: TestStore, monkeypatch: pytest.MonkeyPatch, off_s: float
) -> None:
    datastore, now = store.factory().datastore, time()
    assert now <= old_before(datastore, 30) + 30 * 86_400 <= time()
    monkeypatch.setattr(clock, "time", lambda: time() + off_s)
    with pytest.raises(ClockError, match=re.escape("-" if off_s < 0 else "+")):
        old_before(datastore, 30)
