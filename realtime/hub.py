"""The feed as this process knows it, and who hears of it. Does no I/O and needs one thread."""

import logging
from collections.abc import Iterable, Sequence
from typing import Protocol

from realtime.frames import text_frame
from realtime.index import Grant, Index
from realtime.limits import Limits
from realtime.ports import Feed
from realtime.protocol import Place, Resync
from realtime.ring import Ring
from realtime.row import MalformedRowError, Row
from realtime.steps import Steps, ask
from realtime.tally import Tally

log = logging.getLogger(__name__)

#: Rows of the feed that are read at once: of the largest documents some 25 MB, and with all threads
#: for questions at it 200 MB.
CHUNK = 200

#: Rows before the head that are fetched at the start: clients come back with places just below.
WARM_UP = CHUNK


class Subscriber(Protocol):
    """Who joined the hub. None of these calls may change the hub, but for `rights_touched`."""

    def push(self, frame: bytes) -> None:
        """Send a ready frame."""

    def resync(self, reason: Resync) -> None:
        """Hear that rows were lost: every subscription needs a new snapshot."""

    def rights_touched(self, inboxes: Iterable[str]) -> None:
        """Hear that rights may have changed: receive nothing before they are looked at.

        `inboxes` are the people whose inbox may take in other rows now, old ones too.
        """


class Hub:
    """Follows every lane without a hole, and pushes each row once to whom it concerns.

    A row is pushed while it is received: in between, the hub and its subscribers agree.
    """

    def __init__(self, feed: Feed, limits: Limits) -> None:
        self.feed = feed
        self.limits = limits
        self.epoch = ""
        """The feed's epoch; empty until the feed was seen for the first time."""
        self.lanes: dict[int, Ring] = {}
        self.tally = Tally()
        self._index: Index[Subscriber] = Index()
        self._watchers: dict[str, set[Subscriber]] = {}
        self._watching: dict[Subscriber, frozenset[str]] = {}

    # What is known

    def heads(self) -> dict[int, int]:
        """Return the newest seq of each lane that was pushed."""
        return {lane: ring.head for lane, ring in self.lanes.items()}

    def place(self) -> Place:
        """Return up to where everything was pushed."""
        return Place.of(self.epoch, self.heads())

    # Subscribers

    def join(self, subscriber: Subscriber, grants: Iterable[Grant]) -> None:
        """Push to the subscriber what these grants take in, from the next row on."""
        for grant in grants:
            self._index.add(subscriber, grant)

    def part(self, subscriber: Subscriber, topics: Iterable[str]) -> None:
        """Push no more of these topics to the subscriber."""
        self._index.discard(subscriber, topics)

    def watch(self, subscriber: Subscriber, logins: Iterable[str]) -> None:
        """Tell the subscriber when the record of one of these people changes, and of no others."""
        before, now = self._watching.get(subscriber, frozenset()), frozenset(logins)
        for login in before - now:
            self._watchers[login].discard(subscriber)
            if not self._watchers[login]:
                del self._watchers[login]
        for login in now - before:
            self._watchers.setdefault(login, set()).add(subscriber)
        if now:
            self._watching[subscriber] = now
        else:
            self._watching.pop(subscriber, None)

    # News

    def receive(self, lane: int, rows: Iterable[Row]) -> bool:
        """Push the rows that follow the lane's head; return False at a hole before one of them.

        Rows that were pushed before are passed over. Those behind a hole must be received again.
        """
        ring = self.lanes.get(lane)
        if ring is None:
            return False
        for row in rows:
            if row.seq > ring.head + 1:
                return False
            if row.seq == ring.head + 1:
                self._tell_of_rights(row)
                ring.append(row)
                self._push(row)
        return True

    def refresh(self) -> Steps[None]:
        """Look at the feed's epoch and heads, and receive what is missing.

        Not to be run twice at the same time: an old answer would undo a newer one.

        Raises:
            UnavailableError: The feed did not answer.
        """
        epoch, heads = yield from ask(lambda: (self.feed.epoch(), self.feed.heads()))
        if epoch != self.epoch:
            yield from self._begin(epoch, heads)
        else:
            yield from self.catch_up(heads)

    def catch_up(self, heads: dict[int, int]) -> Steps[None]:
        """Receive what the feed holds up to these heads, in every lane. Safe to run twice at once.

        Raises:
            UnavailableError: The feed did not answer.
        """
        epoch = self.epoch
        for lane, head in heads.items():
            self.lanes.setdefault(lane, self._ring(0))
            while self.lanes[lane].head < head:
                rows = yield from self.older(lane, self.lanes[lane].head)
                if self.epoch != epoch:
                    return
                self._fill(lane, rows, head)

    def older(self, lane: int, after: int) -> Steps[Sequence[Row]]:
        """Return at most CHUNK rows of the feed that follow `after` and are still kept.

        Raises:
            UnavailableError: The feed did not answer.
        """
        return (yield from ask(lambda: self._read(lane, after)))

    def _read(self, lane: int, after: int) -> Sequence[Row]:
        rows = self.feed.since(lane, after, CHUNK)
        return [parsed(lane, row.seq, row.message) for row in rows]

    def _fill(self, lane: int, rows: Sequence[Row], head: int) -> None:
        """Receive what was read of the feed; if what should follow the head is gone, say so."""
        ring = self.lanes[lane]
        fresh = [row for row in rows if row.seq > ring.head]
        self.tally.filled += len(fresh)
        if (fresh and fresh[0].seq > ring.head + 1) or (not rows and ring.head < head):
            self._lose(lane, fresh[0].seq - 1 if fresh else head)
        self.receive(lane, fresh)

    def _begin(self, epoch: str, heads: dict[int, int]) -> Steps[None]:
        """Follow a feed that was not known, from its heads on."""
        lanes = {}
        for lane, head in heads.items():
            lanes[lane] = self._ring(max(0, head - WARM_UP))
            for row in (yield from self.older(lane, lanes[lane].head)):
                if row.seq != lanes[lane].head + 1:
                    lanes[lane] = self._ring(row.seq - 1)
                lanes[lane].append(row)
            if lanes[lane].head < head:
                lanes[lane] = self._ring(head)
        log.info("the feed's epoch is %s, its heads are %s", epoch, heads)
        self.epoch, self.lanes = epoch, lanes
        self._resync(Resync.EPOCH)

    def _lose(self, lane: int, head: int) -> None:
        log.error("lane %d: rows after %d are gone", lane, self.lanes[lane].head)
        self.lanes[lane] = self._ring(head)
        self._resync(Resync.TOO_OLD)

    def _ring(self, head: int) -> Ring:
        return Ring(head, self.limits.ring_rows, self.limits.ring_bytes)

    def _resync(self, reason: Resync) -> None:
        """Own up to lost rows. What changed rights may have been among them."""
        for subscriber in tuple(self._watching):
            subscriber.resync(reason)
            subscriber.rights_touched(())

    def _push(self, row: Row) -> None:
        for topics, subscribers in self._index.audience(row):
            frame = text_frame(row.told_to(topics))
            for subscriber in subscribers:
                subscriber.push(frame)
            self.tally.pushed(len(subscribers), len(frame))
        self.tally.rows += 1
        log.debug("pushed lane %d, row %d", row.lane, row.seq, extra=row.conversation)

    def _tell_of_rights(self, row: Row) -> None:
        """Before the row is here: who is held has heard all that is before it, and not the row."""
        for login in row.people:
            for subscriber in tuple(self._watchers.get(login, ())):
                subscriber.rights_touched(row.inboxes)


def parsed(lane: int, seq: int, message: bytes) -> Row:
    """Return the row; one that cannot be read is logged and concerns nobody."""
    try:
        row = Row.parse(message)
    except MalformedRowError as error:
        log.error("lane %d, row %d cannot be read: %s", lane, seq, error)  # noqa: TRY400
        return Row.concerning_nobody(lane, seq)
    if (row.lane, row.seq) != (lane, seq):
        log.error("lane %d, row %d says that it is %d of %d", lane, seq, row.seq, row.lane)
        return Row.concerning_nobody(lane, seq)
    return row
