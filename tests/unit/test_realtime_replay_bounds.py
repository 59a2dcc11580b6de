"""A replay is bounded also in what is looked through for nothing."""

from dataclasses import replace

import pytest

from realtime.limits import Limits
from tests.gateway import Desk

ROW_BYTES = 1000
FEW = replace(Limits(), replay_scan_bytes=10 * ROW_BYTES)


@pytest.mark.parametrize(("rows", "recovered"), [(9, True), (12, False)])
@pytest.mark.parametrize("published", [True, False])
def test_who_missed_much_of_others_gets_no_replay(
    rows: int, recovered: bool, published: bool
) -> None:
    desk = Desk(replace(FEW, ring_rows=10_000 if published else 1), ann=set())
    place = {"epoch": desk.hub.epoch, "lanes": {}}
    for _ in range(rows):
        desk.tell(0, "person:bob", text="x" * (ROW_BYTES - 150))
    session, outlet = desk.session("ann")
    desk.ask(session, subscribe={"topics": ["inbox:ann"], "since": place})
    (answer,) = outlet.take()
    assert answer["ok"]["recovered"] is recovered
    assert answer["ok"].get("reason") == (None if recovered else "too_many")
