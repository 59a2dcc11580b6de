"""Positions that were given out and not used: in flight, dead, stolen, too many."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import StoredEvent

from infra.eventstore.errors import HoleTooWideError, LogStalledError
from infra.eventstore.stall import Stall
from tests.contracts.history import name
from tests.contracts.idempotency_contract import a_key
from tests.contracts.log_contract import PATIENCE_S, read_all, some_events, wait_for
from tests.raw import burn_positions, raw_append
from tests.servers import TestStore


def stored(store: TestStore, sql: str) -> list[tuple]:
    with store.server.admin() as admin, admin.cursor() as cursor:
        cursor.execute(sql.format(log=store.log))
        return list(cursor.fetchall())


def mark(store: TestStore) -> int:
    return stored(store, "SELECT mark FROM {log}.settled")[0][0]


def tombstones(store: TestStore) -> list[int]:
    rows = stored(
        store,
        "SELECT position, version, topic, state FROM {log}.event"
        " WHERE stream = REPEAT('\\0', 16) ORDER BY position",
    )
    assert all(row[1:] == (row[0], "", b"") for row in rows)
    return [position for position, *_ in rows]


# ---- dead positions


@pytest.mark.parametrize("width", [1, 2, 999, 1000, 1001, 2500])
def test_a_dead_hole_becomes_tombstones_that_nobody_sees(store: TestStore, width: int) -> None:
    recorder = store.recorder()
    before, after = some_events(2), some_events(2)
    recorder.insert_events(before)
    burn_positions(store, width)
    recorder.insert_events(after)
    assert [name(event) for event in read_all(recorder)] == [*map(name, before), *map(name, after)]
    assert tombstones(store) == list(range(3, 3 + width))
    assert mark(store) == 4 + width
    assert recorder.select_events(UUID(int=0)) == []


def test_holes_far_apart_are_filled_too(store: TestStore) -> None:
    recorder, expected = store.recorder(), []
    for width in (3, 1, 40):
        burn_positions(store, width)
        expected += some_events(5)
        recorder.insert_events(expected[-5:])
    assert [name(event) for event in read_all(recorder)] == [*map(name, expected)]
    assert len(tombstones(store)) == 44


def test_a_dead_hole_at_the_end_is_left_to_the_next_append(store: TestStore) -> None:
    recorder = store.recorder()
    recorder.insert_events(some_events())
    burn_positions(store, 3)
    assert recorder.max_notification_id() == 1
    assert tombstones(store) == []


def test_a_dead_hole_below_a_transaction_in_flight_is_settled_at_once(store: TestStore) -> None:
    """One tombstone at a time unless all are proven dead: or it would wait with the other."""
    recorder = store.recorder()
    recorder.insert_events(some_events())
    burn_positions(store, 1)
    with raw_append(store, some_events()) as in_flight, ThreadPoolExecutor(1) as pool:
        recorder.insert_events(some_events())
        reading = pool.submit(recorder.select_notifications, 1, 10)
        settled = wait_for(lambda: tombstones(store) == [2] and mark(store) == 2, PATIENCE_S)
        assert settled, "the dead position waits for the one in flight"
        assert not reading.done()
        in_flight.commit()
        assert [event.id for event in reading.result(PATIENCE_S)] == [1, 3, 4]


def test_rival_settlers_agree(store: TestStore) -> None:
    recorders = [store.recorder() for _ in range(5)]
    for width in (1, 7, 1200):
        burn_positions(store, width)
        recorders[0].insert_events(some_events(3))
    with ThreadPoolExecutor(5) as pool:
        marks = list(pool.map(lambda recorder: recorder.settle(), recorders))
    assert marks == [1 + 7 + 1200 + 9] * 5
    assert len(tombstones(store)) == 1208


def test_rival_settlers_of_a_transaction_in_flight_agree(store: TestStore) -> None:
    recorders = [store.recorder() for _ in range(4)]
    with raw_append(store, some_events(3)) as in_flight, ThreadPoolExecutor(4) as pool:
        recorders[0].insert_events(some_events(2))
        settling = [pool.submit(recorder.settle) for recorder in recorders]
        in_flight.roll_back()
        assert [future.result(PATIENCE_S) for future in settling] == [5] * 4
    assert tombstones(store) == [1, 2, 3]


# ---- a hole wider than the bound


def test_a_hole_wider_than_the_bound_stops_with_an_alarm(store: TestStore) -> None:
    alarms: list[Stall] = []
    recorder = store.recorder(alarms.append, MARIADB_WIDEST_HOLE="50")
    recorder.insert_events(some_events(2))
    insert_at(store, 2 + 51 + 10_001)  # also beyond one survey
    with pytest.raises(HoleTooWideError, match="MARIADB_WIDEST_HOLE"):
        recorder.select_notifications(2, 10, inclusive_of_start=False)
    assert [alarm.position for alarm in alarms] == [3]
    assert mark(store) == 2
    assert tombstones(store) == []
    recorder.insert_events(some_events())  # writers go on
    assert len(recorder.select_notifications(1, 2)) == 2  # and so does reading what is settled
    patient = store.recorder(MARIADB_WIDEST_HOLE="20000")
    assert len(read_all(patient)) == 4


def test_a_hole_just_as_wide_as_the_bound_is_filled(store: TestStore) -> None:
    recorder = store.recorder(MARIADB_WIDEST_HOLE="50")
    burn_positions(store, 50)
    recorder.insert_events(some_events())
    assert [event.id for event in read_all(recorder)] == [51]


def test_the_bound_holds_within_a_survey_too(store: TestStore) -> None:
    recorder = store.recorder(MARIADB_WIDEST_HOLE="50")
    recorder.insert_events(some_events())
    burn_positions(store, 51)
    recorder.insert_events(some_events())
    with pytest.raises(HoleTooWideError):
        recorder.settle()
    assert tombstones(store) == []


def insert_at(store: TestStore, position: int) -> None:
    with store.server.admin() as admin, admin.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {store.log}.event (position, stream, version, topic, state)"
            " VALUES (%s, %s, 1, 'far', '')",
            (position, uuid4().bytes),
        )


# ---- a transaction in flight


def test_reading_waits_for_a_transaction_in_flight_and_then_has_it(store: TestStore) -> None:
    recorder, slow = store.recorder(), some_events(3)
    with raw_append(store, slow) as in_flight, ThreadPoolExecutor(1) as pool:
        recorder.insert_events(some_events())
        reading = pool.submit(recorder.select_notifications, 1, 10)
        wait_until_waited_for(store)
        assert not reading.done()
        in_flight.commit()
        assert [event.id for event in reading.result(PATIENCE_S)] == [1, 2, 3, 4]


def wait_until_waited_for(store: TestStore) -> None:
    """Wait until some transaction waits for another's lock."""
    sql = "SELECT COUNT(*) FROM information_schema.innodb_lock_waits"
    # Looked at more often than every 0.1 s, InnoDB does not renew this table.
    assert wait_for(lambda: stored(store, sql)[0][0] > 0, PATIENCE_S, every_s=0.17)


def test_no_clock_lets_a_reader_pass_a_transaction_in_flight(
    store: TestStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = store.recorder()
    with raw_append(store, some_events()) as in_flight:
        recorder.insert_events(some_events())
        jumps = iter([0.0, 1e9, -1e9, 2e9])
        monkeypatch.setattr("infra.eventstore.settling.monotonic", lambda: next(jumps, 3e9))
        with pytest.raises(LogStalledError, match="connection"):
            recorder.select_notifications(1, 10)
        assert mark(store) == 0
        in_flight.commit()
    assert [event.id for event in recorder.select_notifications(1, 10)] == [1, 2]


def test_clock_jumps_of_the_server_change_no_order(store: TestStore) -> None:
    recorder = store.recorder()
    for second in (2_000_000_000, 1, 1_700_000_000):
        with store.server.admin() as admin, admin.cursor() as cursor:
            cursor.execute("SET SESSION timestamp = %s", (second,))
            cursor.execute(
                f"INSERT INTO {store.log}.event (stream, version, topic, state)"
                " VALUES (%s, 1, 'jump', '')",
                (uuid4().bytes,),
            )
        recorder.insert_events(some_events())
    assert [event.id for event in read_all(recorder)] == [1, 2, 3, 4, 5, 6]
    times = [time for (time,) in stored(store, "SELECT recorded_at FROM {log}.event")]
    assert times != sorted(times), "the clock did not jump: this proves nothing"


# ---- a position stolen from a late writer (it holds an id, and has no row yet)


@pytest.fixture
def late_writer(store: TestStore):
    """Make saves of topic "late" take a dead position, and wait at a gate before their row.

    InnoDB leaves no time between the two, so a trigger stands in between: it gives the row the
    lowest dead position, once, as if AUTO_INCREMENT had, and then waits for the gate.
    """
    with store.server.admin() as gate, gate.cursor() as cursor:

        def close(position: int) -> None:
            cursor.execute(
                f"CREATE TRIGGER {store.log}.late BEFORE INSERT ON {store.log}.event FOR EACH ROW "
                "IF NEW.topic = 'late' AND NOT EXISTS"
                f" (SELECT 1 FROM {store.log}.event WHERE position = {position}) THEN "
                f"SET NEW.position = {position}; DO GET_LOCK('gate', {PATIENCE_S}); "
                "DO RELEASE_LOCK('gate'); END IF"
            )
            cursor.execute("SELECT GET_LOCK('gate', 1)")
            assert cursor.fetchone() == (1,)

        def open_() -> None:
            cursor.execute("DO RELEASE_LOCK('gate')")

        yield close, open_


def is_at_the_gate(store: TestStore) -> bool:
    sql = "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User lock'"
    return stored(store, sql)[0][0] > 0


@pytest.mark.parametrize("keyed", [False, True])
@pytest.mark.parametrize("size", [1, 3])
def test_a_late_writer_whose_position_was_settled_takes_a_new_one(
    store: TestStore,
    late_writer: tuple[Callable[[int], None], Callable[[], None]],
    keyed: bool,
    size: int,
) -> None:
    close, open_ = late_writer
    writer, reader, stream = store.recorder(), store.recorder(), uuid4()
    burn_positions(store, 1)
    writer.insert_events(some_events())
    close(1)
    late = [
        StoredEvent(stream, n, "late" if n == size else "soon", b"") for n in range(1, size + 1)
    ]
    key = a_key() if keyed else None
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(writer.insert_events, late, idempotency=key)
        assert wait_for(lambda: is_at_the_gate(store), PATIENCE_S)
        seen_before = [event.id for event in reader.select_notifications(1, 1)]
        open_()
        positions = writing.result(PATIENCE_S)
    assert seen_before == [2], "the reader waited for a position that nobody had a row at"
    assert tombstones(store)[0] == 1
    assert positions is not None
    assert positions[0] > 2
    assert positions == list(range(positions[0], positions[0] + size))
    assert [event.id for event in reader.select_notifications(1, 10)] == [2, *positions]
    assert len(writer.select_events(stream)) == size
    if key is not None:
        assert writer.select_first_outcome(key) == positions


def test_a_writer_that_is_always_too_late_gives_up_with_nothing_written(store: TestStore) -> None:
    writer = store.recorder()
    writer.insert_events(some_events())
    with store.server.admin() as admin, admin.cursor() as cursor:
        cursor.execute(
            f"CREATE TRIGGER {store.log}.doomed BEFORE INSERT ON {store.log}.event FOR EACH ROW "
            "IF NEW.topic = 'doomed' THEN SET NEW.position = 1; END IF"
        )
    doomed, key = StoredEvent(uuid4(), 1, "doomed", b""), a_key()
    threads_before = threading.active_count()
    with pytest.raises(Exception, match="settled") as caught:
        writer.insert_events([doomed], idempotency=key)
    assert type(caught.value).__mro__[1].__name__ == "ContentionError"
    assert writer.select_events(doomed.originator_id) == []
    assert writer.select_first_outcome(key) is None
    assert threading.active_count() == threads_before
