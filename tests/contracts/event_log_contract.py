"""The contract of the port EventLog: whole streams, at the version expected, once for each key."""

from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import pytest

from commands.ports import ConflictError, EventLog, KeyReusedError, Outcome, Request
from domain.document.events import CommentAdded
from domain.metadata import Channel, Event
from tests.builders import AT, a_meta
from tests.contracts.log_contract import together
from tests.documents import created

#: How many meet at one place at once.
RIVALS = 6


def a_request(command_id: str = "", asked: bytes = b"asked") -> Request:
    return Request(command_id or uuid4().hex, sha256(asked).digest())


def some(count: int = 1) -> list[Event]:
    return [CommentAdded(f"number {number}") for number in range(count)]


class EventLogContract(ABC):
    @abstractmethod
    def open(self) -> EventLog:
        """Return a way into the log under test; each call another one."""

    def test_a_stream_that_nobody_began_is_empty(self) -> None:
        assert list(self.open().load(uuid4())) == []

    def test_what_was_appended_is_loaded_in_order_with_its_meta(self) -> None:
        log, stream = self.open(), uuid4()
        meta = a_meta(
            on_behalf_of="zoe", channel=Channel.IMPORT, effective_at=AT - timedelta(days=9)
        )
        log.append(stream, 0, [created(), *some(2)], meta, a_request())
        log.append(stream, 3, some(1), a_meta("bob"), a_request())
        loaded = self.open().load(stream)
        assert [each.event for each in loaded] == [created(), *some(2), *some(1)]
        assert [each.version for each in loaded] == [1, 2, 3, 4]
        assert [each.meta for each in loaded] == [meta, meta, meta, a_meta("bob")]
        assert {each.stream for each in loaded} == {stream}

    def test_streams_do_not_mix(self) -> None:
        log, one, other = self.open(), uuid4(), uuid4()
        log.append(one, 0, some(2), a_meta(), a_request())
        log.append(other, 0, some(1), a_meta(), a_request())
        assert (len(log.load(one)), len(log.load(other))) == (2, 1)

    def test_an_outcome_says_how_far_the_stream_and_the_log_are(self) -> None:
        log, one, other = self.open(), uuid4(), uuid4()
        first = log.append(one, 0, some(3), a_meta(), a_request())
        second = log.append(other, 0, some(2), a_meta(), a_request())
        third = log.append(one, 3, some(1), a_meta(), a_request())
        assert [each.stream for each in (first, second, third)] == [one, other, one]
        assert [each.version for each in (first, second, third)] == [3, 2, 4]
        assert first.position < second.position < third.position
        assert second.position - first.position >= 2
        assert not any(each.repeated for each in (first, second, third))

    @pytest.mark.parametrize("version", [0, 1, 2])
    def test_a_version_that_is_taken_is_a_conflict_and_writes_nothing(self, version: int) -> None:
        log, stream, request = self.open(), uuid4(), a_request()
        log.append(stream, 0, some(3), a_meta(), a_request())
        with pytest.raises(ConflictError):
            log.append(stream, version, some(2), a_meta(), request)
        assert len(log.load(stream)) == 3
        assert log.first_outcome(request) is None
        assert not log.append(stream, 3, some(2), a_meta(), request).repeated

    def test_a_repetition_returns_the_first_outcome_and_writes_nothing(self) -> None:
        log, stream, request = self.open(), uuid4(), a_request()
        first = log.append(stream, 0, some(2), a_meta(), request)
        log.append(stream, 2, some(1), a_meta(), a_request())
        again = replace(first, repeated=True)
        for way in (log, self.open()):
            assert way.append(stream, 0, some(2), a_meta(), request) == again
            assert way.append(stream, 3, some(1), a_meta(), request) == again
            assert way.append(uuid4(), 0, some(4), a_meta(), request) == again
            assert way.first_outcome(request) == again
        assert len(log.load(stream)) == 3

    def test_a_request_that_was_never_done_has_no_outcome(self) -> None:
        assert self.open().first_outcome(a_request()) is None

    def test_a_key_that_was_used_for_another_request_is_refused(self) -> None:
        log, stream = self.open(), uuid4()
        log.append(stream, 0, some(1), a_meta(), a_request("mine"))
        other = a_request("mine", b"something else")
        for version in (0, 1):
            with pytest.raises(KeyReusedError):
                log.append(stream, version, some(1), a_meta(), other)
        with pytest.raises(KeyReusedError):
            log.first_outcome(other)
        assert len(log.load(stream)) == 1

    def test_of_those_who_race_for_a_version_one_wins(self) -> None:
        ways, stream = [self.open() for _ in range(RIVALS)], uuid4()
        for version in range(3):
            outcomes = together(
                [
                    lambda way=way, version=version: way.append(
                        stream, version, some(1), a_meta(), a_request()
                    )
                    for way in ways
                ]
            )
            assert sum(isinstance(each, Outcome) for each in outcomes) == 1, outcomes
            assert sum(isinstance(each, ConflictError) for each in outcomes) == RIVALS - 1
        assert [each.version for each in ways[0].load(stream)] == [1, 2, 3]

    @pytest.mark.parametrize("same_stream", [True, False])
    def test_of_those_who_race_with_a_key_one_writes_and_all_agree(self, same_stream: bool) -> None:
        ways, request, one = [self.open() for _ in range(RIVALS)], a_request(), uuid4()
        streams: list[UUID] = [one if same_stream else uuid4() for _ in ways]
        outcomes = together(
            [
                lambda way=way, stream=stream: way.append(stream, 0, some(2), a_meta(), request)
                for way, stream in zip(ways, streams, strict=True)
            ]
        )
        found = [each for each in outcomes if isinstance(each, Outcome)]
        assert len(found) == RIVALS, outcomes
        assert sum(not each.repeated for each in found) == 1
        assert len({replace(each, repeated=True) for each in found}) == 1
        assert sum(len(ways[0].load(stream)) for stream in set(streams)) == 2
