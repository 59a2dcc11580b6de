"""What does not fit is refused whole, with the class and the advice that a caller needs."""

from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import DataError, ProgrammingError, StoredEvent, Tracking

from infra.eventstore.append import LARGEST_STATE
from infra.eventstore.errors import StoreClosedError
from infra.eventstore.idempotency import FirstOutcome, Idempotency
from infra.eventstore.recorders import (
    MariaDBAggregateRecorder,
    MariaDBApplicationRecorder,
    MariaDBProcessRecorder,
    MariaDBTrackingRecorder,
)
from infra.stack import MariaDBServer
from tests.integration.observing import an_event, events_in, nothing_written, rows, some_events
from tests.servers import TestStore

HASH = bytes(32)
STREAM = uuid4()

#: A bad event of STREAM, and what the refusal says.
BAD_EVENTS: dict[str, tuple[StoredEvent, str]] = {
    "topic of 256": (an_event(STREAM, 8, topic="t" * 256), "at most 255 characters"),
    "topic of 300 000": (an_event(STREAM, 8, topic="t" * 300_000), "at most 255 characters"),
    "version -1": (an_event(STREAM, -1), "version -1.*does not fit"),
    "version 2^64": (an_event(STREAM, 2**64), f"version {2**64}.*does not fit"),
    "version 10^40": (an_event(STREAM, 10**40), "does not fit"),
    "version 1.5": (StoredEvent(STREAM, 1.5, "t", b""), "not a version: 1.5"),
    "stream of text": (StoredEvent("cases/7", 8, "t", b""), "streams are UUIDs, not 'cases/7'"),
    "stream of bytes": (StoredEvent(STREAM.bytes, 8, "t", b""), "streams are UUIDs"),
    "nil stream": (an_event(UUID(int=0), 8), "nil UUID is the stream of tombstones"),
    "lone surrogate": (an_event(STREAM, 8, topic="\ud800"), "not text that UTF-8 can carry"),
    "escaped byte": (an_event(STREAM, 8, topic="\udcff"), "not text that UTF-8 can carry"),
    "escaped letter": (an_event(STREAM, 8, topic="\udcc3\udca9"), "not text that UTF-8 can"),
}

#: What a save may carry besides its events.
MANNERS: dict[str, Callable[[], dict[str, object]]] = {
    "bare": dict,
    "keyed": lambda: {"idempotency": Idempotency("new", HASH)},
    "tracked": lambda: {"tracking": Tracking("upstream", 2)},
    "both": lambda: MANNERS["keyed"]() | MANNERS["tracked"](),
}

BAD_TRACKINGS = {
    "name of 256": (Tracking("n" * 256, 2), "at most 255 characters, not 256"),
    "name that is no text": (Tracking("\udcc3\udca9", 2), "not text that UTF-8 can carry"),
    "position -1": (Tracking("upstream", -1), "position"),
    "position 2^64": (Tracking("upstream", 2**64), "position"),
}


@pytest.fixture(scope="module")
def used(server: MariaDBServer) -> Iterator[TestStore]:
    """Give a store that holds a row of each kind; its tests leave it as it is."""
    store = TestStore(server, "bad_input")
    factory = store.factory()
    factory.process_recorder().insert_events(
        [an_event()], idempotency=Idempotency("old", HASH), tracking=Tracking("upstream", 1)
    )
    factory.aggregate_recorder(purpose="snapshots").insert_events([an_event()])
    yield store
    store.drop()


@pytest.fixture(scope="module")
def recorder(used: TestStore) -> MariaDBProcessRecorder:
    return used.factory().process_recorder()


@pytest.fixture(scope="module")
def snapshots(used: TestStore) -> MariaDBAggregateRecorder:
    return used.factory().aggregate_recorder(purpose="snapshots")


@pytest.fixture(scope="module")
def closed(used: TestStore) -> MariaDBProcessRecorder:
    """Give a recorder that was in use when its factory was closed, twice."""
    factory = used.factory()
    recorder = factory.process_recorder()
    recorder.select_notifications(1, 10)
    factory.close()
    factory.close()
    return recorder


@pytest.mark.parametrize(
    ("place", "manner"), [(0, "bare"), (1, "bare"), (0, "keyed"), (1, "tracked"), (2, "both")]
)
@pytest.mark.parametrize("bad", BAD_EVENTS)
def test_a_save_with_an_event_that_does_not_fit_leaves_nothing(
    used: TestStore, recorder: MariaDBProcessRecorder, bad: str, place: int, manner: str
) -> None:
    event, message = BAD_EVENTS[bad]
    events = some_events(2, STREAM)
    events.insert(place, event)
    with nothing_written(used), pytest.raises(DataError, match=message):
        recorder.insert_events(events, **MANNERS[manner]())


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("bad", ["topic of 256", "version -1", "version 2^64"])
def test_the_refusal_says_which_event_it_was(
    recorder: MariaDBProcessRecorder, bad: str, place: int
) -> None:
    events = some_events(2, STREAM)
    events.insert(place, BAD_EVENTS[bad][0])
    with pytest.raises(DataError, match=rf"event {place + 1} of 3 \(stream {STREAM}"):
        recorder.insert_events(events)


@pytest.mark.parametrize("bad", BAD_EVENTS)
def test_a_snapshot_that_does_not_fit_leaves_nothing(
    used: TestStore, snapshots: MariaDBAggregateRecorder, bad: str
) -> None:
    event, message = BAD_EVENTS[bad]
    with nothing_written(used), pytest.raises(DataError, match=message):
        snapshots.insert_events([an_event(), event])


@pytest.mark.parametrize("bad", BAD_TRACKINGS)
def test_a_tracking_that_does_not_fit_leaves_nothing(
    used: TestStore, recorder: MariaDBProcessRecorder, bad: str
) -> None:
    tracking, message = BAD_TRACKINGS[bad]
    for record in (
        lambda: recorder.insert_tracking(tracking),
        lambda: recorder.insert_events([], tracking=tracking),
        lambda: recorder.insert_events([an_event()], tracking=tracking),
    ):
        with nothing_written(used), pytest.raises(DataError, match=message) as refused:
            record()
        assert "event 1 of" not in str(refused.value), "the event was well"


@pytest.mark.parametrize("key", ["", "k" * 256, "\ud800", "\udcc3\udca9"])
def test_a_key_that_does_not_fit_leaves_nothing(
    used: TestStore, recorder: MariaDBProcessRecorder, key: str
) -> None:
    with nothing_written(used), pytest.raises(DataError, match=r"1 to 255 characters|UTF-8"):
        recorder.insert_events([an_event()], idempotency=Idempotency(key, HASH))


@pytest.mark.parametrize("stream", ["cases/7", bytes(range(16)), None])
def test_a_stream_that_is_no_uuid_cannot_be_read(
    recorder: MariaDBProcessRecorder, stream: object
) -> None:
    with pytest.raises(DataError, match="streams are UUIDs"):
        recorder.select_events(stream)  # type: ignore[arg-type]


def test_the_stream_of_tombstones_is_nobodys(recorder: MariaDBProcessRecorder) -> None:
    assert recorder.select_events(UUID(int=0)) == []


@pytest.mark.parametrize("manner", ["bare", "both"])
def test_a_state_beyond_16_mb_is_refused_with_its_size(
    used: TestStore, recorder: MariaDBProcessRecorder, manner: str
) -> None:
    place = 1 if manner == "bare" else 2
    events = some_events(2 * place - 1, STREAM)
    events[place - 1] = an_event(STREAM, place, state=bytes(LARGEST_STATE + 1))
    message = rf"event {place} of .*state of {LARGEST_STATE + 1} bytes.*most {LARGEST_STATE} bytes"
    with nothing_written(used), pytest.raises(DataError, match=message):
        recorder.insert_events(events, **MANNERS[manner]())


@pytest.mark.parametrize("manner", ["both"])
def test_a_save_beyond_the_servers_packet_is_refused_with_both_sizes(
    used: TestStore, recorder: MariaDBProcessRecorder, manner: str
) -> None:
    events = some_events(5, STREAM, state=b"x" * LARGEST_STATE)
    with (
        nothing_written(used),
        pytest.raises(DataError, match=r"packet of \d{8,} bytes.*takes 67108864.*split it"),
    ):
        recorder.insert_events(events, **MANNERS[manner]())


@pytest.mark.parametrize("size", [10_000_000, LARGEST_STATE])
def test_a_large_state_comes_back_as_it_was(store: TestStore, size: int) -> None:
    state = bytes(range(256)) * (size // 256) + b"\\'\0\xff" * 64
    event = an_event(state=state[:size])
    recorder = store.recorder()
    recorder.insert_events([event])
    assert recorder.select_events(event.originator_id) == [event]
    (notification,) = recorder.select_notifications(1, 10)
    assert notification.state == event.state


def test_the_longest_of_everything_fits(store: TestStore) -> None:
    recorder = store.factory().process_recorder()
    event = an_event(version=2**64 - 1, topic="\U0001f511" * 255)
    key = Idempotency("\U0001f511" * 255, HASH)
    tracking = Tracking("\U0001f511" * 255, 2**64 - 1)
    first = recorder.insert_events([event], idempotency=key, tracking=tracking)
    assert recorder.select_events(event.originator_id) == [event]
    assert recorder.select_first_outcome(key) == first
    assert recorder.max_tracking_id(tracking.application_name) == 2**64 - 1


@pytest.mark.parametrize("text", ["' for key 'PRIMARY'", "x' for key 'PRIMARY", "\\", "%s", "\0"])
def test_text_that_looks_like_something_else_is_only_text(store: TestStore, text: str) -> None:
    recorder = store.recorder()
    event, key = an_event(topic=text), Idempotency(text, HASH)
    first = recorder.insert_events([event], idempotency=key)
    again = recorder.insert_events([event], idempotency=key)
    assert (type(again), again) == (FirstOutcome, first)
    assert recorder.select_events(event.originator_id) == [event]
    assert len(events_in(store)) == 1


@pytest.mark.parametrize("name", ["MARIADB_LOG", "MARIADB_VIEWS"])
def test_a_database_name_beyond_64_characters_creates_nothing(store: TestStore, name: str) -> None:
    databases = rows(store.server, "SHOW DATABASES")
    with pytest.raises(ProgrammingError, match=r"65 characters, MariaDB takes 64"):
        store.recorder(**{name: "x" * 65})
    assert rows(store.server, "SHOW DATABASES") == databases


@pytest.mark.parametrize("kind", ["x" * 64, "order"])
def test_any_plain_name_of_a_database_works(server: MariaDBServer, kind: str) -> None:
    class Named(TestStore):
        log = kind
        views = f"{kind[:60]}_vw"  # in a GRANT, _ counts twice

    store = Named(server, "named")
    try:
        recorder = store.factory().process_recorder()
        recorder.insert_events([an_event()], tracking=Tracking("upstream", 1))
        assert len(recorder.select_notifications(1, 10)) == 1
    finally:
        for factory in store.factories:
            factory.close()
        rows(server, f"DROP DATABASE IF EXISTS `{store.log}`")
        rows(server, f"DROP DATABASE IF EXISTS `{store.views}`")


#: Every public method of the recorders that works on the store.
CALLS: dict[str, Callable[[MariaDBProcessRecorder], object]] = {
    "insert_events": lambda recorder: recorder.insert_events([an_event()]),
    "select_events": lambda recorder: recorder.select_events(STREAM),
    "select_streams": lambda recorder: recorder.select_streams([STREAM]),
    "select_first_outcome": lambda recorder: recorder.select_first_outcome(Idempotency("k", HASH)),
    "select_notifications": lambda recorder: recorder.select_notifications(1, 10),
    "read": lambda recorder: recorder.read(0, 10),
    "max_notification_id": lambda recorder: recorder.max_notification_id(),
    "settle": lambda recorder: recorder.settle(),
    "subscribe": lambda recorder: next(recorder.subscribe()),
    "insert_tracking": lambda recorder: recorder.insert_tracking(Tracking("upstream", 2)),
    "max_tracking_id": lambda recorder: recorder.max_tracking_id("upstream"),
    "has_tracking_id": lambda recorder: recorder.has_tracking_id("upstream", 1),
    "wait": lambda recorder: recorder.wait("upstream", 2, timeout=0.1),
    "track": lambda recorder: recorder.datastore.transaction().__enter__(),
}

RECORDERS = (
    MariaDBAggregateRecorder,
    MariaDBApplicationRecorder,
    MariaDBTrackingRecorder,
    MariaDBProcessRecorder,
)


def test_the_table_of_calls_knows_every_method_of_every_recorder() -> None:
    named = {name for recorder in RECORDERS for name in dir(recorder) if name[0] != "_"}
    assert named - set(CALLS) == {"wake"}, "which does no I/O"
    assert set(CALLS) <= named


@pytest.mark.parametrize("call", CALLS)
def test_a_closed_store_says_so(used: TestStore, closed: MariaDBProcessRecorder, call: str) -> None:
    with (
        nothing_written(used),
        pytest.raises(StoreClosedError, match="construct a new application or factory"),
    ):
        CALLS[call](closed)


@pytest.mark.parametrize(
    "make", ["aggregate_recorder", "application_recorder", "tracking_recorder", "process_recorder"]
)
def test_a_closed_factory_makes_no_recorder(used: TestStore, make: str) -> None:
    factory = used.factory()
    factory.close()
    with pytest.raises(StoreClosedError, match="construct a new application or factory"):
        getattr(factory, make)()
