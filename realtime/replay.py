"""What somebody missed since a place, up to where the hub is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from realtime.frames import text_frame
from realtime.hub import Hub
from realtime.index import Grant, Index
from realtime.protocol import Place, Resync
from realtime.row import Row
from realtime.steps import Steps, ask


@dataclass(frozen=True)
class Replay:
    """Everything that was missed, or why it cannot be told; never a part."""

    frames: tuple[bytes, ...] = ()
    """Ready frames; oldest first in each lane."""
    reason: Resync | None = None
    """Why there is no replay; None if there is."""


@dataclass
class _Gathering:
    """The rows that concern one subscriber, within the limits."""

    hub: Hub
    people: frozenset[str]
    index: Index[None] = field(default_factory=Index)
    frames: list[bytes] = field(default_factory=list)
    size: int = 0
    looked_through: int = 0
    """Bytes of the rows that were taken, also of those that do not concern the subscriber."""
    rights_changed: bool = False

    def take(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.looked_through += len(row.body)
            for topics, _ in self.index.audience(row):
                self.frames.append(text_frame(row.told_to(topics)))
                self.size += len(self.frames[-1])
            self.rights_changed |= not self.people.isdisjoint(row.inboxes)
            if self.full:
                return

    @property
    def full(self) -> bool:
        limits = self.hub.limits
        return (
            len(self.frames) > limits.replay_messages
            or self.size > limits.replay_bytes
            or self.looked_through > limits.replay_scan_bytes
        )


def replay(
    hub: Hub, grants: Iterable[Grant], since: Place, people: frozenset[str]
) -> Steps[Replay]:
    """Return what these grants take in of the rows that follow `since`.

    If the record of one of `people` changed since then, there is none: their inboxes may take in
    rows now that are older than the place.

    It reaches to the hub's heads at the moment it returns: who joins then, before anything else
    runs, has neither a hole nor a row twice.

    Raises:
        UnavailableError: The feed did not answer.
    """
    lanes = since.by_lane()
    if since.epoch != hub.epoch or not lanes.keys() <= hub.lanes.keys():
        return Replay(reason=Resync.EPOCH)
    if _ahead(hub, lanes):  # a snapshot may be read before its rows were pushed here
        yield from hub.catch_up((yield from ask(hub.feed.heads)))
        if since.epoch != hub.epoch or _ahead(hub, lanes):
            return Replay(reason=Resync.EPOCH)
    gathering = _Gathering(hub, people)
    for grant in grants:
        gathering.index.add(None, grant)
    reason = yield from _gather(hub, gathering, since.epoch, lanes)
    return Replay(reason=reason) if reason else Replay(tuple(gathering.frames))


def _gather(hub: Hub, into: _Gathering, epoch: str, lanes: dict[int, int]) -> Steps[Resync | None]:
    """Take the rows that follow `lanes`: of the feed while they are too old for the hub's rings."""
    lanes = {lane: lanes.get(lane, 0) for lane in hub.lanes}
    while not into.full and _distance(hub, lanes) <= hub.limits.replay_scan:
        lane = next(_below_the_ring(hub, lanes), None)
        if lane is None:
            for each, seq in lanes.items():
                into.take(hub.lanes[each].after(seq))
            break
        rows = yield from hub.older(lane, lanes[lane])
        if hub.epoch != epoch:
            return Resync.EPOCH
        rows = [row for row in rows if row.seq <= hub.lanes[lane].floor]
        if not rows or rows[0].seq != lanes[lane] + 1:
            return Resync.TOO_OLD
        into.take(rows)
        lanes[lane] = rows[-1].seq
    else:
        return Resync.TOO_MANY
    if into.full:
        return Resync.TOO_MANY
    return Resync.RIGHTS_CHANGED if into.rights_changed else None


def _below_the_ring(hub: Hub, lanes: dict[int, int]) -> Iterator[int]:
    return (lane for lane, seq in lanes.items() if seq < hub.lanes[lane].floor)


def _distance(hub: Hub, lanes: dict[int, int]) -> int:
    return sum(hub.lanes[lane].head - seq for lane, seq in lanes.items())


def _ahead(hub: Hub, lanes: dict[int, int]) -> bool:
    return any(seq > hub.lanes[lane].head for lane, seq in lanes.items())
