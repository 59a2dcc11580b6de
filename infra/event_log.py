"""The port `commands.ports.EventLog` on the recorder of `infra.eventstore`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from time import perf_counter
from uuid import UUID

from commands.ports import ConflictError, KeyReusedError, Outcome, Request
from domain.metadata import Event, Meta, Recorded
from infra.codec import Codec
from infra.eventstore import errors
from infra.eventstore.idempotency import FirstOutcome, Idempotency
from infra.eventstore.recorders import MariaDBApplicationRecorder


@dataclass(frozen=True)
class Change:
    """What is to happen to one stream."""

    stream: UUID
    version: int
    """The stream's version before."""
    events: Sequence[Event]
    meta: Meta


@dataclass(frozen=True)
class RecordedEventLog:
    """Events in the log. Errors of the store that are no decision's business pass through."""

    recorder: MariaDBApplicationRecorder
    codec: Codec
    appended: Callable[[float], object] = lambda _seconds: None
    """Told how long each append took that was written."""

    def load(self, stream: UUID) -> Sequence[Recorded]:
        """Return the stream's events in order; empty if there are none. One statement."""
        return [self.codec.recorded(stored) for stored in self.recorder.select_events(stream)]

    def load_all(self, streams: Sequence[UUID]) -> Mapping[UUID, Sequence[Recorded]]:
        """Return the events of each of these streams, in order. One statement."""
        found: dict[UUID, list[Recorded]] = {stream: [] for stream in streams}
        for stored in self.recorder.select_streams(streams):
            recorded = self.codec.recorded(stored)
            found[recorded.stream].append(recorded)
        return found

    def append(
        self, stream: UUID, version: int, events: Sequence[Event], meta: Meta, request: Request
    ) -> Outcome:
        """Append all events after `version`, with the request, or nothing. One statement.

        Raises:
            ConflictError: the stream is not at `version`.
            KeyReusedError: the command id was used for another request.
        """
        stored = [
            self.codec.stored(stream, number, event, meta)
            for number, event in enumerate(events, version + 1)
        ]
        began = perf_counter()
        try:
            positions = self.recorder.insert_events(stored, idempotency=_key(request))
        except errors.VersionConflictError as error:
            raise ConflictError(str(error)) from error
        except errors.KeyReusedError as error:
            raise KeyReusedError(str(error)) from error
        if isinstance(positions, FirstOutcome):
            return _repeated(positions)
        self.appended(perf_counter() - began)
        assert positions  # noqa: S101  # a decision yields at least one event
        return Outcome(stream, version + len(events), positions[-1])

    def append_all(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        """Append to each of these streams, or to none. One statement, without a key.

        Raises:
            ConflictError: one of the streams is not at the version that was named.
            OutcomeUnknownError: the connection broke; the streams tell what was written.
        """
        stored = [
            self.codec.stored(change.stream, number, event, change.meta)
            for change in changes
            for number, event in enumerate(change.events, change.version + 1)
        ]
        began = perf_counter()
        try:
            positions = self.recorder.insert_events(stored)
        except errors.VersionConflictError as error:
            raise ConflictError(str(error)) from error
        self.appended(perf_counter() - began)
        ends = accumulate(len(change.events) for change in changes)
        assert positions  # noqa: S101  # an append has events
        return [
            Outcome(change.stream, change.version + len(change.events), positions[end - 1])
            for change, end in zip(changes, ends, strict=True)
        ]

    def first_outcome(self, request: Request) -> Outcome | None:
        """Return what this request did before, None if it was never done.

        Raises:
            KeyReusedError: the command id was used for another request.
        """
        try:
            first = self.recorder.select_first_outcome(_key(request))
        except errors.KeyReusedError as error:
            raise KeyReusedError(str(error)) from error
        return None if first is None else _repeated(first)


def _key(request: Request) -> Idempotency:
    return Idempotency(request.command_id, request.digest)


def _repeated(first: FirstOutcome) -> Outcome:
    last_version = first.version + len(first) - 1
    return Outcome(first.stream, last_version, first[-1], repeated=True)
