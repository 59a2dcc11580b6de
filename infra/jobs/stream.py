"""A job's events as one thread knows them, and what follows from a command after them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from uuid import UUID, uuid4

from commands.bus import decide
from commands.envelope import Envelope
from commands.handlers import HANDLERS
from commands.ports import Ports
from domain.actor import SYSTEM
from domain.job.commands import JobCommand
from domain.job.job import Job, fold
from domain.metadata import Channel, Recorded
from infra.event_log import Change


class JobStream:
    """One job's stream. Whoever knows fewer events than there are is late: the version tells."""

    def __init__(
        self, job: UUID, history: Sequence[Recorded], ports: Ports, ids: Iterator[str]
    ) -> None:
        """`ids` gives each command its own; see `command_ids`."""
        self.job = job
        self._history = list(history)
        self._ports = ports
        self._ids = ids

    @property
    def state(self) -> Job | None:
        """The job; None if it was never asked for."""
        return fold(each.event for each in self._history)

    @property
    def correlation_id(self) -> str:
        """The conversation in which the job was asked for."""
        return self._history[0].meta.correlation_id

    def give(self, command: JobCommand) -> Change:
        """Return what follows from the command; `wrote` says that it was written.

        The bus would load the stream for each command; here nobody else may have appended.

        Raises:
            RefusedError: nothing follows.
        """
        envelope = Envelope(
            command=command,
            command_id=next(self._ids),
            actor=SYSTEM,
            at=now(),
            channel=Channel.POLICY,
            correlation_id=self.correlation_id,
        )
        events = decide(HANDLERS[type(command)], self._history, envelope, self._ports)
        return Change(self.job, len(self._history), events, envelope.meta)

    def wrote(self, change: Change) -> None:
        """Know what was appended."""
        for number, event in enumerate(change.events, change.version + 1):
            self._history.append(Recorded(self.job, number, event, change.meta))


def command_ids() -> Iterator[str]:
    """Return ids that no other commands have; for one thread."""
    series = uuid4()
    return (f"job:{series}:{number}" for number in count(1))


def now() -> datetime:
    """Return the time of a command that begins here."""
    return datetime.now(UTC)  # noqa: TID251  # here commands begin, and take their time along
