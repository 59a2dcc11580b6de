"""What somebody may read, decided on the log itself where a view might not be as far."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from commands.bus import StaleVersionError
from domain.actor import Actor, Circumstances
from domain.command import Command
from domain.directory.commands import PersonCommand
from domain.document.commands import CreateDocument, DocumentCommand, ReachMilestone
from domain.document.decide import is_party
from domain.document.state import fold
from domain.errors import Reason, RefusedError
from domain.job.commands import JobCommand
from domain.job.decide import existing
from domain.job.job import fold as fold_job
from domain.metadata import Recorded
from infra.bootstrap import Parts
from infra.views.access import Access, reads_all


def require_party(
    document: UUID, history: Sequence[Recorded], actor: Actor, access: Access
) -> None:
    """Refuse who may not read this document, as the log has it, nor as a substitute.

    Raises:
        RefusedError: NOT_FOUND, NOT_ALLOWED.
    """
    found = fold(each.event for each in history)
    if found is None:
        raise no_document()
    now = Circumstances(actor, datetime.now(UTC))  # noqa: TID251  # here time comes to a question
    if not (reads_all(actor) or is_party(found, now) or access.may_read(actor, document)):
        raise not_yours(actor)


def require_own(actor: Actor, login: str) -> None:
    """Refuse who may not read what is only for the person and for who reads everything.

    Raises:
        RefusedError: NOT_ALLOWED.
    """
    if not may_read_own(actor, login):
        raise RefusedError(Reason.NOT_ALLOWED, f"this is for {login}, admins and auditors")


def may_read_own(actor: Actor, login: str) -> bool:
    """Tell who may read what is only for the person and for who reads everything."""
    return actor.login == login or reads_all(actor)


def require_requester(actor: Actor, requester: str) -> None:
    """Refuse who may not read a background job, without telling whose it is.

    Raises:
        RefusedError: NOT_ALLOWED.
    """
    if actor.login != requester and not reads_all(actor):
        raise RefusedError(Reason.NOT_ALLOWED, "this job is somebody else's")


def require_history(parts: Parts, actor: Actor, command: Command, error: StaleVersionError) -> None:
    """Refuse who may not learn what has happened since the version they named.

    Raises:
        RefusedError: NOT_FOUND, NOT_ALLOWED.
    """
    if isinstance(command, DocumentCommand):
        require_party(command.document, parts.log.load(command.document), actor, parts.access)
    elif isinstance(command, PersonCommand) and error.since:
        require_own(actor, command.login)
    elif isinstance(command, JobCommand):
        job = existing(fold_job(each.event for each in parts.log.load(command.job)))
        require_requester(actor, job.requester)


def require_reasons(parts: Parts, actor: Actor, command: Command) -> None:
    """Refuse who may not learn why this command was refused: whose document it is, where it stands.

    What is told of a milestone is for its role, which need not be a party.

    Raises:
        RefusedError: NOT_FOUND, NOT_ALLOWED.
    """
    if isinstance(command, DocumentCommand) and not isinstance(
        command, CreateDocument | ReachMilestone
    ):
        require_party(command.document, parts.log.load(command.document), actor, parts.access)


def no_document() -> RefusedError:
    """Return the refusal of what is not there."""
    return RefusedError(Reason.NOT_FOUND, "there is no document of this id", "document")


def not_yours(actor: Actor) -> RefusedError:
    """Return the refusal of who has nothing to do with a document."""
    return RefusedError(Reason.NOT_ALLOWED, f"{actor.login} is no party to this document")
