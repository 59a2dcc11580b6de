"""What a batch costs: its statements, as the client sends them."""

import re
from collections.abc import Iterator
from threading import get_ident

import pytest
from pymysql.connections import Connection

from tests.servers import TestStore
from tests.toys import Bench, Emptied, Ignored, Put, encode, stream_in

KINDS = {
    "where": r"SELECT p\.version, p\.generation",
    "page": r"SELECT stream, version, topic",
    "survey": r"SELECT s\.mark",
    "begin": r"BEGIN$",
    "lock": r"SELECT position, seq FROM \w+\.checkpoint .* FOR UPDATE SKIP LOCKED",
    "parked": r"SELECT DISTINCT stream FROM \w+\.parked",
    "read box": r"SELECT .* FROM \w+\.toy_box_1",
    "read item": r"SELECT .* FROM \w+\.toy_item_1",
    "write box": r"INSERT INTO \w+\.toy_box_1",
    "write item": r"INSERT INTO \w+\.toy_item_1",
    "delete item": r"DELETE FROM \w+\.toy_item_1",
    "write step": r"INSERT INTO \w+\.toy_step_1",
    "tell": r"INSERT INTO \w+\.feed",
    "move": r"UPDATE \w+\.checkpoint",
    "commit": r"COMMIT$",
}

FULL = [
    "where",
    "page",
    "survey",
    "begin",
    "lock",
    "parked",
    "read box",
    "read item",
    "write box",
    "write item",
    "delete item",
    "write step",
    "tell",
    "move",
    "commit",
]

AT_THE_END = ["where", "survey"]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    seen: list[str] = []
    me, original = get_ident(), Connection._execute_command

    def execute(self: Connection, command: int, sql: bytes | str) -> None:
        if get_ident() == me:
            text = sql if isinstance(sql, str) else sql.decode("utf-8", "replace")
            found = (name for name, begin in KINDS.items() if re.match(begin, text))
            seen.append(next(found, text[:200]))
        original(self, command, sql)

    monkeypatch.setattr(Connection, "_execute_command", execute)
    return seen


def test_a_batch_costs_the_same_for_one_event_and_for_hundreds(
    store: TestStore, sent: list[str]
) -> None:
    bench = Bench(store)
    runner, streams = bench.runner(), [stream_in(0, seed) for seed in range(150)]
    events = [encode(stream, 1, Put("a", 1)) for stream in streams]
    events += [encode(stream, 2, Emptied("a")) for stream in streams[:75]]
    bench.append(events)
    bench.recorder.settle()
    sent.clear()
    assert runner.catch_up(0) == 225
    assert sent == FULL + AT_THE_END
    bench.append([encode(streams[0], 3, Put("b", 1)), encode(streams[1], 3, Emptied("a"))])
    bench.recorder.settle()
    sent.clear()
    assert runner.catch_up(0) == 2
    assert sent == FULL + AT_THE_END


def test_a_look_at_a_quiet_lane_is_two_statements(store: TestStore, sent: list[str]) -> None:
    bench = Bench(store)
    runner = bench.runner()
    bench.append([encode(stream_in(0), 1, Put("a", 1))])
    runner.catch_up(0)
    sent.clear()
    assert runner.catch_up(0) == 0
    assert sent == AT_THE_END


def test_a_look_at_events_of_others_takes_no_lock(store: TestStore, sent: list[str]) -> None:
    bench = Bench(store)
    bench.append([encode(stream_in(0), 1, Ignored())])
    bench.recorder.settle()
    sent.clear()
    assert bench.runner().catch_up(0) == 0
    assert set(sent) == {"where", "page", "survey"}
