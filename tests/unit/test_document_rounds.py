"""Submitting, deciding, withdrawing: a round from its begin to its end."""

from decimal import Decimal

import pytest

from domain.actor import SYSTEM, Actor
from domain.definition.content import Field, FieldKind
from domain.definition.steps import SelfApproval, Step
from domain.directory.events import PersonDeactivated
from domain.document.commands import (
    ApproveStep,
    RejectStep,
    WithdrawDocument,
)
from domain.document.events import (
    DocumentApproved,
    DocumentReturned,
    DocumentSubmitted,
    DocumentWithdrawn,
    Outcome,
    SlotApproved,
    SlotRejected,
    StepBlocked,
    StepEnded,
    StepSkipped,
    StepStarted,
)
from domain.document.state import Status, fold
from domain.errors import Reason
from domain.values import Money, Value
from tests.builders import (
    ANN,
    AT,
    BOB,
    DOCUMENT,
    FAY,
    FIELDS,
    FIN,
    MIA,
    ZOE,
    Given,
    content,
    given,
    manager,
    person,
    ports,
    role,
)
from tests.documents import (
    APPROVE,
    DEAR_REVISION,
    REJECT,
    REVISION,
    SUBMIT,
    approved,
    at_finance,
    created,
    draft,
    lead_slot,
    money_slot,
    pending,
    returned,
    withdrawn,
)
from tests.fakes import Known

APPROVE_DEAR = ApproveStep(DOCUMENT, DEAR_REVISION)
HASH = content().hash
FAILS = "condition is false: "
CONDITION = FAILS + str(content().steps[1].condition)

# ---- submit


def test_a_submitted_document_waits_at_its_first_step() -> None:
    draft().when(SUBMIT).then(
        DocumentSubmitted(1, REVISION, 1, HASH), StepStarted(1, "lead", (lead_slot(),), AT)
    )


def test_a_round_goes_by_the_version_in_force() -> None:
    newer = content(Step("boss", (person("zoe"),)))
    found = Given([created()], ports(content(), newer)).after(SUBMIT)
    assert found.history[1] == DocumentSubmitted(1, REVISION, 2, newer.hash)
    state = fold(found.history)
    assert state is not None
    assert (state.definition_version, state.waiting) == (2, ("boss",))


def test_steps_before_the_first_needed_one_are_skipped() -> None:
    flow = content(
        Step("dear", (role("finance"),), condition='cost > money("999")'),
        Step("boss", (person("zoe"),)),
    )
    events = Given([created()], ports(flow)).when(SUBMIT).events
    assert events[1] == StepSkipped(1, "dear", FAILS + 'cost > money("999")')
    assert isinstance(events[2], StepStarted)
    assert len(events) == 3


@pytest.mark.parametrize("where", [returned, withdrawn], ids=lambda where: where.__name__)
def test_a_document_that_came_back_starts_another_round(where) -> None:
    found = where()
    events = found.when(SUBMIT).events
    assert events == [
        DocumentSubmitted(2, REVISION, 1, HASH),
        StepStarted(2, "lead", (lead_slot(2),), AT),
    ]


def test_only_the_requester_submits() -> None:
    for actor in (BOB, MIA, ZOE, SYSTEM):
        draft().when(SUBMIT, actor).refused(Reason.NOT_ALLOWED)
    given().when(SUBMIT).refused(Reason.NOT_FOUND, "document")


@pytest.mark.parametrize("where", [pending, approved], ids=lambda where: where.__name__)
def test_what_is_decided_on_is_not_submitted_again(where) -> None:
    where().when(SUBMIT).refused(Reason.WRONG_STATUS)


def test_required_fields_are_filled_when_a_round_begins() -> None:
    Given([created(pieces=1)], ports()).when(SUBMIT).refused(Reason.MISSING_FIELD, "values.title")


def test_values_hold_under_the_version_in_force() -> None:
    fewer = content(Step("boss", (person("zoe"),)), fields=[Field("title", FieldKind.TEXT)])
    Given([created()], ports(content(), fewer)).when(SUBMIT).refused(
        Reason.UNKNOWN_FIELD, "values.cost"
    )
    other = [Field("title", FieldKind.INTEGER), *FIELDS[1:]]
    Given([created()], ports(content(), content(fields=other))).when(SUBMIT).refused(
        Reason.INVALID, "values.title"
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Field("share", FieldKind.DECIMAL, decimals=3), "0.25"),
        (Field("cost", FieldKind.MONEY, decimals=3), Money(Decimal("3.00"), "EUR")),
        (Field("pieces", FieldKind.DECIMAL), 3),
    ],
)
def test_a_value_in_the_form_of_an_older_version_is_given_again(field: Field, value: Value) -> None:
    fields = [each if each.name != field.name else field for each in FIELDS]
    newer = content(Step("boss", (person("zoe"),)), fields=fields)
    older = created(title="Desk", **{field.name: value})
    Given([older], ports(content(), newer)).when(SUBMIT).refused(
        Reason.INVALID, f"values.{field.name}"
    )


def test_a_condition_is_not_guessed() -> None:
    flow = content(Step("boss", (person("zoe"),), condition="pieces > 3"))
    Given([created()], ports(flow)).when(SUBMIT).refused(Reason.MISSING_FIELD, "values.pieces")


def test_no_round_begins_that_would_come_to_nobody() -> None:
    for mia in (Known(active=False), Known(active=False, manager="zoe")):
        Given([created()], ports(mia=mia)).when(SUBMIT).refused(
            Reason.NO_APPROVER, "steps.0.approvers"
        )
    Given([created()], ports(ann=Known())).when(SUBMIT).refused(
        Reason.NO_APPROVER, "steps.0.approvers"
    )


def test_a_later_step_needs_somebody_from_the_start() -> None:
    flow = content(Step("lead", (manager(),)), Step("legal", (role("legal"),)))
    Given([created()], ports(flow)).when(SUBMIT).refused(Reason.NO_APPROVER, "steps.1.approvers")


def test_no_round_begins_that_nobody_would_decide() -> None:
    flow = content(Step("dear", (role("finance"),), condition="false"))
    Given([created()], ports(flow)).when(SUBMIT).refused(Reason.NO_APPROVER, "steps")


def test_nobody_is_submitted_to_themselves() -> None:
    flow = content(Step("lead", (manager(),)), Step("own", (person("ann"),)))
    Given([created()], ports(flow)).when(SUBMIT).refused(Reason.SELF_APPROVAL, "steps.1.approvers")


def test_a_role_that_is_called_as_the_requester_is_not_the_requester() -> None:
    flow = content(Step("crew", (role("ann"),)))
    events = Given([created()], ports(flow, bob=Known(roles=frozenset({"ann"})))).when(SUBMIT)
    assert events.refusal is None
    assert isinstance(events.events[-1], StepStarted)


def test_a_role_that_only_the_requester_holds_has_nobody() -> None:
    flow = content(Step("own", (role("own"),)))
    holds = Known(roles=frozenset({"own"}))
    Given([created()], ports(flow, ann=holds)).when(SUBMIT).refused(
        Reason.NO_APPROVER, "steps.0.approvers"
    )
    Given([created()], ports(flow, ann=holds, bob=holds)).after(SUBMIT)
    inactive = Known(active=False, roles=frozenset({"own"}))
    Given([created()], ports(flow, ann=holds, bob=inactive)).when(SUBMIT).refused(
        Reason.NO_APPROVER, "steps.0.approvers"
    )


def test_where_the_definition_lets_them_requesters_decide() -> None:
    flow = content(
        Step("own", (person("ann"),)),
        Step("crew", (role("own"),)),
        self_approval=SelfApproval.ALLOW,
    )
    world = ports(flow, ann=Known(roles=frozenset({"own"})))
    submitted = Given([created()], world).after(SUBMIT)
    once = submitted.after(APPROVE, ANN)
    holder = Actor("ann", frozenset({"own"}))
    assert isinstance(once.when(APPROVE, holder).events[-1], DocumentApproved)


# ---- approve


def test_approval_of_a_step_starts_the_next_one() -> None:
    dear = Given([created(title="Desk", cost=Money(Decimal("1000.00"), "EUR"))], ports())
    dear.after(SUBMIT).when(ApproveStep(DOCUMENT, DEAR_REVISION, comment=" fine "), MIA).then(
        SlotApproved(1, "lead", "1.lead.1", "mia", DEAR_REVISION, "fine"),
        StepEnded(1, "lead", Outcome.APPROVED),
        StepStarted(1, "money", (money_slot(),), AT),
    )


def test_approval_of_the_last_step_approves_the_document() -> None:
    at_finance().when(APPROVE_DEAR, FAY).then(
        SlotApproved(1, "money", "1.money.1", "fay", DEAR_REVISION),
        StepEnded(1, "money", Outcome.APPROVED),
        DocumentApproved(1),
    )


def test_steps_that_are_not_needed_are_skipped_to_the_end() -> None:
    pending().when(APPROVE, MIA).then(
        SlotApproved(1, "lead", "1.lead.1", "mia", REVISION),
        StepEnded(1, "lead", Outcome.APPROVED),
        StepSkipped(1, "money", CONDITION),
        DocumentApproved(1),
    )


def test_the_flow_stands_still_where_a_role_has_lost_its_last_holder() -> None:
    dear = Given([created(title="Desk", cost=Money(Decimal("1000.00"), "EUR"))], ports())
    nobody = ports(fay=Known(), fin=Known(active=False, roles=FIN.roles))
    blocked = dear.after(SUBMIT).where(nobody).when(APPROVE_DEAR, MIA)
    assert blocked.refusal is None
    (_, ended, last) = blocked.events
    assert ended == StepEnded(1, "lead", Outcome.APPROVED)
    assert isinstance(last, StepBlocked)
    assert (last.round, last.step) == (1, "money")
    assert "finance" in last.reason
    stands = dear.after(SUBMIT).where(nobody).after(APPROVE_DEAR, MIA)
    state = fold(stands.history)
    assert state is not None
    assert (state.status, state.waiting, state.open_slots) == (Status.PENDING, ("money",), ())
    stands.when(APPROVE_DEAR, FAY).refused(Reason.NOT_ALLOWED)
    stands.when(WithdrawDocument(DOCUMENT)).then(DocumentWithdrawn(1, "", ()))
    stands.after(WithdrawDocument(DOCUMENT)).where(ports()).after(SUBMIT)


def test_a_manager_who_became_the_requester_blocks_the_step() -> None:
    flow = content(Step("first", (person("zoe"),)), Step("lead", (manager(),)))
    submitted = Given([created()], ports(flow)).after(SUBMIT)
    own_boss = submitted.where(ports(flow, ann=Known(manager="ann")))
    events = own_boss.when(APPROVE, ZOE).events
    assert isinstance(events[-1], StepBlocked)
    assert "ann" in events[-1].reason


def test_a_round_keeps_to_the_version_it_began_under() -> None:
    newer = content(Step("lead", (manager(),)), Step("boss", (person("zoe"),)))
    pending().where(ports(content(), newer)).when(APPROVE, MIA).then(
        SlotApproved(1, "lead", "1.lead.1", "mia", REVISION),
        StepEnded(1, "lead", Outcome.APPROVED),
        StepSkipped(1, "money", CONDITION),
        DocumentApproved(1),
    )


def test_a_version_that_views_do_not_know_yet_is_waited_for() -> None:
    found = pending().where(ports())
    found.world.definitions.versions["purchase"].clear()  # type: ignore[attr-defined]
    found.when(APPROVE, MIA).refused(Reason.NOT_FOUND, "definition")


# ---- who may decide, and on what: the same for both decisions

DECISIONS = [ApproveStep(DOCUMENT, REVISION), RejectStep(DOCUMENT, REVISION, "no")]
ids = ["approve", "reject"]


@pytest.mark.parametrize("command", DECISIONS, ids=ids)
@pytest.mark.parametrize("actor", [ANN, BOB, FAY, ZOE, SYSTEM], ids=lambda actor: actor.login)
def test_only_whom_the_slot_waits_for_decides(command, actor) -> None:
    pending().when(command, actor).refused(Reason.NOT_ALLOWED)


@pytest.mark.parametrize("command", DECISIONS, ids=ids)
@pytest.mark.parametrize(
    "where", [draft, returned, withdrawn, approved], ids=lambda where: where.__name__
)
def test_decisions_belong_to_rounds_that_run(command, where) -> None:
    where().when(command, MIA).refused(Reason.WRONG_STATUS)


@pytest.mark.parametrize("command", DECISIONS, ids=ids)
def test_a_decision_is_about_a_document(command) -> None:
    given().when(command, MIA).refused(Reason.NOT_FOUND, "document")


@pytest.mark.parametrize("step", ["money", "nowhere"])
def test_a_decision_that_names_a_step_means_it(step) -> None:
    pending().when(ApproveStep(DOCUMENT, REVISION, step), MIA).refused(Reason.STEP_NOT_OPEN, "step")
    pending().when(RejectStep(DOCUMENT, REVISION, "no", step), MIA).refused(
        Reason.STEP_NOT_OPEN, "step"
    )
    pending().after(ApproveStep(DOCUMENT, REVISION, "lead"), MIA)


@pytest.mark.parametrize("revision", ["", DEAR_REVISION])
def test_a_decision_is_about_the_content_that_the_actor_saw(revision) -> None:
    pending().when(ApproveStep(DOCUMENT, revision), MIA).refused(Reason.STALE_REVISION, "revision")
    pending().when(RejectStep(DOCUMENT, revision, "no"), MIA).refused(
        Reason.STALE_REVISION, "revision"
    )


def test_who_holds_the_role_but_asked_does_not_decide() -> None:
    by_fay = Given([created(FAY, title="Desk")], ports(content(Step("desk", (role("finance"),)))))
    revision = by_fay.history[0].revision  # type: ignore[attr-defined]
    submitted = by_fay.after(SUBMIT, FAY)
    submitted.when(ApproveStep(DOCUMENT, revision), FAY).refused(Reason.SELF_APPROVAL)
    submitted.when(RejectStep(DOCUMENT, revision, "no"), FAY).refused(Reason.SELF_APPROVAL)
    submitted.after(ApproveStep(DOCUMENT, revision), FIN)


# ---- reject


def test_a_rejection_returns_the_document() -> None:
    at_finance().when(RejectStep(DOCUMENT, DEAR_REVISION, " too dear "), FIN).then(
        SlotRejected(1, "money", "1.money.1", "fin", DEAR_REVISION, "too dear"),
        StepEnded(1, "money", Outcome.REJECTED),
        DocumentReturned(1, "too dear"),
    )


@pytest.mark.parametrize("reason", ["", " \n"])
def test_a_rejection_has_a_reason(reason) -> None:
    pending().when(RejectStep(DOCUMENT, REVISION, reason), MIA).refused(
        Reason.MISSING_FIELD, "reason"
    )


@pytest.mark.parametrize("text", ["\0", "x" * 10_001, "\ud83d"])
def test_texts_that_cannot_be_stored_are_refused(text) -> None:
    pending().when(ApproveStep(DOCUMENT, REVISION, comment=text), MIA).refused(
        Reason.INVALID, "comment"
    )
    pending().when(RejectStep(DOCUMENT, REVISION, text), MIA).refused(Reason.INVALID, "reason")
    pending().when(WithdrawDocument(DOCUMENT, text)).refused(Reason.INVALID, "reason")


# ---- withdraw


def test_what_is_pending_or_returned_can_be_taken_back() -> None:
    pending().when(WithdrawDocument(DOCUMENT, " never mind ")).then(
        DocumentWithdrawn(1, "never mind", ("1.lead.1",))
    )
    returned().when(WithdrawDocument(DOCUMENT)).then(DocumentWithdrawn(1, "", ()))


@pytest.mark.parametrize("where", [draft, withdrawn, approved], ids=lambda where: where.__name__)
def test_what_does_not_run_is_not_taken_back(where) -> None:
    where().when(WithdrawDocument(DOCUMENT)).refused(Reason.WRONG_STATUS)


def test_only_the_requester_takes_a_document_back() -> None:
    for actor in (BOB, MIA, ZOE):
        pending().when(WithdrawDocument(DOCUMENT), actor).refused(Reason.NOT_ALLOWED)
    given().when(WithdrawDocument(DOCUMENT)).refused(Reason.NOT_FOUND, "document")


# ---- what it adds up to


def test_whoever_had_a_slot_or_decided_stays_a_party_through_all_rounds() -> None:
    state = fold(at_finance().after(RejectStep(DOCUMENT, DEAR_REVISION, "no"), FAY).history)
    assert state is not None
    assert state.parties == {("person", "mia"), ("role", "finance"), ("person", "fay")}
    assert (state.status, state.waiting, state.open_slots) == (Status.RETURNED, (), ())


def test_a_slot_that_was_decided_no_longer_waits() -> None:
    events = pending().when(REJECT, MIA).events
    state = fold([*pending().history, events[0]])
    assert state is not None
    assert (state.waiting, state.open_slots) == (("lead",), ())


def test_an_event_of_something_else_is_not_folded() -> None:
    with pytest.raises(KeyError):
        fold([created(), PersonDeactivated("ann")])
