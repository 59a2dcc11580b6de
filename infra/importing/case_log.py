"""The log as one case's import sees it: a stream is read once."""

from collections.abc import Sequence
from uuid import UUID

from commands.ports import EventLog, Outcome, Request
from domain.metadata import Event, Meta, Recorded


class CaseLog(EventLog):
    """The port EventLog for one thread that works on one stream: remembers what it read and wrote.

    What is remembered is only a guess of the stream's end, as every history that was loaded is
    one by the time it is used: where somebody else has written, the append conflicts, and the
    next `load` reads again.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._stream: UUID | None = None
        self._history: list[Recorded] = []

    def load(self, stream: UUID) -> Sequence[Recorded]:
        """Return the stream's events in order; empty if there are none."""
        if self._stream != stream:
            self._history = list(self._log.load(stream))
            self._stream = stream
        return tuple(self._history)

    def append(
        self, stream: UUID, version: int, events: Sequence[Event], meta: Meta, request: Request
    ) -> Outcome:
        """Append all events after `version`, with the request, or nothing.

        Raises:
            ConflictError: the stream is not at `version`.
            KeyReusedError: the command id was used for another request.
        """
        remembered, self._stream = self._stream, None
        outcome = self._log.append(stream, version, events, meta, request)
        if remembered == stream and not outcome.repeated:
            self._stream = stream
            self._history += [
                Recorded(stream, number, event, meta)
                for number, event in enumerate(events, version + 1)
            ]
        return outcome

    def first_outcome(self, request: Request) -> Outcome | None:
        """Return what this request did before, None if it was never done.

        Raises:
            KeyReusedError: the command id was used for another request.
        """
        return self._log.first_outcome(request)
