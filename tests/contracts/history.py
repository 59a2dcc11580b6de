"""What writers were told and readers saw, and the judgement of it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent

Name = tuple[UUID, int]
"""An event: its stream and version."""

Seen = tuple[int, UUID, int]
"""What a reader saw: a position, and the event there."""


def name(event: StoredEvent) -> Name:
    assert isinstance(event.originator_id, UUID)
    return event.originator_id, event.originator_version


def seen(notification: Notification) -> Seen:
    return (notification.id, *name(notification))


@dataclass
class History:
    """Everything that happened to one store from outside."""

    acknowledged: dict[Name, int] = field(default_factory=dict)
    """Events whose append returned, with the positions it returned."""
    whole_or_absent: list[list[Name]] = field(default_factory=list)
    """Saves whose append was interrupted, or ended without saying whether it had succeeded."""
    readings: dict[str, list[Seen]] = field(default_factory=dict)
    """What each reader saw, in the order in which it saw it."""

    def acknowledge(self, events: Sequence[StoredEvent], positions: Sequence[int] | None) -> None:
        assert positions is not None
        assert list(positions) == list(range(positions[0], positions[0] + len(events)))
        self.acknowledged.update(
            (name(event), position) for event, position in zip(events, positions, strict=True)
        )

    def judge(self, log: Iterable[Seen]) -> None:
        """Raise AssertionError unless `log`, read from the beginning at the end, explains all."""
        log = list(log)
        positions = [position for position, *_ in log]
        assert positions == sorted(set(positions)), "a reader saw a position twice or backwards"
        places = {(stream, version): position for position, stream, version in log}
        assert len(places) == len(log), "an event stands at two positions"
        for event, position in self.acknowledged.items():
            assert places.get(event) == position, f"acknowledged at {position}: {event} is lost"
        self._judge_unknown(places)
        for reader, sequence in self.readings.items():
            self._judge_reading(reader, sequence, log)

    def _judge_unknown(self, places: dict[Name, int]) -> None:
        allowed = set(self.acknowledged)
        for save in self.whole_or_absent:
            there = [places[event] for event in save if event in places]
            assert len(there) in (0, len(save)), f"an append is torn: {save}"
            if there:
                assert there == list(range(there[0], there[0] + len(save))), "interleaved"
            allowed.update(save)
        strangers = set(places) - allowed
        assert not strangers, f"rolled back, but there: {strangers}"

    def _judge_reading(self, reader: str, sequence: list[Seen], log: list[Seen]) -> None:
        repeated = [item for item, count in Counter(sequence).items() if count > 1]
        assert not repeated, f"{reader} saw twice: {repeated[:5]}"
        missed = set(log[: len(sequence)]) - set(sequence)
        assert not missed, f"{reader} missed {len(missed)} events: {sorted(missed)[:5]}"
        assert sequence == log[: len(sequence)], f"{reader} saw another order"
