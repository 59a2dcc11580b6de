"""What the gateway's tests stand on: a feed, rights and connections in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from domain.actor import Actor
from realtime.frames import text_frame
from realtime.hub import Hub
from realtime.limits import Limits
from realtime.protocol import Close
from realtime.row import Row
from realtime.session import Session
from realtime.steps import Steps, UnavailableError

T = TypeVar("T")

DOCUMENT = "00000000-0000-4000-8000-000000000001"


@dataclass(frozen=True)
class StoredRow:
    lane: int
    seq: int
    message: bytes


class FakeFeed:
    """A feed in memory. `away`: it does not answer."""

    def __init__(self, lanes: int = 2) -> None:
        self.number = 1
        self.rows: dict[int, list[StoredRow]] = {lane: [] for lane in range(lanes)}
        self.trimmed = dict.fromkeys(range(lanes), 0)
        self.away = False
        self.reads = 0

    def add(self, lane: int, *topics: str, excluded: Sequence[str] = (), **data: Any) -> StoredRow:
        seq = self.heads()[lane] + 1
        row = StoredRow(lane, seq, a_message(lane, seq, topics, excluded=excluded, **data))
        self.rows[lane].append(row)
        return row

    def trim(self, lane: int, below: int) -> None:
        kept = [row for row in self.rows[lane] if row.seq >= below]
        self.trimmed[lane] += len(self.rows[lane]) - len(kept)
        self.rows[lane] = kept

    def renew(self) -> None:
        self.number += 1
        self.rows = {lane: [] for lane in self.rows}
        self.trimmed = dict.fromkeys(self.rows, 0)

    def epoch(self) -> str:
        self._answer()
        return f"e{self.number}"

    def heads(self) -> dict[int, int]:
        self._answer()
        return {lane: self.trimmed[lane] + len(rows) for lane, rows in self.rows.items()}

    def since(self, lane: int, after: int, limit: int) -> list[StoredRow]:
        self._answer()
        self.reads += 1
        return [row for row in self.rows[lane] if row.seq > after][:limit]

    def _answer(self) -> None:
        if self.away:
            raise OSError("the database is away")


def a_message(
    lane: int, seq: int, topics: Iterable[str], *, epoch: str = "k3f9", **data: Any
) -> bytes:
    return msgspec.json.encode(
        {
            "topics": list(topics),
            "at": [lane, seq],
            "position": f"{epoch}.{lane}.{seq * 7}",
            "type": data.pop("type", "document.submitted"),
            "document": None,
            "version": 3,
            "time": "2026-11-23T10:00:00.000000Z",
            "data": data,
        }
    )


@dataclass
class FakeAccess:
    """Rights in memory. A token is `token-<login>`, a ticket `ticket-<login>` and works once."""

    people: dict[str, frozenset[str]] = field(default_factory=dict)
    void: set[str] = field(default_factory=set)
    readable: set[tuple[str, str]] = field(default_factory=set)
    away: bool = False

    def credential_of(self, token: str) -> str:
        return f"hash-of-{token}"

    def redeem(self, ticket: str) -> str | None:
        known = ticket.startswith("ticket-") and ticket not in self.void
        self.void.add(ticket)
        return f"hash-of-token-{ticket.removeprefix('ticket-')}" if known else None

    def holder(self, credential: str) -> Actor | None:
        token = credential.removeprefix("hash-of-")
        known = token.startswith("token-") and token not in self.void
        return self.actor(token.removeprefix("token-")) if known else None

    def actor(self, login: str) -> Actor | None:
        if self.away:
            raise OSError("the database is away")
        roles = self.people.get(login)
        return None if roles is None else Actor(login, roles)

    def may_read(self, actor: Actor, document: UUID) -> bool:
        return bool(actor.roles & {"admin", "auditor"}) or (
            (actor.login, str(document)) in self.readable
        )

    def may_read_job(self, actor: Actor, job: UUID) -> bool:
        return self.may_read(actor, job)


class FakeOutlet:
    """A connection in memory: keeps what was sent, as messages."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.close: Close | None = None
        self.reviews = 0

    def write(self, frame: bytes) -> None:
        assert self.close is None, "written after the end"
        self.sent.extend(messages_of(frame))

    def end(self, close: Close) -> None:
        self.close = close

    def review(self) -> None:
        self.reviews += 1

    def take(self) -> list[dict[str, Any]]:
        taken, self.sent = self.sent, []
        return taken


def messages_of(frames: bytes) -> list[dict[str, Any]]:
    """Return the JSON of unmasked text frames that follow one another."""
    found = []
    while frames:
        size, head = frames[1], 2
        if size == 126:
            size, head = int.from_bytes(frames[2:4], "big"), 4
        elif size == 127:
            size, head = int.from_bytes(frames[2:10], "big"), 10
        payload = frames[head : head + size]
        assert frames[: head + size] == text_frame(payload)
        found.append(msgspec.json.decode(payload))
        frames = frames[head + size :]
    return found


def answered(steps: Steps[T]) -> T:
    """Run the steps, answering each question at once."""
    try:
        question = next(steps)
        while True:
            try:
                answer = question()
            except OSError as error:
                question = steps.throw(UnavailableError(str(error)))
            else:
                question = steps.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result


class Desk:
    """A hub with its feed, its rights, and sessions on it."""

    def __init__(self, limits: Limits | None = None, lanes: int = 2, **people: set[str]) -> None:
        self.feed = FakeFeed(lanes)
        self.access = FakeAccess({login: frozenset(roles) for login, roles in people.items()})
        self.hub = Hub(self.feed, limits or Limits())
        answered(self.hub.refresh())

    def session(self, login: str) -> "tuple[Session, FakeOutlet]":
        """Return an open session of this person."""
        outlet = FakeOutlet()
        session = Session(f"c-{login}", "gw", self.hub, self.access, outlet)
        self.ask(session, connect={"token": f"token-{login}"})
        assert "ok" in outlet.take()[0]
        return session, outlet

    def ask(self, session: Session, request_id: int = 1, **wanted: Any) -> None:
        answered(session.handle(msgspec.json.encode({"id": request_id, **wanted}), 0.0))

    def tell(self, lane: int, *topics: str, excluded: Sequence[str] = (), **data: Any) -> bool:
        """Add a row to the feed and publish it; False if the hub sees a hole."""
        return self.publish(self.feed.add(lane, *topics, excluded=excluded, **data))

    def publish(self, row: StoredRow) -> bool:
        return self.hub.receive(row.lane, [Row.parse(row.message)])


def a_desk(**limits: Any) -> Desk:
    desk = Desk(Limits(**limits), ann={"clerk"}, bob=set(), eve={"admin"}, joe={"auditor"})
    desk.access.readable.add(("ann", DOCUMENT))
    return desk


def heard(outlet: FakeOutlet) -> list[tuple[list[str], int, int]]:
    return [(m["topics"], *m["at"]) for m in outlet.take() if "at" in m]


def since(epoch: str = "e1", **lanes: int) -> dict[str, Any]:
    return {"epoch": epoch, "lanes": {name[1:]: seq for name, seq in lanes.items()}}
