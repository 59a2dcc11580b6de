"""Why a command is refused: one error, one table of reasons.

A refusal leaves no trace. `code` is stable and machine-readable; `place` names the field or part
of the command that is at fault, as a path such as `values.amount` or `steps.2.condition`.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum

from domain.findings import Finding, errors


class Reason(StrEnum):
    """Every reason for which a command may be refused; the value is what clients see."""

    INVALID = "invalid"
    """A value is not of its kind, or not among what is allowed."""
    UNKNOWN_FIELD = "unknown_field"
    """The definition has no such field."""
    MISSING_FIELD = "missing_field"
    """A required field is empty."""
    NOT_FOUND = "not_found"
    """What the command is about does not exist."""
    ALREADY_EXISTS = "already_exists"
    """What the command would create is there already."""
    NOT_ALLOWED = "not_allowed"
    """The actor has no right to this."""
    SELF_APPROVAL = "self_approval"
    """Nobody decides on a document of their own."""
    WRONG_STATUS = "wrong_status"
    """The document's status does not allow this."""
    STEP_NOT_OPEN = "step_not_open"
    """The named step is not the one that waits for a decision."""
    NO_APPROVER = "no_approver"
    """A step would have nobody who may decide it."""
    STALE_REVISION = "stale_revision"
    """The content has changed since the actor saw it."""
    OUT_OF_ORDER = "out_of_order"
    """A milestone before this one has not been reached."""
    NOTHING_CHANGES = "nothing_changes"
    """The command asks for what is already so."""


class RefusedError(Exception):
    """A command that was refused: nothing happened."""

    def __init__(
        self, reason: Reason, message: str, place: str = "", findings: Sequence[Finding] = ()
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.place = place
        self.findings = tuple(findings) or (Finding(place, message, code=reason.value),)
        """Everything that is at fault; `reason`, `message` and `place` are the first's."""


def refuse_all(findings: Sequence[Finding]) -> None:
    """Refuse what has faults, with all of them; warnings alone refuse nothing.

    Raises:
        RefusedError: of the first error's reason, at its place.
    """
    found = errors(findings)
    if found:
        raise RefusedError(Reason(found[0].code), found[0].message, found[0].place, findings)


def findings_of(check: Callable[[], object]) -> Sequence[Finding]:
    """Return what a check that refuses has found; nothing where it passes."""
    try:
        check()
    except RefusedError as refusal:
        return refusal.findings
    return ()
