"""One connection's part of the protocol, without I/O.

    new ──connect──▶ open ──rights touched──▶ held ──looked at──▶ open
     │                │                        │
     └──── refused ───┴──── right to act lost ─┴──▶ ended

An open session receives rows from the hub. A held one receives none: it has left the hub at a
known place, and after its rights were looked at it resumes from there, as if it had connected anew.
`handle` and `review` must not run at the same time; the hub's calls may come between their steps.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Protocol

from domain.actor import Actor
from realtime import protocol
from realtime.access import Identity, Verdict, review, watched
from realtime.frames import text_frame
from realtime.hub import Hub
from realtime.index import Grant
from realtime.limits import Allowance
from realtime.ports import Access
from realtime.protocol import Close, Connect, Place, Refusal, Resync
from realtime.replay import Replay, replay
from realtime.steps import Steps, UnavailableError, ask

log = logging.getLogger(__name__)

#: How often rights are looked at again because they changed while being looked at.
_ROUNDS = 10


class Outlet(Protocol):
    """Where a session's output goes. No call blocks; after `end` nothing is written."""

    def write(self, frame: bytes) -> None:
        """Send a ready frame."""

    def end(self, close: Close) -> None:
        """Close the connection."""

    def review(self) -> None:
        """See to it that the session's `review` runs soon."""


class Session:
    """What one client may hear and hears."""

    def __init__(self, name: str, node: str, hub: Hub, access: Access, outlet: Outlet) -> None:
        self.name = name
        self.push = outlet.write  # no frame of Python between the hub and the connection
        self._node = node
        self._hub = hub
        self._access = access
        self._outlet = outlet
        self._allowance = Allowance(hub.limits.request_burst, hub.limits.requests_per_s)
        self._identity: Identity | None = None
        self._grants: dict[str, Grant] = {}
        self._held: Place | None = None
        self._touches = 0
        self._inboxes: set[str] = set()
        """Whose roles may have changed since the rights were last looked at."""
        self._ended = False

    @property
    def connected(self) -> bool:
        """Whether the client has proved who it is."""
        return self._identity is not None

    @property
    def follows(self) -> bool:
        """Whether everything that the hub pushed has reached this session."""
        return self.connected and self._held is None and not self._ended

    # What the connection calls

    def handle(self, text: str | bytes, now: float) -> Steps[None]:
        """Fulfil or refuse what the client sent. `now` is in seconds, of a steady clock."""
        if not self._allowance.take(now):
            self._end(protocol.TOO_FAST)
            return
        try:
            request = protocol.parse(text)
        except protocol.BadMessageError as error:
            log.info("%s: not understood: %s", self.name, error)
            self._end(protocol.BAD_MESSAGE)
            return
        if (request.connect is None) is (self._identity is None):
            self._end(protocol.BAD_MESSAGE)
        elif request.connect is not None:
            yield from self._connect(request.id, request.connect)
        elif request.subscribe is not None:
            topics = tuple(dict.fromkeys(request.subscribe.topics))
            yield from self._subscribe(request.id, topics, request.subscribe.since)
        elif request.unsubscribe is not None:
            self._drop(request.unsubscribe.topics)
            self._send(protocol.ok(request.id))

    def review(self) -> Steps[None]:
        """Look at all rights again; drop, resume or end accordingly. Safe when nothing changed."""
        try:
            yield from self._review()
        except UnavailableError:
            if self._held is not None:  # who may not be judged may not go on
                self._end(protocol.UNAVAILABLE)

    def closed(self) -> None:
        """Leave the hub: the connection is no more."""
        self._ended = True
        self._drop(tuple(self._grants))
        self._hub.watch(self, ())

    # What the hub calls (beside `push`)

    def resync(self, reason: Resync) -> None:
        """Tell the client that every subscription needs a snapshot."""
        if self._held is None:
            self._notice(self._grants, reason, self._hub.place())

    def rights_touched(self, inboxes: Iterable[str]) -> None:
        """Receive nothing more before the rights were looked at."""
        self._touches += 1
        self._inboxes.update(inboxes)
        self._hold()
        self._outlet.review()

    # Connecting

    def _connect(self, request_id: int, request: Connect) -> Steps[None]:
        try:
            found = yield from ask(lambda: self._recognise(request))
        except UnavailableError:
            self._end(protocol.UNAVAILABLE)
            return
        if found is None or self._ended:
            self._end(protocol.UNAUTHORIZED)
            return
        actor, credential = found
        self._identity = Identity(actor.login, credential)
        self._watch(())
        self._send(protocol.ok(request_id, **self._welcome(actor)))

    def _recognise(self, request: Connect) -> tuple[Actor, str] | None:
        if request.token is not None:
            credential: str | None = self._access.credential_of(request.token)
        else:
            credential = self._access.redeem(request.ticket or "")
        actor = None if credential is None else self._access.holder(credential)
        return None if actor is None or credential is None else (actor, credential)

    def _welcome(self, actor: Actor) -> dict[str, object]:
        limits, place = self._hub.limits, self._hub.place()
        return {
            "connection": self.name,
            "node": self._node,
            "login": actor.login,
            "epoch": place.epoch,
            "place": place.lanes,
            "heartbeat_s": limits.heartbeat_s,
            "retry_ms": protocol.RETRY_MS,
            "limits": {
                "message_bytes": limits.message_bytes,
                "topics": limits.topics,
                "replay": limits.replay_messages,
            },
        }

    # Subscribing

    def _subscribe(
        self, request_id: int, topics: tuple[str, ...], since: Place | None
    ) -> Steps[None]:
        if len(self._grants.keys() | set(topics)) > self._hub.limits.topics:
            self._send(protocol.error(request_id, Refusal.TOO_MANY_TOPICS, topics))
            return
        try:
            yield from self._admit(request_id, topics, since)
        except UnavailableError:
            self._send(protocol.error(request_id, Refusal.UNAVAILABLE, topics))
        finally:
            self._watch(())

    def _admit(self, request_id: int, topics: tuple[str, ...], since: Place | None) -> Steps[None]:
        for _ in range(_ROUNDS):
            if self._held is not None:
                yield from self._review()
            touches = self._touches
            self._watch(topics)
            verdict = yield from self._judge(topics)
            if self._ended:
                return
            grants = {topic: grant for topic, grant in verdict.grants.items() if grant}
            if len(grants) < len(topics):
                refused = [topic for topic in topics if topic not in grants]
                self._send(protocol.error(request_id, Refusal.FORBIDDEN, refused))
                return
            people = frozenset(grant.login for grant in grants.values() if grant.login)
            missed = yield from self._missed(grants, since, people)
            if self._ended:
                return
            if self._touches == touches and self._held is None:
                self._accept(request_id, grants, missed)
                return
        raise UnavailableError("rights changed too often")

    def _accept(self, request_id: int, grants: Mapping[str, Grant], missed: Replay | None) -> None:
        place = self._hub.place()
        answer: dict[str, object] = {"epoch": place.epoch, "place": place.lanes}
        if missed is not None:
            self._hub.tally.replays += 1
            self._hub.tally.replayed += len(missed.frames)
            if missed.reason:
                self._hub.tally.resyncs[missed.reason] += 1
            answer |= {"recovered": missed.reason is None, "replay": len(missed.frames)}
            answer |= {"reason": missed.reason} if missed.reason else {}
        self._join(grants)
        replayed = missed.frames if missed is not None else ()
        self._outlet.write(b"".join((text_frame(protocol.ok(request_id, **answer)), *replayed)))

    def _drop(self, topics: Iterable[str]) -> None:
        dropped = [topic for topic in topics if self._grants.pop(topic, None)]
        self._hub.tally.subscriptions -= len(dropped)
        self._hub.part(self, dropped)
        if self.connected and not self._ended:
            self._watch(())

    # Rights

    def _review(self) -> Steps[None]:
        for _ in range(_ROUNDS):
            if self._ended:
                return
            touches = self._touches
            verdict = yield from self._judge(self._grants)
            if self._ended or self._same(verdict):
                return
            if self._touches == touches:
                self._hold()
                if (yield from self._apply(verdict.grants, touches)):
                    return
        raise UnavailableError("rights changed too often")

    def _same(self, verdict: Verdict) -> bool:
        return self._held is None and verdict.grants == self._grants

    def _apply(self, verdict: Mapping[str, Grant | None], touches: int) -> Steps[bool]:
        """Go on with what is still allowed; False if rights were touched again meanwhile."""
        held, before = self._held, dict(self._grants)
        grants = {topic: grant for topic, grant in verdict.items() if grant}
        missed = yield from self._missed(grants, held, frozenset())
        if self._touches != touches or self._ended:
            return self._ended
        lost = [topic for topic in verdict if topic not in grants]
        changed = [
            topic
            for topic, grant in grants.items()
            # also equal ones: a snapshot may have been taken between two changes
            if grant != before[topic] or grant.login in self._inboxes
        ]
        self._held = None
        self._inboxes.clear()
        self._drop(lost)
        self._join(grants)
        for topic in lost:
            self._send(protocol.ended(topic))
        if held is not None:  # the notices come first, so that who got a row got them all
            self._notice(changed, Resync.RIGHTS_CHANGED, held)
        if missed is not None:
            self._resume(missed)
        return True

    def _judge(self, topics: Iterable[str]) -> Steps[Verdict]:
        """Ask what the client may read now; end the session if it may no longer act."""
        identity, asked = self._identity, tuple(topics)
        if identity is None:
            raise UnavailableError("nobody has connected")
        verdict = yield from ask(lambda: review(self._access, identity, asked))
        if verdict.close is not None:
            self._end(verdict.close)
        return verdict

    def _hold(self) -> None:
        if self._held is None:
            self._held = self._hub.place()
            self._hub.part(self, self._grants)

    # Small things

    def _missed(
        self, grants: Mapping[str, Grant], since: Place | None, people: frozenset[str]
    ) -> Steps[Replay | None]:
        if since is None or not grants:
            return None
        return (yield from replay(self._hub, grants.values(), since, people))

    def _join(self, grants: Mapping[str, Grant]) -> None:
        self._hub.tally.subscriptions += len(grants.keys() - self._grants.keys())
        self._grants.update(grants)
        self._hub.join(self, grants.values())
        self._watch(())

    def _resume(self, missed: Replay) -> None:
        if missed.reason is not None:
            self._notice(self._grants, missed.reason, self._hub.place())
        elif missed.frames:
            self._outlet.write(b"".join(missed.frames))

    def _watch(self, further: Iterable[str]) -> None:
        """Hear when the record of somebody changes on whom what is subscribed to depends."""
        if self._identity is not None and not self._ended:
            logins = {watched(topic) for topic in (*self._grants, *further)}
            self._hub.watch(self, {self._identity.login, *(login for login in logins if login)})

    def _notice(self, topics: Iterable[str], reason: Resync, place: Place) -> None:
        for topic in topics:
            self._hub.tally.resyncs[reason] += 1
            self._send(protocol.resync(topic, reason, place))

    def _send(self, payload: bytes) -> None:
        if not self._ended:
            self._outlet.write(text_frame(payload))

    def _end(self, close: Close) -> None:
        if not self._ended:
            self.closed()
            self._outlet.end(close)
