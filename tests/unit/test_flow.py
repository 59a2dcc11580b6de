"""Where a flow goes next: what begins, what is skipped, kept, blocked or taken again."""

from dataclasses import replace

import pytest

from domain.actor import Actor
from domain.definition.approvers import Approver, ApproverKind, Row
from domain.definition.content import Content
from domain.definition.counting import Counting, Rule
from domain.definition.steps import (
    Duplicates,
    Missing,
    Rejection,
    Return,
    SelfApproval,
    Step,
)
from domain.directory.authority import Limit
from domain.document.commands import (
    AbstainFromStep,
    ApproveStep,
    RecallVote,
    RecuseFromStep,
    RejectStep,
    ReviseDocument,
    SubmitDocument,
)
from domain.document.events import (
    BlockStarted,
    DocumentApproved,
    DocumentRejected,
    DocumentReturned,
    FlowWentBack,
    SlotReopened,
    SlotsOpened,
    StepBlocked,
    StepEnded,
    StepKept,
    StepSkipped,
    StepStarted,
)
from domain.document.state import Document, Status, fold
from domain.errors import Reason
from domain.metadata import Event
from tests.builders import DOCUMENT, Given, content, manager, person, ports, role
from tests.documents import created
from tests.fakes import Known

SUBMIT = SubmitDocument(DOCUMENT)
ANN, BOB, MIA, FAY, FIN, ZOE = (Actor(each) for each in ("ann", "bob", "mia", "fay", "fin", "zoe"))


def members(name: str, **more: object) -> Approver:
    return replace(Approver(ApproverKind.MEMBERS, name), **more)  # type: ignore[arg-type]


def started(flow: Content, **people: Known) -> Given:
    return Given([created(title="Desk", pieces=2)], ports(flow, **people)).after(SUBMIT)


def state(given: Given) -> Document:
    found = fold(given.history)
    assert found is not None
    return found


def revision(given: Given) -> str:
    return state(given).revision


def approve(given: Given, by: Actor, step: str = "") -> Given:
    return given.after(ApproveStep(DOCUMENT, revision(given), step), by)


def reject(given: Given, by: Actor, step: str = "") -> Given:
    return given.after(RejectStep(DOCUMENT, revision(given), "no", step), by)


def types(events: list[Event]) -> list[type[Event]]:
    return [type(event) for event in events]


def last(given: Given, count: int) -> list[Event]:
    return list(given.history[-count:])


def assignees(given: Given) -> list[str]:
    return [slot.assignee for slot in state(given).open_slots]


# ---- several votes


def test_everybody_who_holds_a_role_gets_a_slot_when_the_step_starts() -> None:
    found = started(content(Step("board", (members("finance"),))))
    assert assignees(found) == ["fay", "fin"]
    (began,) = last(found, 1)
    assert isinstance(began, StepStarted)
    assert [slot.why for slot in began.slots] == [
        "fay holds the role finance",
        "fin holds the role finance",
    ]
    assert state(approve(found, FAY)).waiting == ("board",)
    assert state(approve(approve(found, FAY), FIN)).status is Status.APPROVED


def test_a_step_ends_as_soon_as_its_outcome_is_certain_and_closes_the_rest() -> None:
    any_of = Step("board", (members("finance"),), counting=Counting(Rule.ANY))
    found = approve(started(content(any_of)), FIN)
    assert types(last(found, 2)) == [StepEnded, DocumentApproved]
    assert last(found, 2)[0].closed == ("1.board.1",)  # type: ignore[attr-defined]
    one_against = reject(started(content(any_of)), FIN)
    assert state(one_against).waiting == ("board",)
    assert state(reject(one_against, FAY)).status is Status.RETURNED


def test_a_quorum_that_nobody_can_reach_blocks_and_never_approves() -> None:
    flow = content(Step("board", (members("finance"),), counting=Counting(Rule.AT_LEAST, 3)))
    found = started(flow)
    (blocked,) = last(found, 1)
    assert isinstance(blocked, StepBlocked)
    assert "2 slots" in blocked.reason
    assert state(found).status is Status.PENDING


def test_who_has_several_slots_of_a_step_fills_them_at_once() -> None:
    flow = content(Step("two", (person("bob"), person("bob"), person("zoe"))))
    found = started(flow)
    given_by_bob = found.when(ApproveStep(DOCUMENT, revision(found)), BOB).events
    assert [event.slot for event in given_by_bob] == ["1.two.1", "1.two.2"]  # type: ignore[attr-defined]


def test_abstaining_counts_neither_way_and_still_belongs_to_the_voters() -> None:
    half = Counting(Rule.PERCENT, percent="50")
    found = started(content(Step("board", (members("finance"),), counting=half)))
    found = found.after(AbstainFromStep(DOCUMENT, revision(found)), FAY)
    assert state(found).waiting == ("board",)
    assert state(approve(found, FIN)).status is Status.APPROVED


def test_who_is_recused_leaves_the_decision_to_the_others() -> None:
    found = started(content(Step("board", (members("finance"),))))
    found = found.after(RecuseFromStep(DOCUMENT, "my brother sells it"), FAY)
    assert assignees(found) == ["fin"]
    assert state(approve(found, FIN)).status is Status.APPROVED
    nobody_left = found.after(RecuseFromStep(DOCUMENT, "mine too"), FIN)
    assert types(last(nobody_left, 1)) == [StepBlocked]
    assert state(nobody_left).status is Status.PENDING


def test_a_vote_can_be_taken_back_until_the_step_ends() -> None:
    found = approve(started(content(Step("board", (members("finance"),)))), FAY)
    back = found.after(RecallVote(DOCUMENT), FAY)
    (reopened,) = last(back, 1)
    assert isinstance(reopened, SlotReopened)
    assert assignees(back) == ["fay", "fin"]
    done = approve(found, FIN)
    done.when(RecallVote(DOCUMENT), FAY).refused(Reason.WRONG_STATUS)
    back.when(RecallVote(DOCUMENT), FIN).refused(Reason.NOT_ALLOWED)


def test_places_in_order_open_one_after_the_other() -> None:
    found = started(content(Step("board", (members("finance"), person("zoe")), in_order=True)))
    assert assignees(found) == ["fay"]
    found.when(ApproveStep(DOCUMENT, revision(found)), FIN).refused(Reason.NOT_ALLOWED)
    found = approve(found, FAY)
    (opened,) = last(found, 1)
    assert isinstance(opened, SlotsOpened)
    assert assignees(found) == ["fin"]
    assert state(approve(approve(found, FIN), ZOE)).status is Status.APPROVED
    assert state(reject(found, FIN)).status is Status.RETURNED


# ---- side by side


SIDE_BY_SIDE = content(
    Step("lead", (manager(),)),
    Step(
        "checks",
        branches=(
            (Step("legal", (person("bob"),)), Step("law", (person("zoe"),))),
            (Step("money", (role("finance"),), condition="pieces > 1"),),
        ),
    ),
    Step("boss", (person("zoe"),)),
)


def test_branches_are_taken_side_by_side_and_all_must_be_over() -> None:
    found = approve(started(SIDE_BY_SIDE), MIA)
    assert types(last(found, 3)) == [BlockStarted, StepStarted, StepStarted]
    assert state(found).waiting == ("legal", "money")
    fay = Actor("fay", frozenset({"finance"}))
    found = approve(found, fay)
    assert state(found).waiting == ("legal",)
    found = approve(found, BOB)
    assert state(found).waiting == ("law",)
    found = approve(found, ZOE)
    assert state(found).waiting == ("boss",)
    assert state(approve(found, ZOE)).status is Status.APPROVED


def test_a_rejection_in_one_branch_closes_the_others() -> None:
    found = reject(approve(started(SIDE_BY_SIDE), MIA), BOB)
    (returned,) = last(found, 1)
    assert isinstance(returned, DocumentReturned)
    assert returned.closed == ("1.money.1",)
    assert state(found).open_slots == ()


def test_a_block_none_of_whose_branches_applies_is_over_at_once() -> None:
    block = Step("checks", branches=((Step("a", (person("bob"),), condition="pieces > 9"),),))
    found = started(content(block, Step("boss", (person("zoe"),))))
    assert types(last(found, 3)) == [BlockStarted, StepSkipped, StepStarted]
    skipped = replace(block, condition="pieces > 5")
    found = started(content(skipped, Step("boss", (person("zoe"),))))
    assert types(last(found, 2)) == [StepSkipped, StepStarted]


def test_who_decides_in_two_steps_says_which_is_meant() -> None:
    block = Step("both", branches=((Step("a", (person("bob"),)),), (Step("b", (person("bob"),)),)))
    found = started(content(block))
    found.when(ApproveStep(DOCUMENT, revision(found)), BOB).refused(Reason.INVALID, "step")
    assert state(approve(found, BOB, "b")).waiting == ("a",)


# ---- back


def backwards(to: Return, step: str = "", times: int = 5) -> Content:
    return content(
        Step("first", (person("bob"),)),
        Step("second", (person("zoe"),), condition="pieces > 5"),
        Step("third", (person("mia"),), rejection=Rejection(to, step, times)),
    )


@pytest.mark.parametrize(("to", "step"), [(Return.STEP, "first"), (Return.PREVIOUS, "")])
def test_a_rejection_may_send_the_flow_back_to_a_step(to: Return, step: str) -> None:
    found = reject(approve(started(backwards(to, step)), BOB), MIA)
    assert types(last(found, 3)) == [StepEnded, FlowWentBack, StepStarted]
    assert state(found).waiting == ("first",)
    assert state(found).open_slots[0].id == "1.first.2"
    assert state(approve(approve(found, BOB), MIA)).status is Status.APPROVED


def test_the_flow_goes_back_only_so_often() -> None:
    found = started(backwards(Return.PREVIOUS, times=2))
    for _ in range(2):
        found = reject(approve(found, BOB), MIA)
        assert state(found).waiting == ("first",)
    assert state(reject(approve(found, BOB), MIA)).status is Status.RETURNED


def test_a_rejection_may_end_the_document() -> None:
    found = reject(approve(started(backwards(Return.END)), BOB), MIA)
    (ended,) = last(found, 1)
    assert isinstance(ended, DocumentRejected)
    found.when(SubmitDocument(DOCUMENT), ANN).refused(Reason.WRONG_STATUS)


# ---- submitted again


WATCHED = content(
    Step("legal", (person("bob"),), watches=("title",)),
    Step("money", (person("zoe"),), watches=("pieces",)),
    Step("boss", (person("mia"),)),
)


def test_an_approval_is_kept_while_what_it_watches_and_what_is_before_are_unchanged() -> None:
    found = reject(approve(approve(started(WATCHED), BOB), ZOE), MIA)
    same = found.after(SUBMIT)
    assert types(last(same, 3)) == [StepKept, StepKept, StepStarted]
    pieces = found.after(ReviseDocument(DOCUMENT, {"pieces": 3}), ANN).after(SUBMIT)
    assert types(last(pieces, 2)) == [StepKept, StepStarted]
    assert state(pieces).waiting == ("money",)
    title = found.after(ReviseDocument(DOCUMENT, {"title": "Chair"}), ANN).after(SUBMIT)
    assert state(title).waiting == ("legal",)
    all_again = approve(title, BOB)
    assert state(all_again).waiting == ("money",), "what follows a step taken again is too"


def test_an_approval_is_kept_over_more_than_one_round() -> None:
    found = reject(approve(approve(started(WATCHED), BOB), ZOE), MIA)
    found = reject(found.after(SUBMIT), MIA).after(SUBMIT)
    assert types(last(found, 3)) == [StepKept, StepKept, StepStarted]


# ---- who


def test_a_chain_goes_up_to_whose_limit_covers_the_amount() -> None:
    chain = Approver(ApproverKind.CHAIN, until="cost")
    flow = content(Step("line", (chain,), in_order=True))
    people = {
        "mia": Known(manager="zoe", limits=(Limit(10, "EUR"),)),
        "zoe": Known(limits=(Limit(None),)),
    }
    cost = {"amount": "50.00", "currency": "EUR"}
    given = Given([created(title="Desk")], ports(flow, **people))
    given = given.after(ReviseDocument(DOCUMENT, {"cost": cost}), ANN).after(SUBMIT)
    assert [seat.slot.assignee for seat in state(given).stages["line"].seats] == ["mia", "zoe"]
    only = content(Step("line", (replace(chain, only_last=True),)))
    given = Given([created(title="Desk")], ports(only, **people))
    given = given.after(ReviseDocument(DOCUMENT, {"cost": cost}), ANN).after(SUBMIT)
    assert assignees(given) == ["zoe"]


def test_a_chain_that_ends_before_somebody_qualifies_gives_nobody() -> None:
    flow = content(Step("line", (Approver(ApproverKind.CHAIN, up_to_level=9),)))
    given = Given([created(title="Desk")], ports(flow))
    given.when(SUBMIT, ANN).refused(Reason.NO_APPROVER, "steps.0.approvers")


def test_a_table_gives_the_first_row_that_applies_or_every_one() -> None:
    rows = (Row("pieces > 5", person("zoe")), Row("pieces > 1", person("bob")), Row("", manager()))
    table = Approver(ApproverKind.TABLE, rows=rows)
    assert assignees(started(content(Step("who", (table,))))) == ["bob"]
    every = replace(table, first_row=False)
    assert assignees(started(content(Step("who", (every,))))) == ["bob", "mia"]
    gap = replace(table, rows=rows[:1])
    given = Given([created(title="Desk", pieces=2)], ports(content(Step("who", (gap,)))))
    given.when(SUBMIT, ANN).refused(Reason.NO_APPROVER, "steps.0.approvers")


@pytest.mark.parametrize(
    ("policy", "expected"),
    [(SelfApproval.ALLOW, ["ann"]), (SelfApproval.MANAGER, ["mia"]), (SelfApproval.SKIP, ["zoe"])],
)
def test_what_happens_where_the_requester_would_decide(
    policy: SelfApproval, expected: list[str]
) -> None:
    flow = content(
        Step("own", (person("ann"),)), Step("boss", (person("zoe"),)), self_approval=policy
    )
    assert assignees(started(flow)) == expected


@pytest.mark.parametrize(
    ("policy", "waits"),
    [(Duplicates.ASK, "second"), (Duplicates.CONSECUTIVE, "third"), (Duplicates.KEEP_FIRST, "")],
)
def test_who_has_approved_before_may_be_spared(policy: Duplicates, waits: str) -> None:
    flow = replace(
        content(
            Step("first", (person("bob"),)),
            Step("second", (person("bob"),)),
            Step("third", (person("bob"),)),
        ),
        duplicates=policy,
    )
    found = approve(started(flow), BOB)
    assert state(found).waiting == ((waits,) if waits else ())


def test_a_source_without_anybody_is_left_out_only_where_the_definition_says_so() -> None:
    sources = (members("nobodys"), person("bob"))
    strict = Given([created(title="Desk")], ports(content(Step("s", sources))))
    strict.when(SUBMIT, ANN).refused(Reason.NO_APPROVER, "steps.0.approvers")
    lenient = content(Step("s", sources, missing=Missing.SKIP))
    assert assignees(started(lenient)) == ["bob"]
    nobody = content(Step("s", sources[:1], missing=Missing.SKIP), Step("boss", (person("zoe"),)))
    found = started(nobody)
    assert types(last(found, 2)) == [StepSkipped, StepStarted]
    assert "nobodys" in last(found, 2)[0].reason  # type: ignore[attr-defined]
