"""Writers that hang, wait for each other, or die: the log goes on, and says who was in the way."""

import os
import select
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Self

import pytest

from infra.eventstore.errors import ContentionError, LogStalledError, VersionConflictError
from infra.eventstore.stall import Stall
from tests.contracts.history import name
from tests.contracts.idempotency_contract import a_key
from tests.contracts.log_contract import PATIENCE_S, read_all, some_events, wait_for
from tests.fault.test_holes import mark, wait_until_waited_for
from tests.raw import raw_append
from tests.servers import TestStore

HOLDER = """
import os, sys
from eventsourcing.utils import Environment
from infra.eventstore import MariaDBFactory
datastore = MariaDBFactory(Environment("holder", os.environ)).datastore
with datastore.transaction() as cursor:
    cursor.execute(
        f"INSERT INTO {datastore.settings.log}.event (stream, version, topic, state)"
        " VALUES (%s, 1, 'held', '')", (os.urandom(16),))
    cursor.execute("SELECT CONNECTION_ID()")
    print(cursor.fetchone()[0], flush=True)
    sys.stdin.read()
"""


class HungWriter:
    """A process with a transaction open on the log, stopped by SIGSTOP."""

    def __init__(self, store: TestStore) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER],
            env={**os.environ, **store.env(CREATE_TABLE="no")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.connection_id = int(self.process.stdout.readline())
        self.process.send_signal(signal.SIGSTOP)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def test_a_hung_writer_is_named_within_two_seconds_and_its_connection_ended_by_the_server(
    store: TestStore,
) -> None:
    alarms: list[tuple[float, Stall]] = []
    reader = store.recorder(lambda stall: alarms.append((monotonic(), stall)))
    with HungWriter(store) as writer, ThreadPoolExecutor(1) as pool:
        quick = some_events()
        store.recorder().insert_events(quick)
        asked = monotonic()
        reading = pool.submit(reader.select_notifications, 1, 10)
        found = reading.result(PATIENCE_S)
    assert [name(event) for event in found] == [name(quick[0])]
    assert len(alarms) == 1, alarms
    raised, stall = alarms[0]
    assert stall.position == 1
    assert stall.blocker is not None
    assert stall.blocker.connection_id == writer.connection_id
    assert stall.blocker.user == "ringi_application"
    assert f"connection {writer.connection_id}" in str(stall)
    # The bound; the alarm is due after one lock wait of 1 s.
    assert raised - asked < 2.0


def test_a_reader_gives_up_with_the_name_and_goes_on_later(store: TestStore) -> None:
    alarms: list[Stall] = []
    reader = store.recorder(alarms.append, MARIADB_STALL_TIMEOUT="1.5")
    slow, quick = some_events(), some_events()
    with raw_append(store, slow) as in_flight:
        reader.insert_events(quick)
        blocker = in_flight.connection.thread_id()
        with pytest.raises(LogStalledError, match=f"connection {blocker} "):
            reader.select_notifications(1, 10)
        with pytest.raises(LogStalledError):
            reader.max_notification_id()
        assert mark(store) == 0
        in_flight.commit()
    assert [name(event) for event in read_all(reader)] == [name(slow[0]), name(quick[0])]


def test_what_is_settled_is_read_while_the_head_stalls(store: TestStore) -> None:
    reader = store.recorder()
    reader.insert_events(some_events(5))
    assert len(read_all(reader)) == 5
    with raw_append(store, some_events()):
        reader.insert_events(some_events())
        assert len(reader.select_notifications(1, 5)) == 5
        assert len(reader.select_notifications(1, 10, stop=4)) == 4


def test_without_a_holder_to_be_found_the_alarm_says_so(store: TestStore, monkeypatch) -> None:
    alarms: list[Stall] = []
    monkeypatch.setattr("infra.eventstore.stall._BLOCKER", "SELECT 1 FROM DUAL WHERE %s IS NULL")
    reader = store.recorder(alarms.append, MARIADB_STALL_TIMEOUT="1.5")
    with raw_append(store, some_events()):
        reader.insert_events(some_events())
        with pytest.raises(LogStalledError, match="could not be found"):
            reader.settle()
    assert [alarm.blocker for alarm in alarms] == [None]


def test_a_rival_in_flight_that_commits_is_a_conflict(store: TestStore) -> None:
    recorder, taken = store.recorder(), some_events()
    with raw_append(store, taken) as in_flight, ThreadPoolExecutor(1) as pool:
        writing = pool.submit(recorder.insert_events, [*some_events(), *taken])
        wait_until_waited_for(store)
        in_flight.commit()
        with pytest.raises(VersionConflictError):
            writing.result(PATIENCE_S)
    assert len(read_all(recorder)) == 1


def test_a_rival_in_flight_that_rolls_back_lets_the_other_pass(store: TestStore) -> None:
    recorder, taken = store.recorder(), some_events()
    with raw_append(store, taken) as in_flight, ThreadPoolExecutor(1) as pool:
        writing = pool.submit(recorder.insert_events, taken)
        wait_until_waited_for(store)
        in_flight.roll_back()
        assert writing.result(PATIENCE_S) is not None
    assert [name(event) for event in read_all(recorder)] == [name(taken[0])]


@pytest.mark.parametrize("keyed", [False, True])
def test_a_lock_wait_time_out_rolls_all_of_it_back(store: TestStore, keyed: bool) -> None:
    recorder = store.recorder(MARIADB_LOCK_TIMEOUT="1")
    key, fresh, taken = a_key() if keyed else None, some_events(3), some_events()
    with raw_append(store, taken) as in_flight:
        with pytest.raises(ContentionError, match="rolled back"):
            recorder.insert_events([*fresh, *taken], idempotency=key)
        in_flight.roll_back()
    assert recorder.select_events(fresh[0].originator_id) == []
    assert read_all(recorder) == []
    if key is not None:
        assert recorder.select_first_outcome(key) is None


@pytest.mark.parametrize("rival_commits", [False, True])
@pytest.mark.parametrize("keyed", [False, True])
def test_the_victim_of_a_deadlock_is_repeated(
    store: TestStore, keyed: bool, rival_commits: bool
) -> None:
    """The rival is the heavier transaction, so InnoDB chooses our append as the victim."""
    recorder, first, second = store.recorder(), some_events(), some_events()
    before, key = deadlocks(store), a_key() if keyed else None
    with raw_append(store, [*some_events(50), *first]) as rival, ThreadPoolExecutor(1) as pool:
        writing = pool.submit(recorder.insert_events, [*second, *first], idempotency=key)
        wait_until_waited_for(store)
        rival.insert(second)
        assert deadlocks(store) == before + 1
        (rival.commit if rival_commits else rival.roll_back)()
        if rival_commits:
            with pytest.raises(VersionConflictError):
                writing.result(PATIENCE_S)
        else:
            assert len(writing.result(PATIENCE_S)) == 2
    assert len(read_all(recorder)) == (52 if rival_commits else 2)
    if key is not None:
        assert (recorder.select_first_outcome(key) is None) == rival_commits


def deadlocks(store: TestStore) -> int:
    with store.server.admin() as admin, admin.cursor() as cursor:
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'")
        return int(cursor.fetchone()[1])


KILLED = """
import os
from eventsourcing.utils import Environment
from infra.eventstore import MariaDBFactory
from tests.contracts.log_contract import some_events
recorder = MariaDBFactory(Environment("killed", os.environ)).application_recorder()
events = some_events(20_000)
print("ready", flush=True)
recorder.insert_events(events)
print("done", flush=True)
"""


def test_a_writer_killed_in_the_middle_of_an_append_left_all_or_nothing(store: TestStore) -> None:
    """SIGKILL at growing delays after an append of 20 000 events was begun."""
    recorder, lengths = store.recorder(), set()
    for delay in (0.05, 0.15, 0.25, 0.35, 0.5, PATIENCE_S):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED],
            env={**os.environ, **store.env(CREATE_TABLE="no")},
            stdout=subprocess.PIPE,
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            select.select([writer.stdout], [], [], delay)
            writer.kill()
        recorder.insert_events(some_events())  # its position is above what the writer took
        streams = Counter(event.originator_id for event in read_all(recorder, 5000))
        lengths |= set(streams.values())
        assert lengths <= {1, 20_000}, "an append is torn"
        if 20_000 in lengths:
            return
    pytest.fail("no append came through: this proves nothing")


def test_a_page_that_is_full_below_a_transaction_in_flight_does_not_wait(store: TestStore) -> None:
    reader, before = store.recorder(MARIADB_STALL_TIMEOUT="0.001"), some_events(5)
    store.recorder().insert_events(before)
    with raw_append(store, some_events()):
        store.recorder().insert_events(some_events())
        assert [name(event) for event in reader.select_notifications(1, 5)] == [*map(name, before)]


def test_a_page_has_all_that_lies_below_a_stall_also_above_a_dead_hole(store: TestStore) -> None:
    reader, writer = store.recorder(MARIADB_STALL_TIMEOUT="0.001"), store.recorder()
    first, second = some_events(2), some_events(2)
    writer.insert_events(first)
    with raw_append(store, some_events()) as dead:
        writer.insert_events(second)
        dead.roll_back()
        with raw_append(store, some_events()):
            writer.insert_events(some_events())
            found = reader.select_notifications(1, 10)
            assert [name(event) for event in found] == [*map(name, [*first, *second])]


def test_a_subscription_delivers_what_lies_below_a_stall_and_outlives_it(store: TestStore) -> None:
    alarms: list[Stall] = []
    reader = store.recorder(alarms.append, MARIADB_STALL_TIMEOUT="0.5")
    before, slow, after = some_events(2), some_events(), some_events()
    store.recorder().insert_events(before)
    with reader.subscribe(gt=0) as subscription, raw_append(store, slow) as in_flight:
        store.recorder().insert_events(after)
        assert [name(next(subscription)) for _ in range(2)] == [*map(name, before)]
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(next, subscription)
            assert wait_for(lambda: len(alarms) > 0, PATIENCE_S)
            assert not waiting.done()
            in_flight.commit()
            assert name(waiting.result(PATIENCE_S)) == name(slow[0])
        assert name(next(subscription)) == name(after[0])
