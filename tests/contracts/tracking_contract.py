"""The contract of tracking: of all rivals for a position, one is let through, and only forwards."""

import random
from abc import ABC, abstractmethod
from collections import Counter

from eventsourcing.persistence import IntegrityError, Tracking, TrackingRecorder

from tests.contracts.log_contract import together


class TrackingContract(ABC):
    rivals = 6
    positions = 40

    @abstractmethod
    def open(self) -> TrackingRecorder:
        """Return a tracking recorder of the store under test."""

    def test_rivals_are_let_through_a_position_once(self) -> None:
        trackers = [self.open() for _ in range(self.rivals)]
        accepted: Counter[int] = Counter()
        for position in range(1, self.positions + 1):
            outcomes = together(
                [
                    lambda tracker=tracker, position=position: try_to_track(tracker, position)
                    for tracker in trackers
                ]
            )
            assert all(isinstance(outcome, bool) for outcome in outcomes), outcomes
            accepted[position] += sum(map(bool, outcomes))
        assert accepted == dict.fromkeys(range(1, self.positions + 1), 1)

    def test_rivals_for_different_positions_never_move_it_backwards(self) -> None:
        trackers = [self.open() for _ in range(self.rivals)]
        rng, highest = random.Random(7), 0
        for _ in range(self.positions):
            wanted = [highest + rng.randint(-2, 5) for _ in trackers]
            wanted = [max(1, position) for position in wanted]
            outcomes = together(
                [
                    lambda tracker=tracker, position=position: try_to_track(tracker, position)
                    for tracker, position in zip(trackers, wanted, strict=True)
                ]
            )
            accepted = [p for p, outcome in zip(wanted, outcomes, strict=True) if outcome is True]
            assert len(set(accepted)) == len(accepted), "a position was accepted twice"
            assert all(position > highest for position in accepted)
            highest = max([highest, *accepted])
            assert (trackers[0].max_tracking_id("upstream") or 0) == highest

    def test_logs_are_tracked_apart(self) -> None:
        tracker = self.open()
        tracker.insert_tracking(Tracking("one", 5))
        tracker.insert_tracking(Tracking("two", 3))
        assert tracker.max_tracking_id("one") == 5
        assert self.open().max_tracking_id("two") == 3
        assert tracker.max_tracking_id("ONE") is None


def try_to_track(tracker: TrackingRecorder, position: int) -> bool:
    try:
        tracker.insert_tracking(Tracking("upstream", position))
    except IntegrityError:
        return False
    return True
