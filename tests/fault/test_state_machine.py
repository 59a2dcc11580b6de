"""Any interleaving of appends, transactions in flight, holes, readers, settlers and restarts."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from uuid import UUID

import pymysql
import pytest
from eventsourcing.persistence import StoredEvent
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from infra.eventstore.errors import (
    KeyReusedError,
    LogStalledError,
    VersionConflictError,
)
from infra.eventstore.idempotency import FirstOutcome, Idempotency
from infra.eventstore.recorders import MariaDBApplicationRecorder
from infra.stack import MariaDBServer
from tests.contracts.history import Name, Seen, name, seen
from tests.contracts.idempotency_contract import a_key
from tests.contracts.log_contract import PATIENCE_S, read_all, some_events
from tests.raw import RawAppend, burn_positions, raw_append
from tests.servers import TestStore, prepared_server

READERS = 3


class LogMachine(RuleBasedStateMachine):
    """The model: a list of what is committed, at the positions that the store named.

    It shares no code with the store. A reader may see any prefix of what is committed below the
    lowest position in flight, and must see all of it when it asks.
    """

    server: MariaDBServer
    numbers = count(1)

    saved = Bundle("saved")
    in_flight = Bundle("in_flight")
    keyed = Bundle("keyed")

    @initialize()
    def begin(self) -> None:
        self.store = TestStore(self.server, f"machine{next(self.numbers)}")
        self.writer = self.store.recorder()
        self.readers = [self._reader() for _ in range(READERS)]
        self.views: list[list[Seen]] = [[] for _ in range(READERS)]
        self.committed: dict[int, Name] = {}
        self.flying: dict[int, tuple[RawAppend, list[StoredEvent]]] = {}
        self.open = ExitStack()
        self.restarts = 0

    def _reader(self) -> MariaDBApplicationRecorder:
        # Gives up soon: the machine itself holds the transactions that it would wait for.
        return self.store.recorder(lambda _: None, MARIADB_STALL_TIMEOUT="0.001")

    def _commit(self, positions: list[int], events: list[StoredEvent]) -> None:
        assert not set(positions) & set(self.committed), "a position was given out twice"
        assert positions == list(range(positions[0], positions[0] + len(events)))
        self.committed.update(zip(positions, map(name, events), strict=True))

    # ---- writers

    @rule(target=saved, size=st.integers(1, 4))
    def append(self, size: int) -> list[StoredEvent]:
        events = some_events(size)
        self._commit(list(self.writer.insert_events(events) or []), events)
        return events

    @rule(taken=saved, size=st.integers(0, 3))
    def append_what_conflicts(self, taken: list[StoredEvent], size: int) -> None:
        with pytest.raises(VersionConflictError):
            self.writer.insert_events([*some_events(size), taken[0]] if size else taken)

    @rule(target=keyed, size=st.integers(1, 3))
    def append_with_a_key(self, size: int) -> tuple[Idempotency, list[int]]:
        events, key = some_events(size), a_key()
        positions = list(self.writer.insert_events(events, idempotency=key) or [])
        self._commit(positions, events)
        return key, positions

    @rule(known=keyed, other=st.booleans())
    def repeat_a_key(self, known: tuple[Idempotency, list[int]], other: bool) -> None:
        key, positions = known
        if other:
            with pytest.raises(KeyReusedError):
                self.writer.insert_events(
                    some_events(), idempotency=a_key(key.command_id, b"another request")
                )
        else:
            outcome = self.writer.insert_events(some_events(), idempotency=key)
            assert isinstance(outcome, FirstOutcome)
            assert outcome == positions

    @rule(width=st.integers(1, 5))
    def burn(self, width: int) -> None:
        burn_positions(self.store, width)

    # ---- transactions in flight

    @precondition(lambda self: len(self.flying) < 3)
    @rule(target=in_flight, size=st.integers(1, 3))
    def take_off(self, size: int) -> int:
        events = some_events(size)
        append = self.open.enter_context(raw_append(self.store, events))
        self.flying[append.first_position] = (append, events)
        return append.first_position

    @rule(position=consumes(in_flight), commits=st.booleans())
    def land(self, position: int, commits: bool) -> None:
        if position not in self.flying:
            return  # the server was killed meanwhile, and rolled it back
        append, events = self.flying.pop(position)
        if commits:
            append.commit()
            self._commit(list(range(position, position + len(events))), events)
        else:
            append.roll_back()

    # ---- readers, who settle

    @rule(reader=st.integers(0, READERS - 1), limit=st.integers(1, 10))
    def read(self, reader: int, limit: int) -> None:
        view = self.views[reader]
        after = view[-1][0] if view else 0
        lowest = min(self.flying, default=None)
        must_wait = lowest is not None and max(self.committed, default=0) > lowest
        expected = [
            (position, *self.committed[position])
            for position in sorted(self.committed)
            if position > after and (lowest is None or position < lowest)
        ][:limit]
        try:
            page = self.readers[reader].select_notifications(after, limit, inclusive_of_start=False)
        except LogStalledError:
            assert must_wait, "stalled though nothing was in flight below what is committed"
            assert not expected, "stalled though there is something to read below"
            return
        assert [seen(event) for event in page] == expected
        view += expected

    @rule()
    def settle_together(self) -> None:
        def settle(reader: MariaDBApplicationRecorder) -> int | None:
            try:
                return reader.settle()
            except LogStalledError:
                return None

        with ThreadPoolExecutor(READERS) as pool:
            marks = set(pool.map(settle, self.readers))
        if not self.flying:
            assert marks == {max(self.committed, default=0)} or not self.committed

    def _mark(self) -> int:
        with self.server.admin() as admin, admin.cursor() as cursor:
            cursor.execute(f"SELECT mark FROM {self.store.log}.settled")
            return int(cursor.fetchone()[0])

    # ---- the server dies

    @precondition(lambda self: self.restarts < 1)
    @rule()
    def kill_the_server(self) -> None:
        self.restarts += 1
        self.server.kill()
        self.flying.clear()
        try:
            self.open.close()
        except pymysql.MySQLError:
            self.open = ExitStack()
        self.server.start()

    # ---- what holds at every moment

    @invariant()
    def the_mark_is_below_everything_in_flight(self) -> None:
        if hasattr(self, "store") and self.flying:
            assert self._mark() < min(self.flying)

    @invariant()
    def streams_hold_what_was_committed_and_nothing_else(self) -> None:
        if not hasattr(self, "store"):
            return
        for stream in [stream for stream, _ in self.committed.values()][-2:]:
            versions = [e.originator_version for e in self.writer.select_events(stream)]
            assert versions == sorted(v for s, v in self.committed.values() if s == stream)
        for _, events in list(self.flying.values())[:1]:
            assert isinstance(events[0].originator_id, UUID)
            assert self.writer.select_events(events[0].originator_id) == []

    def teardown(self) -> None:
        if not hasattr(self, "store"):
            return
        try:
            for append, _ in self.flying.values():
                append.roll_back()
            log = [(position, *self.committed[position]) for position in sorted(self.committed)]
            assert [seen(event) for event in read_all(self.store.recorder())] == log
            for view in self.views:
                assert view == log[: len(view)], "a reader saw what is not so in the end"
        finally:
            self.open.close()
            self.store.drop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[MariaDBServer]:
    server = prepared_server(tmp_path / "m")
    yield server
    server.stop()


def run(server: MariaDBServer, examples: int, steps: int, phases: Sequence[Phase]) -> None:
    LogMachine.server = server
    run_state_machine_as_test(
        LogMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(PATIENCE_S * 8)
def test_any_interleaving_keeps_the_order(own_server: MariaDBServer) -> None:
    run(own_server, examples=7, steps=25, phases=[Phase.generate])  # shrinking takes minutes


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_many_interleavings_keep_the_order(own_server: MariaDBServer) -> None:
    run(own_server, examples=400, steps=50, phases=list(Phase))
