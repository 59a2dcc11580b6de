"""What a client knows: its subscriptions, and up to where each has heard everything. No I/O.

After an answer says "replay: n", the next n pushes are that replay and nothing else; then its
topics are live. Live topics share one place, for a push or a heartbeat tells of all of them.
"""

from collections.abc import Iterable, Mapping

from realtime.protocol import Place


class Ledger:
    """Subscriptions and their places, across any number of connections."""

    def __init__(self) -> None:
        self._places: dict[str, Place | None] = {}
        """Where each topic is that is not live; None: it was never accepted."""
        self._live: set[str] = set()
        self._now = Place("", {})
        """Where the live topics are."""
        self._replay = 0
        self._replayed: tuple[str, ...] = ()
        self._noticed: dict[str, Place] = {}
        """What notices said since anything else arrived."""

    @property
    def topics(self) -> tuple[str, ...]:
        """Everything that is subscribed to, or to be."""
        return tuple(self._places)

    def since(self, topic: str) -> Place | None:
        """Return the place from which the topic must be continued; None: from anywhere."""
        return self._now if topic in self._live else self._places[topic]

    def want(self, topic: str, since: Place | None) -> None:
        """Note a subscription, to be continued from `since`; None: from when it is accepted."""
        self._live.discard(topic)
        self._noticed.pop(topic, None)
        self._places[topic] = since

    def forget(self, topic: str) -> None:
        """Note that a subscription is over."""
        self._live.discard(topic)
        self._noticed.pop(topic, None)
        self._places.pop(topic, None)

    def disconnected(self) -> None:
        """Note that nothing is live. Each topic keeps the place that it has reached."""
        for topic in self._live:
            self._places[topic] = self._now
        self._live.clear()
        self._now = Place("", {})
        self._noticed.clear()
        self._replay, self._replayed = 0, ()

    def accepted(self, topics: Iterable[str], replay: int, place: Place) -> None:
        """Note the answer to a subscription: after `replay` pushes the topics are at `place`."""
        self._settle()
        self._now = place
        self._replay, self._replayed = replay, tuple(topics)
        self._end_replay()

    def pushed(self, lane: int, seq: int) -> None:
        """Note a row that was received."""
        if self._replay:
            self._replay -= 1
            for topic in self._replayed:
                if (place := self._places.get(topic)) is not None:
                    self._places[topic] = _further(place, {str(lane): seq})
            self._end_replay()
        else:
            self.heartbeat({str(lane): seq})

    def heartbeat(self, lanes: Mapping[str, int]) -> None:
        """Note a place that everything live has reached."""
        self._settle()
        self._now = _further(self._now, lanes)

    def resynced(self, topic: str, place: Place) -> None:
        """Note that the topic goes on from `place`, after a snapshot.

        The others only do once something else arrives: notices come one by one, and a connection
        may break between two of them.
        """
        if topic in self._places:
            self._live.discard(topic)
            self._places[topic] = self._noticed[topic] = place

    def _settle(self) -> None:
        """Take in that the notices have all arrived, if there were any."""
        for topic, place in self._noticed.items():
            self._now = _further(
                self._now if self._now.epoch == place.epoch else place, place.lanes
            )
            self._live.add(topic)
        self._noticed.clear()

    def _end_replay(self) -> None:
        if not self._replay:
            self._live.update(topic for topic in self._replayed if topic in self._places)
            self._replayed = ()


def _further(place: Place, lanes: Mapping[str, int]) -> Place:
    """Return the place with these lanes moved on; none ever moves back."""
    moved = {lane: max(seq, place.lanes.get(lane, 0)) for lane, seq in lanes.items()}
    return Place(place.epoch, place.lanes | moved)
