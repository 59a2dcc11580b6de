"""The contract of idempotent appends: one effect for each key, one outcome for all."""

from abc import ABC, abstractmethod
from hashlib import sha256
from uuid import uuid4

import pytest
from eventsourcing.persistence import IntegrityError

from infra.eventstore.errors import KeyReusedError, VersionConflictError
from infra.eventstore.idempotency import FirstOutcome, Idempotency
from infra.eventstore.recorders import MariaDBApplicationRecorder
from tests.contracts.log_contract import read_all, some_events, together


def a_key(command_id: str | None = None, request: bytes = b"request") -> Idempotency:
    return Idempotency(command_id or uuid4().hex, sha256(request).digest())


class IdempotencyContract(ABC):
    @abstractmethod
    def open(self) -> MariaDBApplicationRecorder:
        """Return a recorder of the store under test."""

    def test_a_repeat_answers_the_first_outcome_and_writes_nothing(self) -> None:
        recorder, key, events = self.open(), a_key(), some_events(3)
        first = recorder.insert_events(events, idempotency=key)
        assert not isinstance(first, FirstOutcome)
        for other in (recorder, self.open()):
            repeat = other.insert_events(events, idempotency=key)
            assert isinstance(repeat, FirstOutcome)
            assert repeat == first
            assert other.select_first_outcome(key) == first
        assert len(read_all(recorder)) == 3

    def test_a_repeat_that_was_decided_otherwise_answers_the_first_outcome(self) -> None:
        recorder, key = self.open(), a_key()
        first = recorder.insert_events(some_events(3), idempotency=key)
        assert recorder.insert_events(some_events(1), idempotency=key) == first
        assert len(read_all(recorder)) == 3

    def test_a_repeat_says_where_the_first_append_began(self) -> None:
        recorder, key = self.open(), a_key()
        stream = some_events()[0].originator_id
        recorder.insert_events(some_events(4, stream))
        events = [*some_events(2, stream, first=5), *some_events(3)]
        recorder.insert_events(events, idempotency=key)
        repeat = recorder.insert_events(some_events(), idempotency=key)
        looked_up = recorder.select_first_outcome(key)
        for outcome in (repeat, looked_up):
            assert isinstance(outcome, FirstOutcome)
            assert (outcome.stream, outcome.version) == (stream, 5)

    @pytest.mark.parametrize("round_", range(5))
    def test_racing_repeats_take_effect_once(self, round_: int) -> None:
        recorders = [self.open() for _ in range(6)]
        key, events = a_key(), some_events(2)
        outcomes = together(
            [
                lambda recorder=recorder: recorder.insert_events(events, idempotency=key)
                for recorder in recorders
            ]
        )
        assert all(outcome == outcomes[0] for outcome in outcomes), outcomes
        assert sum(not isinstance(outcome, FirstOutcome) for outcome in outcomes) == 1
        assert len(read_all(recorders[0])) == 2

    def test_racing_commands_with_one_key_but_other_streams_take_effect_once(self) -> None:
        recorders, key = [self.open() for _ in range(6)], a_key()
        outcomes = together(
            [
                lambda recorder=recorder: recorder.insert_events(some_events(2), idempotency=key)
                for recorder in recorders
            ]
        )
        assert all(outcome == outcomes[0] for outcome in outcomes), outcomes
        assert len(read_all(recorders[0])) == 2

    def test_the_same_key_with_another_request_is_refused(self) -> None:
        recorder, key = self.open(), a_key("pay/17", b"100 EUR")
        recorder.insert_events(some_events(), idempotency=key)
        other = a_key("pay/17", b"900 EUR")
        with pytest.raises(KeyReusedError):
            recorder.insert_events(some_events(), idempotency=other)
        with pytest.raises(KeyReusedError):
            recorder.select_first_outcome(other)
        assert len(read_all(recorder)) == 1

    def test_a_refused_append_leaves_no_key(self) -> None:
        recorder, key, taken = self.open(), a_key(), some_events()
        recorder.insert_events(taken)
        with pytest.raises(VersionConflictError):
            recorder.insert_events([*some_events(2), *taken], idempotency=key)
        assert recorder.select_first_outcome(key) is None
        positions = recorder.insert_events(some_events(), idempotency=key)
        assert not isinstance(positions, FirstOutcome)

    def test_keys_are_compared_exactly(self) -> None:
        recorder = self.open()
        for command_id in ("key", "Key", "key ", " key", "kéy", "ke\u0301y", "k" * 255):
            positions = recorder.insert_events(some_events(), idempotency=a_key(command_id))
            assert not isinstance(positions, FirstOutcome), command_id
        assert len(read_all(recorder)) == 7

    def test_a_save_over_several_streams_is_repeated_as_one(self) -> None:
        recorder, key = self.open(), a_key()
        events = [*some_events(2), *some_events(1), *some_events(3)]
        first = recorder.insert_events(events, idempotency=key)
        assert recorder.insert_events(events, idempotency=key) == first
        assert first is not None
        assert len(first) == 6

    def test_a_save_without_events_leaves_no_key(self) -> None:
        recorder, key = self.open(), a_key()
        assert recorder.insert_events([], idempotency=key) == []
        assert recorder.select_first_outcome(key) is None

    def test_an_unkeyed_save_of_the_same_events_is_a_conflict(self) -> None:
        recorder, events = self.open(), some_events()
        recorder.insert_events(events, idempotency=a_key())
        with pytest.raises(IntegrityError):
            recorder.insert_events(events)
