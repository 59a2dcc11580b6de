"""Batches: rows, feed and checkpoint move together, and come to what the log says."""

import json
from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.metadata import Recorded
from infra.projecting import runner as runner_module
from infra.projecting.checkpoint import NotPreparedError, RebuildNeededError
from infra.projecting.parking import parked_counts, parked_events
from infra.projecting.place import LanePlace, read_place, wait_for
from infra.projecting.preparing import prepare
from infra.projecting.retry import retry_parked
from projections.base import Change, Rows
from tests.contracts.log_contract import together
from tests.integration.observing import rows
from tests.servers import TestStore
from tests.toys import (
    BOX,
    TOY,
    Bench,
    Emptied,
    Ignored,
    Put,
    decode,
    encode,
    fold,
    judge,
    some_log,
    stream_in,
    toy,
)
from tests.toys import reads as toy_reads


@pytest.fixture
def bench(store: TestStore) -> Bench:
    return Bench(store)


def test_rows_and_feed_come_to_what_the_log_says(bench: Bench) -> None:
    bench.append(some_log(1, 600))
    bench.catch_up()
    wanted = judge(bench)
    assert all(wanted.rows.values())
    assert sorted((row.lane, row.seq) for row in bench.published) == sorted(
        (lane, seq) for lane, told in bench.feed().items() for seq, _ in told
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(
    seed=st.integers(0, 1000),
    cuts=st.lists(st.tuples(st.integers(1, 60), st.integers(1, 30)), min_size=1, max_size=6),
)
def test_any_batching_comes_to_the_same(
    server, monkeypatch_class, seed: int, cuts: list[tuple[int, int]]
) -> None:
    store = TestStore(server, f"batching{uuid4().hex[:8]}")
    try:
        bench = Bench(store)
        log = some_log(seed, sum(count for count, _ in cuts), streams=4, poison=0.02)
        for count, size in cuts:
            bench.append(log[:count])
            log = log[count:]
            with monkeypatch_class.context() as patched:
                patched.setattr(runner_module, "BATCH", size)
                bench.catch_up()
        judge(bench)
    finally:
        store.drop()


@pytest.fixture
def monkeypatch_class():
    return pytest.MonkeyPatch


def test_a_message_is_what_clients_are_promised(bench: Bench) -> None:
    stream = stream_in(2)
    bench.append([encode(stream, 1, Put("é", 3))])
    bench.catch_up()
    (epoch,) = rows(bench.store.server, f"SELECT HEX(epoch) FROM {bench.store.log}.epoch")[0]
    message = bench.published[1].message
    assert message.decode() == (
        f'{{"topics":["box:{stream}"],"at":[2,2],"position":"{epoch[:8].lower()}.2.1",'
        f'"correlation":"c","type":"toy.put","document":"{stream}","version":1,'
        '"time":"2026-11-23T10:00:01.000001Z","data":{"total":3}}'
    )
    assert json.loads(message)["at"] == [2, 2]


def test_preparing_again_and_by_rivals_changes_nothing(store: TestStore) -> None:
    factory = store.factory()
    factory.tracking_recorder()
    factory.application_recorder()
    outcomes = together([lambda: prepare(factory.datastore, TOY)] * 4)
    assert outcomes == [True] * 4
    first = rows(store.server, f"SELECT * FROM {store.views}.projection")
    assert len(first) == 1
    assert prepare(factory.datastore, TOY)
    assert rows(store.server, f"SELECT * FROM {store.views}.projection") == first
    assert rows(store.server, f"SELECT COUNT(*) FROM {store.views}.checkpoint") == [(4,)]


def test_what_an_interrupted_preparation_left_is_replaced(store: TestStore) -> None:
    factory = store.factory()
    factory.tracking_recorder()
    factory.application_recorder()
    rows(store.server, f"CREATE TABLE {store.views}.toy_box_1 (other INT)")
    bench = Bench(store)
    bench.append(some_log(2, 20))
    bench.catch_up()
    judge(bench)


def test_a_projection_that_was_not_prepared_is_refused(bench: Bench) -> None:
    with pytest.raises(NotPreparedError, match="'other' has no tables"):
        bench.runner(replace(TOY, name="other")).catch_up(0)
    with pytest.raises(NotPreparedError, match="no lane 9"):
        bench.runner().catch_up(9)


def test_another_version_is_refused_and_the_old_rows_stay(bench: Bench) -> None:
    bench.append(some_log(3, 40))
    bench.catch_up()
    before = bench.rows()
    bench.append(some_log(4, 40))
    with pytest.raises(RebuildNeededError, match="of version 1, this code is of version 2"):
        bench.runner(toy(2)).catch_up(0)
    assert not prepare(bench.datastore, toy(2))
    assert bench.rows() == before


def test_another_history_of_the_log_is_refused(bench: Bench) -> None:
    bench.append(some_log(3, 40))
    bench.catch_up()
    rows(
        bench.store.server,
        f"INSERT INTO {bench.store.log}.epoch (epoch, lanes, reason) VALUES (%s, 4, 'restored')",
        uuid4().bytes,
    )
    fresh = Bench(bench.store)
    with pytest.raises(RebuildNeededError, match="another history"):
        fresh.runner().catch_up(0)


def test_an_idle_look_writes_nothing_until_it_is_far(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = stream_in(0)
    bench.append([encode(stream, number, Ignored()) for number in range(1, 21)])
    monkeypatch.setattr(runner_module, "FAR", 21)
    assert bench.catch_up() == 0
    assert place(bench)[0] == LanePlace(0, 0)
    monkeypatch.setattr(runner_module, "FAR", 20)
    assert bench.catch_up() == 0
    assert place(bench)[0] == LanePlace(20, 0)
    bench.append([encode(stream, 21, Put("a", 1))])
    assert bench.catch_up() == 1
    assert place(bench)[0] == LanePlace(21, 2)


def place(bench: Bench) -> dict[int, LanePlace]:
    with bench.datastore.cursor() as cursor:
        return read_place(cursor, "toy", bench.store.views).lanes


def test_waiting_for_a_place_ends_when_it_is_reached_or_in_time(bench: Bench) -> None:
    stream = stream_in(1)
    bench.append([encode(stream, 1, Put("a", 1))])
    assert not wait_for(bench.datastore, "toy", 1, 1, 0.01)
    reached, _ = together([lambda: wait_for(bench.datastore, "toy", 1, 1, 20), bench.catch_up])
    assert reached is True
    assert not wait_for(bench.datastore, "toy", 1, 2, 0)


# ---- parking


def test_an_event_that_cannot_be_folded_stops_only_its_stream(bench: Bench) -> None:
    good, bad = stream_in(0, 1), stream_in(0, 2)
    bench.append(
        [
            encode(bad, 1, Put("a", 1)),
            encode(good, 1, Put("a", 1)),
            encode(bad, 2, Put("poison", 1)),
            encode(good, 2, Put("a", 1)),
            encode(bad, 3, Put("a", 1)),
        ]
    )
    bench.catch_up()
    bench.append([encode(bad, 4, Put("a", 1)), encode(good, 3, Emptied("a"))])
    bench.catch_up()
    wanted = judge(bench)
    assert wanted.parked == [(bad, 2), (bad, 3), (bad, 4)]
    assert parked_counts(bench.datastore) == {"toy": 3}
    first, second, _ = parked_events(bench.datastore, "toy", 10)
    assert first.error.startswith("ValueError: a poisoned event")
    assert "toys.py" in first.error
    assert "earlier event" in second.error
    assert (first.stream, first.version, first.position, first.lane) == (bad, 2, 3, 0)


def test_an_event_that_cannot_be_decoded_is_parked(bench: Bench) -> None:
    stream = stream_in(0)
    event = encode(stream, 1, Put("a", 1))
    bench.append([replace_state(event, b"not JSON \xff")])
    bench.catch_up()
    (parked,) = parked_events(bench.datastore, "toy", 10)
    assert "Error: " in parked.error
    assert bench.rows()["box"] == {}


def replace_state(event, state: bytes):
    return type(event)(event.originator_id, event.originator_version, event.topic, state)


def put_odd(cells: dict[str, object]):
    """Return a fold that puts a row with such cells, for the item "odd"."""

    def odd(rows: Rows, recorded: Recorded) -> list[Change]:
        changes = list(fold(rows, recorded))
        if recorded.event.item == "odd":  # type: ignore[attr-defined]
            row = rows.get(BOX, (recorded.stream,)) or {}
            rows.put(BOX, {**row, **cells})  # type: ignore[arg-type]
        return changes

    return odd


@pytest.mark.parametrize(
    ("cells", "error"),
    [
        ({"total": 2**63}, "box.total does not fit into 64 bits"),
        ({"total": True}, "box.total is bool"),
        ({"full": 1}, "box.full is int"),
        ({"last": "\ud800"}, "box.last"),
        ({"items": {"a": object()}}, "box.items"),
        ({"changed": None}, "box.changed is not an aware instant"),
        ({"unknown": 1}, "unknown columns: unknown"),
    ],
)
def test_a_value_that_does_not_fit_parks_its_event(
    bench: Bench, cells: dict[str, object], error: str
) -> None:
    good, bad = stream_in(0, 1), stream_in(0, 2)
    bench.append([encode(good, 1, Put("a", 1)), encode(bad, 1, Put("odd", 1))])
    bench.catch_up(toy(fold=put_odd(cells)))
    (parked,) = parked_events(bench.datastore, "toy", 10)
    assert error in parked.error
    assert {key for (key,) in bench.rows()["box"]} == {good}


def test_what_the_server_refuses_is_found_and_parked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column narrower than the code believes: only the server knows."""
    rows(bench.store.server, f"ALTER TABLE {bench.store.views}.toy_step_1 MODIFY what VARCHAR(80)")
    log = some_log(5, 60, streams=6)
    bad = stream_in(3, 9)
    log[30:30] = [encode(bad, 1, Put("a", 1)), encode(bad, 2, Put("x" * 100, 1))]
    bench.append([*log, encode(bad, 3, Put("a", 1))])
    bench.catch_up()
    assert [(p.stream, p.version) for p in parked_events(bench.datastore, "toy", 9)] == [
        (bad, 2),
        (bad, 3),
    ]
    assert "Data too long" in parked_events(bench.datastore, "toy", 1)[0].error
    assert bench.rows()["box"][bad,]["total"] == 1
    told = bench.feed()
    assert all([seq for seq, _ in lane] == [*range(1, len(lane) + 1)] for lane in told.values())
    rows(bench.store.server, f"ALTER TABLE {bench.store.views}.toy_step_1 MODIFY what LONGTEXT")
    assert retry(bench).projected == 2
    assert bench.rows()["box"][bad,]["total"] == 3
    assert parked_counts(bench.datastore) == {"toy": 0}


def retry(bench: Bench, projection=TOY):
    return retry_parked(projection, bench.datastore, bench.recorder, decode, bench.publish)


def unpoisoned(rows: Rows, recorded: Recorded) -> list[Change]:
    if recorded.event.item == "poison":  # type: ignore[attr-defined]
        return [*fold(rows, replace(recorded, event=Put("cured", 1)))]
    return [*fold(rows, recorded)]


def cured_reads(recorded: Recorded):
    if recorded.event.item == "poison":  # type: ignore[attr-defined]
        recorded = replace(recorded, event=Put("cured", 1))
    return toy_reads(recorded)


def test_parked_events_are_projected_when_they_are_cured(bench: Bench) -> None:
    bench.append(some_log(7, 300, streams=6, poison=0.02))
    bench.catch_up()
    wanted = judge(bench)
    assert len(wanted.parked) > 20
    assert retry(bench).projected == 0
    judge(bench)
    cured = replace(toy(fold=unpoisoned), reads=cured_reads)
    retried = retry(bench, cured)
    assert (retried.projected, retried.still_parked) == (len(wanted.parked), 0)
    other = TestStore(bench.store.server, bench.store.name + "fresh")
    try:
        fresh = Bench(other)
        fresh.append(some_log(7, 300, streams=6, poison=0.02))
        fresh.catch_up(cured)
        assert untimed(bench.rows()) == untimed(fresh.rows())
        assert {lane: len(told) for lane, told in bench.feed().items()} == {
            lane: len(told) for lane, told in fresh.feed().items()
        }
    finally:
        other.drop()
    for told in bench.feed().values():
        assert [seq for seq, _ in told] == [*range(1, len(told) + 1)]


def untimed(tables):
    return {
        name: {key: {**row, "changed": None} for key, row in table.items()}
        for name, table in tables.items()
    }


def test_a_row_that_reads_does_not_name_is_not_got(bench: Bench) -> None:
    first, second = stream_in(0, 1), stream_in(0, 2)

    def nosy(rows: Rows, recorded: Recorded) -> list[Change]:
        rows.get(BOX, (first,))
        return [*fold(rows, recorded)]

    bench.append([encode(first, 1, Put("a", 1)), encode(second, 1, Put("a", 1))])
    bench.catch_up(toy(fold=nosy))
    (parked,) = parked_events(bench.datastore, "toy", 10)
    assert parked.stream == second
    assert "UnnamedRowError" in parked.error
