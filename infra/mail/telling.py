"""What a notice tells: gathered from the log and the directory when it is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from commands.ports import Definitions
from domain.definition.content import Content
from domain.definition.steps import walk
from domain.document.events import (
    DocumentApproved,
    DocumentRejected,
    DocumentReturned,
    SlotDelegated,
    SlotHandedBack,
    SlotReassigned,
    SlotsOpened,
    StepStarted,
)
from domain.document.state import Document, fold
from domain.job.events import JobFailed, JobRequested, JobSucceeded
from domain.metadata import Event, Recorded
from infra.mail.people import People


@dataclass(frozen=True)
class Told:
    """All that a mail says.

    No value of a document's fields, no reason, no comment: mail is read by others on its way.
    """

    what: str
    """The definition, or what the job makes, as people call it."""
    mark: str
    """The first digits of an id, which tell one from another: those of the document, or of a job
    that is about no document."""
    subject: str
    """`Document` or `Job`."""
    outcome: str
    """`waiting`, `approved`, `returned`, `rejected`, `succeeded` or `failed`."""
    requester: str
    """The requester's name."""
    step: str
    """The step that waits, as people call it; empty where none does."""
    stream: UUID
    """The document or the job."""
    path: str
    """Where it is, below the public URL."""


class NothingToTellError(LookupError):
    """The log has no such event: it is another log than the notice was made from."""


_OUTCOMES: dict[type[Event], str] = {
    StepStarted: "waiting",
    SlotsOpened: "waiting",
    SlotDelegated: "waiting",
    SlotHandedBack: "waiting",
    SlotReassigned: "waiting",
    DocumentApproved: "approved",
    DocumentReturned: "returned",
    DocumentRejected: "rejected",
    JobSucceeded: "succeeded",
    JobFailed: "failed",
}


@dataclass(frozen=True)
class Telling:
    """Says what an event means to people."""

    load: Callable[[UUID], Sequence[Recorded]]
    """Returns a stream's events, from the log itself."""
    definitions: Definitions
    people: People

    def requester(self, stream: UUID) -> str:
        """Return the login of who asked for this document or job.

        Raises:
            NothingToTellError: there is no such stream.
        """
        return _requester(_until(self.load(stream), 1))

    def told(self, stream: UUID, version: int) -> Told:
        """Return what the event at this place tells.

        Raises:
            NothingToTellError: there is no such event, or none that tells anything.
        """
        events = _until(self.load(stream), version)
        last = events[-1]
        outcome = _OUTCOMES.get(type(last))
        if outcome is None:
            raise NothingToTellError(f"{last.TOPIC} tells nothing")
        requester = self.people.name(_requester(events))
        first = events[0]
        if isinstance(first, JobRequested):
            what, about = self._made_by(first, stream)
            path = f"/#/jobs/{stream}"
            return Told(what, _mark(about), "Job", outcome, requester, "", stream, path)
        document = fold(events)
        assert document is not None  # noqa: S101  # it has events
        content = self._content(document)
        step: str = getattr(last, "step", "")
        return Told(
            _called(document, content),
            _mark(stream),
            "Document",
            outcome,
            requester,
            _label(content, step),
            stream,
            f"/#/documents/{stream}",
        )

    def _made_by(self, job: JobRequested, stream: UUID) -> tuple[str, UUID]:
        """Return what a job makes, as people call it, and the stream that it is about."""
        if job.kind == "export":
            return f"{str(job.parameters.get('format', '')).upper()} export".strip(), stream
        if job.kind != "pdf":
            return f"job {job.kind}", stream
        about = UUID(str(job.parameters["document"]))
        document = fold(recorded.event for recorded in self.load(about))
        if document is None:
            return "PDF", about
        return f"PDF of {_called(document, self._content(document))}", about

    def _content(self, document: Document) -> Content | None:
        found = self.definitions.version(document.definition, document.definition_version)
        return found.content if found else None


def _called(document: Document, content: Content | None) -> str:
    return (content.label if content else "") or document.definition


def _mark(stream: UUID) -> str:
    """Return what the page shows of an id, too."""
    return str(stream)[:8]


def _until(history: Sequence[Recorded], version: int) -> Sequence[Event]:
    if len(history) < version:
        raise NothingToTellError(f"the log has {len(history)} events of this stream, not {version}")
    return [recorded.event for recorded in history[:version]]


def _requester(events: Sequence[Event]) -> str:
    found = getattr(events[0], "requester", None)
    if not isinstance(found, str):
        raise NothingToTellError(f"nobody asks for what begins with {events[0].TOPIC}")
    return found


def _label(content: Content | None, step: str) -> str:
    """Return what people call a step; its name where the definition is not known here yet."""
    labels = {each.name: each.label for each in walk(content.steps)} if content else {}
    return labels.get(step) or step
