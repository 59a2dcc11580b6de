"""Sessions, hub and ledger against a model: any order of answers, any loss between them.

Whoever follows hears every row that concerns them, once and in order in each lane, or is told that
they need a snapshot; nobody hears what they may not read.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from realtime import protocol
from realtime.frames import text_frame
from realtime.ledger import Ledger
from realtime.limits import Limits
from realtime.protocol import Place
from realtime.row import Row
from realtime.session import Session
from realtime.steps import Steps, UnavailableError
from tests.gateway import Desk, FakeOutlet, StoredRow

TOPICS = {"ann": ("inbox:ann",), "eve": ("all", "type:a", "inbox:ann")}
KEYS = st.sampled_from([("type:a",), ("type:b",), ("person:ann",), ("role:clerk",), ("x:y",)])
FATES = st.sampled_from(["now", "now", "now", "lost", "twice", "late"])
LANES = st.integers(0, 1)
ROWS = st.lists(st.tuples(LANES, KEYS, st.booleans(), FATES), min_size=1, max_size=6)
SELDOM = st.integers(0, 9).map(lambda number: number == 9)
NONE: Any = object()


@dataclass
class Told:
    """A row as the model remembers it."""

    keys: tuple[str, ...]
    excluded: bool
    rights: int


class Outlet(FakeOutlet):
    """A connection that looks at every frame when it is written."""

    def __init__(self, seen: Callable[[dict[str, Any]], None]) -> None:
        super().__init__()
        self.seen = seen

    def write(self, frame: bytes) -> None:
        before = len(self.sent)
        super().write(frame)
        for message in self.sent[before:]:
            self.seen(message)


@dataclass
class Work:
    """Steps that run, and the answer that waits to be given to them."""

    steps: Steps[None]
    question: Callable[[], object]
    answer: Any = NONE


@dataclass
class Follower:
    """A client: what it received, and what is still on its way."""

    login: str
    ledger: Ledger = field(default_factory=Ledger)
    session: Session | None = None
    outlet: Outlet | None = None
    asked: dict[int, tuple[str, ...]] = field(default_factory=dict)
    number: int = 0
    queue: list[Steps[None]] = field(default_factory=list)
    work: Work | None = None
    known: dict[str, Place] = field(default_factory=dict)
    """Since where each topic must be complete: the last snapshot."""
    heard: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    roles: dict[str, frozenset[str]] = field(default_factory=dict)
    """Ann's roles when the last snapshot was taken: it shows what they let her see."""


class Delivery(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        limits = Limits(ring_rows=4, replay_messages=6, request_burst=10**6)
        self.desk = Desk(limits, ann={"clerk"}, eve={"admin"})
        self.rows: dict[str, dict[tuple[int, int], Told]] = defaultdict(dict)
        self.rights = 0
        self.directory: list[tuple[int, int]] = []
        self.late: list[StoredRow] = []
        self.poll: Work | None = None
        self.followers = [Follower("ann"), Follower("eve"), Follower("ann")]
        for who, follower in enumerate(self.followers):
            self.connect(follower)
            self.rest(who, follower)

    # The world

    @rule(rows=ROWS)
    def tell(self, rows: list[tuple[int, tuple[str, ...], bool, str]]) -> None:
        for lane, keys, excluded, fate in rows:
            row = self.desk.feed.add(lane, *keys, excluded=["ann"] if excluded else [])
            self.rows[self.epoch][lane, row.seq] = Told(keys, excluded, self.rights)
            self.meet(row, fate)

    @rule(lane=LANES, fate=FATES)
    def change_rights(self, lane: int, fate: str) -> None:
        self.desk.access.people["ann"] ^= frozenset({"clerk"})
        self.rights += 1
        row = self.desk.feed.add(lane, "directory:ann")
        self.rows[self.epoch][lane, row.seq] = Told(("directory:ann",), False, self.rights)
        self.directory.append((lane, row.seq))
        self.meet(row, fate)

    def meet(self, row: StoredRow, fate: str) -> None:
        if fate == "late":
            self.late.append(row)
        for _ in range({"now": 1, "twice": 2}.get(fate, 0)):
            self.desk.publish(row)

    @precondition(lambda self: self.late)
    @rule(data=st.data())
    def publish_late(self, data: st.DataObject) -> None:
        self.desk.publish(self.late.pop(data.draw(st.integers(0, len(self.late) - 1))))

    @rule(lane=LANES, kept=st.integers(2, 12), really=SELDOM)
    def trim(self, lane: int, kept: int, really: bool) -> None:
        if really:
            self.desk.feed.trim(lane, self.desk.feed.heads()[lane] - kept + 1)

    @precondition(lambda self: self.poll is None)
    @rule(really=SELDOM)
    def begin_anew(self, really: bool) -> None:
        if not really:
            return
        self.late.clear()
        self.directory.clear()
        self.desk.feed.renew()
        self.start_poll()
        self.finish_poll()

    # The gateway

    @precondition(lambda self: self.poll is None)
    @rule()
    def start_poll(self) -> None:
        self.poll = begun(self.desk.hub.refresh())

    @precondition(lambda self: self.poll is not None)
    @rule(fails=SELDOM)
    def go_on_polling(self, fails: bool) -> None:
        assert self.poll is not None
        if not advanced(self.poll, fails=fails):
            self.poll = None

    @rule()
    def finish_poll(self) -> None:
        while self.poll is not None:
            self.go_on_polling(fails=False)

    @rule(who=st.integers(0, 2), count=st.integers(1, 12), fails=SELDOM)
    def go_on_some(self, who: int, count: int, fails: bool) -> None:
        for _ in range(count):
            self.go_on(who, fails=False)
        if fails:
            self.go_on(who, fails=True)

    def go_on(self, who: int, *, fails: bool) -> None:
        """Compute an answer, or give one that was computed before."""
        follower = self.followers[who]
        if follower.outlet is not None and follower.outlet.reviews and follower.session:
            follower.outlet.reviews = 0
            follower.queue.append(follower.session.review())
        if follower.work is None and follower.queue:
            follower.work = begun(follower.queue.pop(0))
        elif follower.work is not None and not advanced(follower.work, fails=fails):
            follower.work = None

    @rule()
    def heartbeat(self) -> None:
        frame = text_frame(protocol.place(self.desk.hub.heads()))
        for follower in self.followers:
            if follower.session and follower.session.follows and follower.outlet:
                follower.outlet.write(frame)

    # The clients

    @rule(who=st.integers(0, 2), count=st.integers(0, 12))
    def receive_and_reconnect(self, who: int, count: int) -> None:
        self.reconnect(who, count)
        for _ in range(count):
            self.go_on(who, fails=False)

    def reconnect(self, who: int, count: int) -> None:
        """Break the connection after some of what is on its way, and make another."""
        follower = self.followers[who]
        self.receive(who, count)
        if follower.session:
            follower.session.closed()
        follower.ledger.disconnected()
        self.connect(follower)

    @rule(who=st.integers(0, 2), count=st.integers(1, 20))
    def receive(self, who: int, count: int) -> None:
        follower = self.followers[who]
        assert follower.outlet is not None
        arrived, follower.outlet.sent = (
            follower.outlet.sent[:count],
            follower.outlet.sent[count:],
        )
        for message in arrived:
            self.take(follower, message)

    def connect(self, follower: Follower) -> None:
        outlet = Outlet(lambda message: self.may_be_sent(follower.login, message))
        follower.outlet, follower.work = outlet, None
        follower.session = Session("c", "gw", self.desk.hub, self.desk.access, outlet)
        follower.asked.clear()
        follower.queue = [self.request(follower, connect={"token": f"token-{follower.login}"})]
        for topic in TOPICS[follower.login]:
            wanted: dict[str, Any] = {"topics": [topic]}
            if topic in follower.ledger.topics:
                wanted["since"] = follower.ledger.since(topic)
            else:
                follower.ledger.want(topic, None)
            follower.queue.append(self.request(follower, subscribe=wanted))
            follower.asked[follower.number] = (topic,)

    def request(self, follower: Follower, **wanted: Any) -> Steps[None]:
        follower.number += 1
        assert follower.session is not None
        text = msgspec.json.encode({"id": follower.number, **wanted})
        return follower.session.handle(text, 0.0)

    def take(self, follower: Follower, message: dict[str, Any]) -> None:
        ledger = follower.ledger
        if "at" in message:
            lane, seq = message["at"]
            ledger.pushed(lane, seq)
            for topic in message["topics"]:
                self.hear(follower, topic, lane, seq)
        elif "place" in message:
            ledger.heartbeat(message["place"])
        elif "resync" in message:
            place = msgspec.convert(message["resync"]["since"], Place)
            ledger.resynced(message["topic"], place)
            self.snapshot(follower, message["topic"], place)
        elif "ok" in message and message["id"] in follower.asked:
            self.accepted(follower, follower.asked.pop(message["id"]), message["ok"])

    def accepted(self, follower: Follower, topics: tuple[str, ...], answer: Any) -> None:
        place = Place(answer["epoch"], answer["place"])
        for topic in topics:
            if not answer.get("recovered"):
                self.snapshot(follower, topic, place)
        follower.ledger.accepted(topics, answer.get("replay", 0), place)

    def snapshot(self, follower: Follower, topic: str, place: Place) -> None:
        follower.known[topic] = place
        follower.heard[topic] = []
        follower.roles[topic] = self.desk.access.people["ann"]

    def hear(self, follower: Follower, topic: str, lane: int, seq: int) -> None:
        known = follower.known[topic].by_lane()[lane]
        before = [at for at in follower.heard[topic] if at[0] == lane]
        assert seq > max([known, *(at[1] for at in before)]), "twice, or out of order"
        follower.heard[topic].append((lane, seq))

    # What must hold

    @property
    def epoch(self) -> str:
        return self.desk.feed.epoch()

    def may_be_sent(self, login: str, message: dict[str, Any]) -> None:
        """Rows that are not the person's are never sent, once the gateway could know."""
        if "at" not in message:
            return
        row = self.rows[self.desk.hub.epoch][tuple(message["at"])]
        heads = self.desk.hub.heads()
        judged = all(seq <= heads[lane] for lane, seq in self.directory)
        for topic in message["topics"]:
            assert topic in TOPICS[login]
            if judged or topic != "inbox:ann":
                assert self.concerns(topic, row), (topic, row)

    def concerns(self, topic: str, row: Told) -> bool:
        if topic != "inbox:ann":
            return topic == "all" or topic in row.keys
        clerk = "role:clerk" in row.keys and "clerk" in self.desk.access.people["ann"]
        return not row.excluded and ("person:ann" in row.keys or clerk)

    @invariant()
    def a_place_is_reached_by_hearing_everything_up_to_it(self) -> None:
        for follower in self.followers:
            for topic, known in follower.known.items():
                place = follower.ledger.since(topic)
                if topic != "inbox:ann" and place is not None and place.epoch == known.epoch:
                    self.assert_complete(follower, topic, known, place)

    def assert_complete(self, follower: Follower, topic: str, known: Place, upto: Place) -> None:
        since, end = known.by_lane(), upto.by_lane()
        required = {
            (lane, seq)
            for (lane, seq), row in self.rows[known.epoch].items()
            if since[lane] < seq <= end.get(lane, 0)
            and self.concerns(topic, row)
            and (topic != "inbox:ann" or row.rights == self.rights)
        }
        assert required <= set(follower.heard[topic]), (topic, known, upto)

    def teardown(self) -> None:
        """Let everything come to rest; then everybody knows everything."""
        for _ in range(4):
            self.finish_poll()
            self.start_poll()
            self.finish_poll()
            for who, follower in enumerate(self.followers):
                self.rest(who, follower)
                if follower.outlet and follower.outlet.close is not None:
                    follower.ledger.disconnected()
                    self.connect(follower)
        self.heartbeat()
        for who, follower in enumerate(self.followers):
            self.rest(who, follower)
            heads = Place.of(self.epoch, self.desk.feed.heads())
            for topic in TOPICS[follower.login]:
                assert follower.ledger.since(topic) == heads
                assert follower.known[topic].epoch == self.epoch
                if topic == "inbox:ann":
                    assert follower.roles[topic] == self.desk.access.people["ann"]
                self.assert_complete(follower, topic, follower.known[topic], heads)

    def rest(self, who: int, follower: Follower) -> None:
        assert follower.outlet is not None
        while follower.queue or follower.work or follower.outlet.reviews:
            self.go_on(who, fails=False)
        self.receive(who, len(follower.outlet.sent))
        self.ask_again(who, follower)

    def ask_again(self, who: int, follower: Follower) -> None:
        """Connect anew if a subscription was refused because the database was away."""
        assert follower.outlet is not None
        if follower.asked and follower.outlet.close is None:
            self.reconnect(who, 0)


def begun(steps: Steps[None]) -> Work | None:
    try:
        return Work(steps, next(steps))
    except StopIteration:
        return None


def advanced(work: Work, *, fails: bool) -> bool:
    """Compute the answer, or give it if it was computed; False when the steps are at their end."""
    if work.answer is NONE and not fails:
        work.answer = work.question()
        return True
    try:
        if fails:
            work.question = work.steps.throw(UnavailableError("away"))
        else:
            work.question = work.steps.send(work.answer)
    except (StopIteration, UnavailableError):
        return False
    work.answer = NONE
    return True


TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(stateful_step_count=60)


def test_the_machine_reads_rows_as_the_gateway_does() -> None:
    desk = Desk(ann={"clerk"})
    row = Row.parse(desk.feed.add(0, "person:ann", excluded=["ann"]).message)
    assert (row.topics, row.excluded) == ({"person:ann", "all"}, {"ann"})
