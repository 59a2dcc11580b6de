"""Whoever an open slot is given to, exclusions hold and nobody comes to have two votes."""

from dataclasses import replace

from domain.actor import Actor
from domain.definition.counting import Counting, Rule
from domain.definition.steps import Step
from domain.document.commands import (
    ApproveStep,
    ClaimTask,
    DelegateTask,
    HandBackTask,
    ReassignTask,
    RecallVote,
    RejectStep,
    ReleaseTask,
    RouteAgain,
    SubmitDocument,
)
from domain.document.events import AssigneeKind, SlotApproved
from domain.document.state import Document, Status, fold
from domain.errors import Reason
from tests.builders import DOCUMENT, Given, content, person, ports, role
from tests.documents import created
from tests.fakes import Known

ANN, BOB, MIA = (Actor(each) for each in ("ann", "bob", "mia"))
FAY, FIN = (Actor(each, frozenset({"finance"})) for each in ("fay", "fin"))
ROOT = Actor("zoe", frozenset({"admin"}))

BOSS = content(Step("boss", (person("mia"),)))
DESK = content(Step("desk", (role("finance"),)))
BOARD = content(Step("board", (person("mia"), person("fay")), counting=Counting(Rule.ALL)))


def pending(flow, **people: Known) -> Given:  # type: ignore[no-untyped-def]
    drafted = Given([created(title="Desk", pieces=2)], ports(flow, **people))
    return drafted.after(SubmitDocument(DOCUMENT))


def state(given: Given) -> Document:
    found = fold(given.history)
    assert found is not None
    return found


def asked(given: Given) -> list[str]:
    return [f"{slot.kind}:{slot.assignee}" for slot in state(given).open_slots]


def approve(given: Given) -> ApproveStep:
    return ApproveStep(DOCUMENT, state(given).revision)


# ---- delegation


def test_a_delegate_decides_in_the_name_of_who_delegated() -> None:
    found = pending(BOSS).after(DelegateTask(DOCUMENT, "bob", "at sea"), MIA)
    assert asked(found) == ["person:bob"]
    assert ("person", "bob") in state(found).parties
    found.when(approve(found), MIA).refused(Reason.NOT_ALLOWED)
    done = found.after(approve(found), BOB)
    (vote,) = [event for event in done.history if isinstance(event, SlotApproved)]
    assert (vote.by, vote.on_behalf_of) == ("bob", "mia")
    assert state(done).status is Status.APPROVED


def test_a_delegation_ends_by_either_side_and_goes_no_further() -> None:
    found = pending(BOSS).after(DelegateTask(DOCUMENT, "bob", "at sea"), MIA)
    found.when(DelegateTask(DOCUMENT, "fay", "nor I"), BOB).refused(Reason.INVALID, "step")
    found.when(HandBackTask(DOCUMENT), FAY).refused(Reason.NOT_ALLOWED)
    for side in (MIA, BOB):
        back = found.after(HandBackTask(DOCUMENT, "after all"), side)
        assert asked(back) == ["person:mia"]
        back.when(approve(back), BOB).refused(Reason.NOT_ALLOWED)
        assert state(back.after(approve(back), MIA)).status is Status.APPROVED


def test_nothing_is_given_to_who_must_not_decide() -> None:
    found = pending(BOSS, gone=Known(active=False))
    for to, reason in (
        ("ann", Reason.SELF_APPROVAL),
        ("gone", Reason.NOT_FOUND),
        ("nobody", Reason.NOT_FOUND),
        ("mia", Reason.INVALID),
    ):
        found.when(DelegateTask(DOCUMENT, to, "at sea"), MIA).refused(reason, "to")
        (slot,) = state(found).open_slots
        found.when(ReassignTask(DOCUMENT, slot.id, to, "left"), ROOT).refused(reason, "to")


def test_nobody_comes_to_have_two_votes_in_a_step() -> None:
    found = pending(BOARD)
    found.when(DelegateTask(DOCUMENT, "fay", "at sea"), MIA).refused(Reason.INVALID, "to")
    voted = found.after(approve(found), Actor("fay"))
    voted.when(DelegateTask(DOCUMENT, "fay", "at sea"), MIA).refused(Reason.INVALID, "to")
    given = found.after(DelegateTask(DOCUMENT, "bob", "at sea"), MIA)
    given.when(DelegateTask(DOCUMENT, "mia", "too"), Actor("fay")).refused(Reason.INVALID, "to")
    slot = next(slot for slot in state(given).open_slots if slot.assignee == "fay")
    given.when(ReassignTask(DOCUMENT, slot.id, "bob", "x"), ROOT).refused(Reason.INVALID, "to")


def test_a_vote_of_a_delegate_is_recalled_by_the_delegate() -> None:
    found = pending(BOARD).after(DelegateTask(DOCUMENT, "bob", "at sea"), MIA)
    voted = found.after(approve(found), BOB)
    again = voted.after(RecallVote(DOCUMENT, "too soon"), BOB)
    assert sorted(asked(again)) == ["person:bob", "person:fay"]
    assert asked(again.after(HandBackTask(DOCUMENT), MIA)) == ["person:mia", "person:fay"]


# ---- claims


def test_a_claim_keeps_the_others_of_the_role_out_until_it_is_released() -> None:
    found = pending(DESK).after(ClaimTask(DOCUMENT), FAY)
    assert asked(found) == ["person:fay"]
    found.when(approve(found), FIN).refused(Reason.NOT_ALLOWED)
    found.when(ClaimTask(DOCUMENT), FIN).refused(Reason.NOT_ALLOWED)
    found.when(ReleaseTask(DOCUMENT), FIN).refused(Reason.NOT_ALLOWED)
    free = found.after(ReleaseTask(DOCUMENT, reason="too much"), FAY)
    assert asked(free) == ["role:finance"]
    (slot,) = state(free).open_slots
    assert (slot.kind, slot.role) == (AssigneeKind.ROLE, "")
    assert state(free.after(approve(free), FIN)).status is Status.APPROVED


def test_what_was_claimed_is_decided_in_ones_own_name() -> None:
    found = pending(DESK).after(ClaimTask(DOCUMENT), FAY)
    done = found.after(approve(found), FAY)
    (vote,) = [event for event in done.history if isinstance(event, SlotApproved)]
    assert (vote.by, vote.on_behalf_of) == ("fay", "")


def test_an_administrator_releases_what_others_claimed_by_naming_it() -> None:
    found = pending(DESK).after(ClaimTask(DOCUMENT), FAY)
    (slot,) = state(found).open_slots
    found.when(ReleaseTask(DOCUMENT), ROOT).refused(Reason.NOT_ALLOWED)
    assert asked(found.after(ReleaseTask(DOCUMENT, slot.id, "on leave"), ROOT)) == ["role:finance"]


def test_who_asks_and_who_holds_no_such_role_claims_nothing() -> None:
    found = pending(DESK)
    found.when(ClaimTask(DOCUMENT), MIA).refused(Reason.NOT_ALLOWED)
    found.when(ClaimTask(DOCUMENT), replace(ANN, roles=FAY.roles)).refused(Reason.NOT_ALLOWED)
    mixed = pending(content(Step("both", (person("fay"), role("finance")))))
    mixed.when(ClaimTask(DOCUMENT), FAY).refused(Reason.INVALID, "step")


# ---- what is blocked


def test_a_blocked_step_is_routed_again_when_the_cause_is_mended() -> None:
    two = content(Step("one", (person("mia"),)), Step("two", (role("finance"),)))
    nobody = {each: Known() for each in ("fay", "fin")}
    found = pending(two)
    blocked = found.where(ports(two, **nobody)).after(approve(found), MIA)
    assert state(blocked).waiting == ("two",)
    blocked.when(RouteAgain(DOCUMENT), ANN).refused(Reason.NO_APPROVER, "step")
    mended = blocked.where(ports(two))
    mended.when(RouteAgain(DOCUMENT), BOB).refused(Reason.NOT_ALLOWED)
    mended.when(RouteAgain(DOCUMENT, "one"), ANN).refused(Reason.STEP_NOT_OPEN, "step")
    for by in (ANN, ROOT):
        assert asked(mended.after(RouteAgain(DOCUMENT), by)) == ["role:finance"]


def test_nothing_is_routed_again_that_is_not_blocked() -> None:
    pending(BOSS).when(RouteAgain(DOCUMENT), ANN).refused(Reason.STEP_NOT_OPEN, "step")


# ---- reassignment


def test_an_administrator_puts_somebody_else_in_the_place() -> None:
    for flow, was in ((BOSS, "mia"), (DESK, "the role finance")):
        found = pending(flow)
        (slot,) = state(found).open_slots
        command = ReassignTask(DOCUMENT, slot.id, "bob", "left us")
        found.when(command, MIA).refused(Reason.NOT_ALLOWED)
        given = found.after(command, ROOT)
        assert asked(given) == ["person:bob"]
        assert state(given).open_slots[0].why == f"zoe put bob in the place of {was}"
        done = given.after(approve(given), BOB)
        (vote,) = [event for event in done.history if isinstance(event, SlotApproved)]
        assert (vote.by, vote.on_behalf_of) == ("bob", "")


def test_only_an_open_slot_is_given_to_somebody() -> None:
    found = pending(BOARD)
    slot = state(found).open_slots[0]
    voted = found.after(approve(found), MIA)
    command = ReassignTask(DOCUMENT, slot.id, "bob", "left us")
    voted.when(command, ROOT).refused(Reason.STEP_NOT_OPEN, "slot")
    ended = found.after(RejectStep(DOCUMENT, state(found).revision, "no"), MIA)
    ended.when(command, ROOT).refused(Reason.WRONG_STATUS)
