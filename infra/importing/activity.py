"""What the activities of a log mean, and who acts in a round."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from infra.importing.declaration import (
    LAST_APPROVER,
    PAYMENT,
    PAYMENT_HANDLED,
    PAYMENT_REQUESTED,
    REQUESTER,
    role_of,
)


class Kind(StrEnum):
    """What an event asks for, as reports call it."""

    CREATE = "create"
    REVISE = "revise"
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    PAYMENT_REQUESTED = PAYMENT_REQUESTED
    PAYMENT_HANDLED = PAYMENT_HANDLED
    DRAFT = "draft"
    """A draft was saved: no command of its own, for creating the document says it."""
    IGNORED = "ignored"
    """It is not known what it means, or it is about another object than its case."""


@dataclass(frozen=True)
class Step:
    """What an event means."""

    kind: Kind
    role: str = ""
    """The role that acts."""
    ends: bool = False
    """A round ends with it."""


_ACTIVITY = re.compile(r"(.+) (SAVED|SUBMITTED|APPROVED|FINAL_APPROVED|REJECTED) by (.+)")
_PAYMENTS = {
    "Request Payment": Step(Kind.PAYMENT_REQUESTED, PAYMENT),
    "Payment Handled": Step(Kind.PAYMENT_HANDLED, PAYMENT),
}
_NOT_KNOWN = Step(Kind.IGNORED)


def understood(activities: Sequence[str]) -> list[Step]:
    """Return what each event of a case means.

    A case's object is what its first known activity is about: a log of permits tells of their
    declarations, too, and these are other documents.
    """
    object_ = ""
    steps = []
    for activity in activities:
        match = _ACTIVITY.fullmatch(activity)
        if match is None:
            steps.append(_PAYMENTS.get(activity, _NOT_KNOWN))
            continue
        object_ = object_ or match[1]
        steps.append(_step(match[2], role_of(match[3])) if match[1] == object_ else _NOT_KNOWN)
    return steps


def _step(verb: str, role: str | None) -> Step:
    if role is None:
        return _NOT_KNOWN
    match verb:
        case "SAVED":
            return Step(Kind.DRAFT, role)
        case "SUBMITTED":
            return Step(Kind.SUBMIT, role)
        case "REJECTED":
            return Step(Kind.WITHDRAW if role == REQUESTER else Kind.REJECT, role, ends=True)
        case _:
            return Step(Kind.APPROVE, role, ends=verb == "FINAL_APPROVED")


def approvers_of(steps: Sequence[Step]) -> tuple[str, ...]:
    """Return the roles that act in a round, in order; `steps` are those after its submission.

    A round goes to its final approval or rejection. If it has neither, or its requester takes it
    back, the log does not say who would have decided last: then it is the supervisor.
    """
    roles: dict[str, None] = {}
    for step in steps:
        if step.kind is Kind.WITHDRAW:
            break
        if step.kind in {Kind.APPROVE, Kind.REJECT}:
            roles[step.role] = None
            if step.ends:
                return tuple(roles)
    roles[LAST_APPROVER] = None
    return tuple(roles)
