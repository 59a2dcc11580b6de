"""Where a flow goes next, and of whom it must know for that."""

import pytest

from domain.definition.content import Step
from domain.document.events import AssigneeKind, Slot, StepBlocked, StepSkipped, StepStarted
from domain.document.facts import DirectoryFacts, Facts, Needs, PersonFacts
from domain.document.flow import advance, needs, require_approvers
from domain.errors import Reason, RefusedError
from tests.builders import content, manager, named_by, person, published, role

FOUR = content(
    Step("lead", manager()),
    Step("second", person("bob"), condition="pieces > 1"),
    Step("stand_in", named_by("deputy")),
    Step("office", named_by("desk")),
    Step("money", role("finance")),
)
VALUES = {"pieces": 2, "deputy": "cyd", "desk": "post"}
KNOWN = DirectoryFacts(
    {
        "ann": PersonFacts(active=True, manager="mia"),
        "mia": PersonFacts(active=True),
        "bob": PersonFacts(active=True),
        "cyd": PersonFacts(active=True),
    },
    frozenset({"post", "finance"}),
)


def test_a_flow_needs_to_know_of_everybody_whom_it_names() -> None:
    assert needs(FOUR, VALUES, "ann") == Needs(
        frozenset({"ann", "bob", "cyd"}), frozenset({"post", "finance"})
    )


def test_what_is_left_of_a_flow_needs_to_know_of_fewer() -> None:
    assert needs(FOUR, VALUES, "ann", "second") == Needs(
        frozenset({"cyd"}), frozenset({"post", "finance"})
    )
    assert not needs(FOUR, VALUES, "ann", "money")


def test_a_field_that_is_empty_names_nobody() -> None:
    assert needs(FOUR, {"pieces": 2}, "ann", "second") == Needs(roles=frozenset({"finance"}))


@pytest.mark.parametrize(
    ("after", "step", "kind", "assignee", "why"),
    [
        ("", "lead", AssigneeKind.PERSON, "mia", "mia is the manager of ann"),
        ("lead", "second", AssigneeKind.PERSON, "bob", "the definition names bob"),
        ("second", "stand_in", AssigneeKind.PERSON, "cyd", "the field deputy names cyd"),
        ("stand_in", "office", AssigneeKind.ROLE, "post", "the field desk names post"),
        ("office", "money", AssigneeKind.ROLE, "finance", "the definition names the role finance"),
    ],
)
def test_a_step_starts_with_a_slot_that_says_why(after, step, kind, assignee, why) -> None:
    facts = Facts(published(FOUR), KNOWN)
    assert advance(facts, VALUES, "ann", 3, after) == [
        StepStarted(3, step, (Slot(f"3.{step}.1", kind, assignee, why, ("ann",)),))
    ]


def test_behind_the_last_step_is_nothing() -> None:
    assert advance(Facts(published(FOUR), KNOWN), VALUES, "ann", 1, "money") == []


def test_every_step_up_to_the_next_needed_one_is_skipped_with_its_condition() -> None:
    flow = content(
        Step("one", person("bob"), condition="pieces > 1"),
        Step("two", person("bob"), condition="pieces > 2"),
        Step("three", person("bob"), condition="pieces > 3"),
    )
    facts = Facts(published(flow), KNOWN)
    assert advance(facts, {"pieces": 1}, "ann", 1) == [
        StepSkipped(1, "one", "condition is false: pieces > 1"),
        StepSkipped(1, "two", "condition is false: pieces > 2"),
        StepSkipped(1, "three", "condition is false: pieces > 3"),
    ]
    (started,) = advance(facts, {"pieces": 3}, "ann", 1, "one")
    assert isinstance(started, StepStarted)
    assert started.step == "two"


def test_nobody_is_excluded_where_requesters_may_decide() -> None:
    flow = content(Step("own", person("ann")), self_approval=True)
    (started,) = advance(Facts(published(flow), KNOWN), {}, "ann", 1)
    assert isinstance(started, StepStarted)
    assert started.slots[0].excluded == ()


NOBODY = [
    (manager(), {}, DirectoryFacts(), Reason.NO_APPROVER),
    (manager(), {}, DirectoryFacts({"ann": PersonFacts(active=True)}), Reason.NO_APPROVER),
    (
        manager(),
        {},
        DirectoryFacts({"ann": PersonFacts(active=True, manager="mia")}),
        Reason.NO_APPROVER,
    ),
    (
        manager(),
        {},
        DirectoryFacts({"ann": PersonFacts(active=True, manager="ann")}),
        Reason.SELF_APPROVAL,
    ),
    (person("eve"), {}, KNOWN, Reason.NO_APPROVER),
    (person("ann"), {}, KNOWN, Reason.SELF_APPROVAL),
    (
        person("bob"),
        {},
        DirectoryFacts({"bob": PersonFacts(active=False)}),
        Reason.NO_APPROVER,
    ),
    (named_by("deputy"), {}, KNOWN, Reason.NO_APPROVER),
    (named_by("desk"), {}, KNOWN, Reason.NO_APPROVER),
    (named_by("deputy"), {"deputy": "ann"}, KNOWN, Reason.SELF_APPROVAL),
    (named_by("desk"), {"desk": "gone"}, KNOWN, Reason.NO_APPROVER),
    (role("gone"), {}, KNOWN, Reason.NO_APPROVER),
]


@pytest.mark.parametrize(("approver", "values", "known", "reason"), NOBODY)
def test_a_step_without_anybody_is_refused_beforehand_and_blocks_later(
    approver, values, known, reason
) -> None:
    flow = content(Step("first", person("bob")), Step("last", approver))
    known = DirectoryFacts({"bob": PersonFacts(active=True), **known.people}, known.roles)
    if approver == person("bob"):
        flow = content(Step("last", approver))
    facts = Facts(published(flow), known)
    with pytest.raises(RefusedError) as refused:
        require_approvers(flow, values, "ann", facts)
    number = len(flow.steps) - 1
    assert (refused.value.reason, refused.value.place) == (reason, f"steps.{number}.approver")
    (blocked,) = advance(facts, values, "ann", 2, "first" if number else "")
    assert isinstance(blocked, StepBlocked)
    assert (blocked.round, blocked.step) == (2, "last")
    assert blocked.reason in refused.value.message


def test_a_step_that_is_not_needed_needs_nobody() -> None:
    flow = content(Step("first", person("bob")), Step("last", role("gone"), condition="pieces > 1"))
    require_approvers(flow, {"pieces": 1}, "ann", Facts(published(flow), KNOWN))
    with pytest.raises(RefusedError):
        require_approvers(flow, {"pieces": 2}, "ann", Facts(published(flow), KNOWN))
