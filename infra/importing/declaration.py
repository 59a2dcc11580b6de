"""The definition under which a log's cases are imported, and who its roles are."""

import re

from domain.actor import ADMIN, AUDITOR, SYSTEM, Actor
from domain.definition.approvers import Approver, ApproverKind
from domain.definition.content import Content, Field, FieldKind, Milestone
from domain.definition.steps import Step
from domain.names import is_name

#: The definition's name.
DEFINITION = "declaration"

#: Steps of the first version: the longest round of most logs. Every step that a round does not
#: need is an event of its own, so there are no more than needed; a log that needs more makes the
#: importer publish a version with more.
USUAL_APPROVERS = 3
#: Steps at most. A round in which more roles act is refused by the engine, for want of fields.
MOST_APPROVERS = 12

#: Who asks, and the role that decides last where a log does not say who.
REQUESTER, LAST_APPROVER = "employee", "supervisor"
#: Who reports payments: an activity of the log names nobody.
PAYMENT = "payment_system"
PAYMENT_REQUESTED, PAYMENT_HANDLED = "payment_requested", "payment_handled"

#: Names that mean a right or a part in this system. A log that calls a role so gets another.
_TAKEN = frozenset({ADMIN, AUDITOR, SYSTEM.login, PAYMENT})


def approver_field(number: int) -> str:
    """Return the field with the role that decides the step of this number, from 1."""
    return f"approver_{number}"


def content(approvers: int) -> Content:
    """Return the definition with this many steps, each decided by the role that a field names."""
    names = [approver_field(number) for number in range(1, approvers + 1)]
    return Content(
        label="Declaration (imported)",
        fields=(
            Field("amount", FieldKind.MONEY, "Amount"),
            Field("budget_number", FieldKind.TEXT, "Budget number"),
            *(Field(name, FieldKind.ROLE) for name in names),
        ),
        steps=tuple(
            Step(name, (Approver(ApproverKind.FIELD, name),), condition=f'{name} != ""')
            for name in names
        ),
        milestones=(
            Milestone(PAYMENT_REQUESTED, PAYMENT, "Payment requested"),
            Milestone(PAYMENT_HANDLED, PAYMENT, "Payment handled"),
        ),
    )


def role_of(words: str) -> str | None:
    """Return the role that a log calls this, as `budget_owner` for BUDGET OWNER.

    None if no role can be called so.
    """
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    if name in _TAKEN:
        name = f"log_{name}"
    return name if is_name(name) else None


def actor_of(role: str) -> Actor:
    """Return the person who stands for a role: the login is the role's name."""
    return Actor(role, frozenset({role}))
