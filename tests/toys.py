"""A small projection, its events, and logs of them: for tests of what drives projections."""

import json
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID
from zlib import crc32

from eventsourcing.persistence import Notification, StoredEvent

from domain.metadata import Channel, Event, Meta, Recorded
from infra.eventstore.recorders import MariaDBApplicationRecorder
from infra.feed import FeedRow
from infra.projecting.comparing import rows_of
from infra.projecting.preparing import prepare
from infra.projecting.runner import LaneRunner
from projections.base import Change, Column, Key, Kind, Projection, Row, Rows, Table
from tests.servers import TestStore

EPOCH = datetime(2026, 11, 23, 10, tzinfo=UTC)


@dataclass(frozen=True)
class Put(Event):
    """A box got an amount of something."""

    TOPIC: ClassVar[str] = "toy.put"
    item: str
    amount: int


@dataclass(frozen=True)
class Emptied(Event):
    """A box lost all of something."""

    TOPIC: ClassVar[str] = "toy.emptied"
    item: str


@dataclass(frozen=True)
class Ignored(Event):
    """Nobody folds this."""

    TOPIC: ClassVar[str] = "toy.ignored"


EVENTS: dict[str, type[Event]] = {event.TOPIC: event for event in (Put, Emptied, Ignored)}

BOX = Table(
    "box",
    (
        Column("id", Kind.UUID),
        Column("total", Kind.INTEGER),
        Column("full", Kind.BOOLEAN),
        Column("changed", Kind.INSTANT),
        Column("items", Kind.JSON),
        Column("last", Kind.TEXT, optional=True),
    ),
    ("id",),
)
ITEM = Table(
    "item",
    (Column("box", Kind.UUID), Column("item", Kind.KEY), Column("amount", Kind.INTEGER)),
    ("box", "item"),
    (("item",),),
)
STEP = Table(
    "step",
    (Column("box", Kind.UUID), Column("version", Kind.INTEGER), Column("what", Kind.TEXT)),
    ("box", "version"),
)


def reads(recorded: Recorded) -> Iterable[tuple[Table, Key]]:
    yield BOX, (recorded.stream,)
    yield ITEM, (recorded.stream, recorded.event.item)  # type: ignore[attr-defined]


def fold(rows: Rows, recorded: Recorded) -> Sequence[Change]:
    """Keep the box, what is in it, and a line for each event. Two changes for the first event."""
    event, stream = recorded.event, recorded.stream
    box = rows.get(BOX, (stream,))
    was: Any = rows.get(ITEM, (stream, event.item)) or {"amount": 0}  # type: ignore[attr-defined]
    now = was["amount"] + event.amount if isinstance(event, Put) else 0
    before: Any = box or {"total": 0, "items": {}}
    items = {**before["items"], event.item: now}  # type: ignore[attr-defined]
    total = before["total"] + now - was["amount"]
    rows.put(STEP, {"box": stream, "version": recorded.version, "what": repr(event)})
    rows.put(
        BOX,
        {
            "id": stream,
            "total": total,
            "full": total > 20,
            "changed": recorded.meta.effective_at,
            "items": items,
            "last": event.item if now else None,  # type: ignore[attr-defined]
        },
    )
    if event.item == "poison":  # type: ignore[attr-defined]
        raise ValueError("a poisoned event, after it changed rows")
    if now:
        rows.put(ITEM, {"box": stream, "item": event.item, "amount": now})  # type: ignore[attr-defined]
    else:
        rows.delete(ITEM, (stream, event.item))  # type: ignore[attr-defined]
    change = Change(
        type=event.TOPIC,
        topics=(f"box:{stream}",),
        version=recorded.version,
        time=recorded.meta.effective_at,
        document=stream,
        data={"total": total},
    )
    return [change] if box else [replace(change, type="toy.opened"), change]


TOY = Projection("toy", 1, (BOX, ITEM, STEP), frozenset({Put.TOPIC, Emptied.TOPIC}), reads, fold)


def toy(version: int = 1, fold: Callable[[Rows, Recorded], Sequence[Change]] = fold) -> Projection:
    """Return the projection with another version or fold."""
    return replace(TOY, version=version, fold=fold)


def encode(stream: UUID, version: int, event: Event) -> StoredEvent:
    return StoredEvent(stream, version, event.TOPIC, json.dumps(vars(event)).encode())


def decode(notification: Notification) -> Recorded:
    event = EVENTS[notification.topic](**json.loads(notification.state))
    at = EPOCH + timedelta(seconds=notification.originator_version, microseconds=notification.id)
    meta = Meta("ann", f"c{notification.id}", "c", at, at, Channel.API)
    assert isinstance(notification.originator_id, UUID)
    return Recorded(
        notification.originator_id, notification.originator_version, event, meta, notification.id
    )


def some_log(seed: int, events: int, streams: int = 8, poison: float = 0.0) -> list[StoredEvent]:
    """Return events of several streams, mixed; the same for the same arguments."""
    rng = random.Random(seed)
    ids = [UUID(int=rng.getrandbits(128), version=4) for _ in range(streams)]
    versions = dict.fromkeys(ids, 0)
    found = []
    for _ in range(events):
        stream = rng.choice(ids)
        versions[stream] += 1
        item = "poison" if rng.random() < poison else rng.choice("abcdé")
        event: Event = rng.choice(
            [Put(item, rng.randint(1, 9)), Put(item, rng.randint(1, 9)), Emptied(item), Ignored()]
        )
        found.append(encode(stream, versions[stream], event))
    return found


def lane_of(stream: UUID, lanes: int = 4) -> int:
    return crc32(stream.bytes) % lanes


def stream_in(lane: int, seed: int = 0) -> UUID:
    """Return a stream of this lane."""
    rng = random.Random(f"{lane}/{seed}")
    while True:
        stream = UUID(int=rng.getrandbits(128), version=4)
        if lane_of(stream) == lane:
            return stream


@dataclass
class Bench:
    """A store with a prepared toy projection, and what it published."""

    store: TestStore
    projection: Projection = TOY
    published: list[FeedRow] = field(default_factory=list)

    def __post_init__(self) -> None:
        factory = self.store.factory()
        self.recorder: MariaDBApplicationRecorder = factory.application_recorder()
        factory.tracking_recorder()
        self.datastore = factory.datastore
        prepare(self.datastore, self.projection)

    def publish(self, _lane: int, rows: Sequence[FeedRow]) -> None:
        self.published += rows

    def runner(
        self, projection: Projection | None = None, decode: Callable[..., Recorded] = decode
    ) -> LaneRunner:
        return LaneRunner(
            projection or self.projection, self.datastore, self.recorder, decode, self.publish
        )

    def append(self, events: Sequence[StoredEvent], at_once: int = 50) -> None:
        for start in range(0, len(events), at_once):
            self.recorder.insert_events(events[start : start + at_once])

    def catch_up(self, projection: Projection | None = None) -> int:
        runner = self.runner(projection)
        return sum(runner.catch_up(lane) for lane in range(4))

    def rows(self, generation: int | None = None) -> dict[str, dict[Key, Row]]:
        """Return the tables of a generation, of the live one by default."""
        with self.datastore.cursor() as cursor:
            if generation is None:
                cursor.execute(f"SELECT generation FROM {self.store.views}.projection")
                (generation,) = cursor.fetchone() or (1,)
            return {
                table.name: rows_of(cursor, self.store.views, self.projection, table, generation)
                for table in self.projection.tables
            }

    def feed(self) -> dict[int, list[tuple[int, dict[str, Any]]]]:
        """Return the feed by lane: number and message."""
        found: dict[int, list[tuple[int, dict[str, Any]]]] = {}
        with self.datastore.cursor() as cursor:
            cursor.execute(f"SELECT lane, seq, message FROM {self.store.views}.feed ORDER BY 1, 2")
            for lane, seq, message in cursor.fetchall():
                found.setdefault(lane, []).append((seq, json.loads(message)))
        return found


class MemoryRows:
    """The rows of folds that nobody batches: what every way of projecting must come to."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[Key, Row]] = {table.name: {} for table in TOY.tables}
        self._pending: list[tuple[Table, Key, Row | None]] = []

    def get(self, table: Table, key: Key) -> Row | None:
        for other, at, row in reversed(self._pending):
            if (other.name, at) == (table.name, key):
                return row
        return self.tables[table.name].get(key)

    def put(self, table: Table, row: Row) -> None:
        self._pending.append((table, table.key_of(row), row))

    def delete(self, table: Table, key: Key) -> None:
        self._pending.append((table, key, None))

    def end(self, *, accept: bool) -> None:
        for table, key, row in self._pending if accept else ():
            self.tables[table.name].pop(key, None)
            if row is not None:
                self.tables[table.name][key] = row
        self._pending = []


@dataclass
class Expected:
    """What a log must come to."""

    rows: dict[str, dict[Key, Row]]
    changes: dict[int, list[tuple[str, str, int]]]
    """By lane: type, stream, version."""
    parked: list[tuple[UUID, int]]


def expected(log: Sequence[Notification], *, fold: Callable[..., Any] = fold) -> Expected:
    """Fold a log one event after the other, in memory."""
    memory, still = MemoryRows(), set[UUID]()
    found = Expected(memory.tables, {}, [])
    for notification in log:
        if notification.topic not in TOY.topics:
            continue
        recorded = decode(notification)
        try:
            if recorded.stream in still:
                raise ValueError("stands still")
            changes = fold(memory, recorded)
        except Exception:  # noqa: BLE001
            memory.end(accept=False)
            still.add(recorded.stream)
            found.parked.append((recorded.stream, recorded.version))
            continue
        memory.end(accept=True)
        found.changes.setdefault(lane_of(recorded.stream), []).extend(
            (change.type, str(recorded.stream), change.version) for change in changes
        )
    return found


def judge(bench: Bench) -> Expected:
    """Assert that rows, feed and parked events are what the log comes to, each once."""
    from tests.contracts.log_contract import read_all  # noqa: PLC0415  # not where events are read

    wanted = expected(read_all(bench.recorder))
    assert bench.rows() == wanted.rows
    told = bench.feed()
    for lane, rows in told.items():
        assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1)), f"lane {lane}"
        assert all(message["at"] == [lane, seq] for seq, message in rows)
    assert {
        lane: [(m["type"], m["document"], m["version"]) for _, m in rows]
        for lane, rows in told.items()
    } == wanted.changes
    with bench.datastore.cursor() as cursor:
        cursor.execute(
            f"SELECT stream, version FROM {bench.store.views}.parked WHERE generation ="
            f" (SELECT generation FROM {bench.store.views}.projection) ORDER BY position"
        )
        parked = [(UUID(bytes=stream), version) for stream, version in cursor.fetchall()]
    assert parked == wanted.parked
    return wanted
