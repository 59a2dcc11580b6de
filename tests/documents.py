"""The histories that tests of documents begin with: ann's desk, in each of its statuses."""

from decimal import Decimal

from domain.actor import Actor
from domain.document.commands import (
    ApproveStep,
    CreateDocument,
    DiscardDocument,
    RejectStep,
    SubmitDocument,
    WithdrawDocument,
)
from domain.document.events import AssigneeKind, DocumentCreated, Slot
from domain.values import Money, Value, revision_of
from tests.builders import ANN, DOCUMENT, FAY, MIA, Given, ports

COST = Money(Decimal("5.00"), "EUR")
DEAR = Money(Decimal("1000.00"), "EUR")

#: What a desk is, as JSON has it.
DESK = {"title": "Desk", "cost": {"amount": "5.00", "currency": "EUR"}}
DEAR_DESK = {"title": "Desk", "cost": {"amount": "1000.00", "currency": "EUR"}}

REVISION = revision_of({"title": "Desk", "cost": COST})
DEAR_REVISION = revision_of({"title": "Desk", "cost": DEAR})

CREATE = CreateDocument(DOCUMENT, "purchase", DESK)
SUBMIT = SubmitDocument(DOCUMENT)
APPROVE = ApproveStep(DOCUMENT, REVISION)
REJECT = RejectStep(DOCUMENT, REVISION, "too large")


def created(by: Actor = ANN, **values: Value) -> DocumentCreated:
    """A draft of the desk, or of other values."""
    held = values or {"title": "Desk", "cost": COST}
    return DocumentCreated("purchase", 1, by.login, held, revision_of(held))


def lead_slot(round_: int = 1) -> Slot:
    return Slot(
        f"{round_}.lead.1", AssigneeKind.PERSON, "mia", "mia is the manager of ann", ("ann",)
    )


def money_slot(round_: int = 1) -> Slot:
    return Slot(
        f"{round_}.money.1",
        AssigneeKind.ROLE,
        "finance",
        "the definition names the role finance",
        ("ann",),
    )


def draft() -> Given:
    return Given([created()], ports())


def pending() -> Given:
    """It waits for mia."""
    return draft().after(SUBMIT)


def at_finance() -> Given:
    """A dear desk, which mia has approved: it waits for finance."""
    dear = Given([created(title="Desk", cost=DEAR)], ports()).after(SUBMIT)
    return dear.after(ApproveStep(DOCUMENT, DEAR_REVISION), MIA)


def returned() -> Given:
    return pending().after(REJECT, MIA)


def withdrawn() -> Given:
    return pending().after(WithdrawDocument(DOCUMENT))


def discarded() -> Given:
    return draft().after(DiscardDocument(DOCUMENT))


def approved() -> Given:
    return at_finance().after(ApproveStep(DOCUMENT, DEAR_REVISION), FAY)
