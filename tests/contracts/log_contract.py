"""The contract of a log: one order, that every reader agrees on, of all that was accepted."""

import random
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from time import monotonic, sleep
from typing import Protocol
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    StoredEvent,
)

from tests.contracts.history import History, name, seen

#: Seconds until a test gives up waiting for something that should have happened.
PATIENCE_S = 30

#: Seconds for which an append stays in flight after it was overtaken, unless a reader passes it.
TEMPTATION_S = 0.1


class InFlight(Protocol):
    """An append that is neither committed nor rolled back yet."""

    def commit(self) -> None: ...
    def roll_back(self) -> None: ...


def some_events(count: int = 1, stream: UUID | None = None, first: int = 1) -> list[StoredEvent]:
    """Return events of one stream, a new one unless given."""
    stream = stream or uuid4()
    return [
        StoredEvent(stream, version, "contract:Event", f'{{"n":{version}}}'.encode())
        for version in range(first, first + count)
    ]


def read_all(recorder: ApplicationRecorder, page: int = 1000) -> list[Notification]:
    """Return the whole log, page by page."""
    found: list[Notification] = []
    while True:
        after = found[-1].id if found else 0
        more = recorder.select_notifications(after, page, inclusive_of_start=False)
        if not more:
            return found
        found += more


class LogContract(ABC):
    """Subclass, say how to open the store, and run it."""

    writers = 6
    saves = 40

    @abstractmethod
    def open(self) -> ApplicationRecorder:
        """Return a recorder of the store under test; several may be open at once."""

    def in_flight(self, events: Sequence[StoredEvent]) -> AbstractContextManager[InFlight]:
        """Give `events` inserted, but neither committed nor rolled back."""
        pytest.skip("this store cannot hold an append in flight: it serialises its writers")

    # ---- everything accepted is delivered: once, in one order, to everybody

    @pytest.mark.parametrize("seed", range(3))
    def test_tailing_readers_miss_nothing_repeat_nothing_and_agree(self, seed: int) -> None:
        history, written = History(), threading.Event()
        lock = threading.Lock()

        def write(number: int) -> None:
            rng, recorder = random.Random(f"{seed}/{number}"), self.open()
            taken = some_events()
            with lock:
                history.acknowledge(taken, recorder.insert_events(taken))
            for _ in range(self.saves):
                events = some_events(rng.choice((1, 1, 1, 2, 7)))
                kind = rng.random()
                if kind < 0.2:  # a version of it is taken: all of it is refused
                    with pytest.raises(IntegrityError):
                        recorder.insert_events([*events, *taken])
                elif kind < 0.35:
                    self._overtaken(recorder, events, history, lock, commit=rng.random() < 0.5)
                else:
                    positions = recorder.insert_events(events)
                    with lock:
                        history.acknowledge(events, positions)

        def read(number: int) -> None:
            rng, recorder = random.Random(f"{seed}/reader/{number}"), self.open()
            mine = history.readings[f"reader {number}"]
            while True:
                over = written.is_set()
                more = recorder.select_notifications(
                    mine[-1][0] if mine else 0, rng.randint(1, 50), inclusive_of_start=False
                )
                mine += map(seen, more)
                if over and not more:
                    return

        history.readings = {f"reader {number}": [] for number in range(3)}
        with ThreadPoolExecutor(self.writers + 3) as pool:
            readers = [pool.submit(read, number) for number in range(3)]
            writers = [pool.submit(write, number) for number in range(self.writers)]
            try:
                for writer in writers:
                    writer.result(PATIENCE_S)
            finally:
                written.set()
            for reader in readers:
                reader.result(PATIENCE_S)
        log = [seen(notification) for notification in read_all(self.open())]
        history.judge(log)
        assert all(reading == log for reading in history.readings.values())
        assert len(log) >= self.writers * self.saves // 2

    def _overtaken(
        self,
        recorder: ApplicationRecorder,
        slow: list[StoredEvent],
        history: History,
        lock: threading.Lock,
        *,
        commit: bool,
    ) -> None:
        """Append past an append in flight, then give readers time to fall for it."""
        try:
            held = self.in_flight(slow)
        except pytest.skip.Exception:
            return
        quick = some_events()
        with held as append:
            positions = recorder.insert_events(quick)
            with lock:
                history.acknowledge(quick, positions)
                if commit:
                    history.whole_or_absent.append([name(event) for event in slow])
            fooled = partial(self._somebody_passed, history, history.acknowledged[name(quick[0])])
            wait_for(fooled, TEMPTATION_S)
            (append.commit if commit else append.roll_back)()

    @staticmethod
    def _somebody_passed(history: History, position: int) -> bool:
        return any(reading and reading[-1][0] >= position for reading in history.readings.values())

    @pytest.mark.parametrize("commits", [True, False])
    def test_a_reader_does_not_pass_a_slow_transaction(self, commits: bool) -> None:
        recorder, slow, quick = self.open(), some_events(2), some_events(2)
        found: list[Notification] = []
        over = threading.Event()

        def tail() -> None:
            expected = 4 if commits else 2
            while len(found) < expected and not over.is_set():
                after = found[-1].id if found else 0
                found.extend(recorder.select_notifications(after, 10, inclusive_of_start=False))

        with self.in_flight(slow) as append:
            self.open().insert_events(quick)
            reader = threading.Thread(target=tail, daemon=True)
            reader.start()
            try:
                reader.join(0.1)  # time enough to read what it must not read yet
                assert not found, "an event was delivered before a lower position was decided"
                (append.commit if commits else append.roll_back)()
                reader.join(PATIENCE_S)
            finally:
                over.set()
                reader.join(PATIENCE_S)
        assert [name(event) for event in found] == [
            name(event) for event in ([*slow, *quick] if commits else quick)
        ]

    def test_nothing_uncommitted_is_ever_read(self) -> None:
        recorder, before, held = self.open(), some_events(), some_events()
        recorder.insert_events(before)
        with self.in_flight(held) as append:
            assert recorder.select_events(held[0].originator_id) == []
            assert [name(event) for event in read_all(recorder)] == [name(before[0])]
            append.roll_back()
        assert [name(event) for event in read_all(recorder)] == [name(before[0])]
        assert recorder.select_events(held[0].originator_id) == []

    def test_a_read_includes_what_was_committed_before_it_asked(self) -> None:
        recorder, other = self.open(), self.open()
        for _ in range(20):
            positions = recorder.insert_events(some_events(3))
            assert positions is not None
            assert other.max_notification_id() == positions[-1]
            assert other.select_notifications(positions[0], 10)[-1].id == positions[-1]

    def test_readers_that_begin_anywhere_agree(self) -> None:
        recorder = self.open()
        for count in (1, 4, 2, 9):
            recorder.insert_events(some_events(count))
        log = read_all(recorder)
        for index, notification in enumerate(log):
            assert self.open().select_notifications(notification.id, 100) == log[index:]
            assert recorder.select_notifications(notification.id, 3) == log[index : index + 3]

    def test_a_subscription_delivers_everything_once_in_order(self) -> None:
        recorder, total = self.open(), 60
        found: list[Notification] = []

        def follow() -> None:
            with self.open().subscribe(gt=0) as subscription:
                for notification in subscription:
                    found.append(notification)
                    if len(found) == total:
                        return

        follower = threading.Thread(target=follow, daemon=True)
        follower.start()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: recorder.insert_events(some_events(3)), range(total // 3)))
        follower.join(PATIENCE_S)
        assert found == read_all(recorder)
        assert len(found) == total

    # ---- an append is whole or absent

    def test_a_refused_save_leaves_nothing(self) -> None:
        recorder, taken = self.open(), some_events(3)
        recorder.insert_events(taken)
        fresh = some_events(5)
        with pytest.raises(IntegrityError):
            recorder.insert_events([*fresh, taken[1]])
        assert recorder.select_events(fresh[0].originator_id) == []
        assert len(read_all(recorder)) == 3

    def test_of_rivals_for_one_version_exactly_one_wins(self) -> None:
        recorders = [self.open() for _ in range(4)]
        stream = uuid4()
        for version in range(1, 16):
            outcomes = together(
                [
                    lambda recorder=recorder, version=version: recorder.insert_events(
                        some_events(1, stream, version)
                    )
                    for recorder in recorders
                ]
            )
            assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 1
            assert all(
                isinstance(outcome, IntegrityError)
                for outcome in outcomes
                if isinstance(outcome, Exception)
            )
        versions = [event.originator_version for event in recorders[0].select_events(stream)]
        assert versions == list(range(1, 16))

    # ---- size

    def test_a_state_of_10_mb_comes_back(self) -> None:
        recorder, state = self.open(), random.Random(1).randbytes(10_000_000)
        event = StoredEvent(uuid4(), 1, "contract:Large", state)
        recorder.insert_events([event])
        assert recorder.select_events(event.originator_id) == [event]
        assert self.open().select_notifications(1, 1)[0].state == state

    def test_a_save_of_5000_events_is_one_stretch_of_the_log(self) -> None:
        recorder, large = self.open(), some_events(5000)
        with ThreadPoolExecutor(3) as pool:
            rivals = [pool.submit(recorder.insert_events, some_events(2)) for _ in range(40)]
            positions = recorder.insert_events(large)
            for rival in rivals:
                rival.result(PATIENCE_S)
        assert positions is not None
        assert list(positions) == list(range(positions[0], positions[0] + 5000))
        log = read_all(recorder, page=777)
        assert len(log) == 5080
        stretch = [seen(event) for event in log if event.originator_id == large[0].originator_id]
        assert stretch == [
            (position, *name(event)) for position, event in zip(positions, large, strict=True)
        ]


def wait_for(condition: Callable[[], bool], timeout_s: float, *, every_s: float = 0.002) -> bool:
    """Return True as soon as `condition` holds, False after `timeout_s`."""
    deadline = monotonic() + timeout_s
    while not condition():
        if monotonic() > deadline:
            return False
        sleep(every_s)
    return True


def together(calls: Sequence[Callable[[], object]]) -> list[object]:
    """Run `calls` at the same moment; return what each returned or raised."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        barrier.wait(PATIENCE_S)
        try:
            return call()
        except Exception as error:  # noqa: BLE001  # the outcome that the test judges
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
