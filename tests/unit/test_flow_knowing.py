"""What a flow's conditions and expressions know beside the form: who asks, and what day it is."""

from dataclasses import replace

import pytest

from domain.actor import Actor
from domain.definition.approvers import Approver, ApproverKind, Row
from domain.definition.content import Content, Rule
from domain.definition.steps import Missing, Step
from domain.document.commands import ApproveStep, SubmitDocument
from domain.document.events import StepSkipped, StepStarted
from domain.document.state import Status, fold
from domain.errors import Reason
from tests.builders import DOCUMENT, Given, content, ports, role
from tests.documents import created
from tests.fakes import InMemoryDirectory, Known

SUBMIT = SubmitDocument(DOCUMENT)
ANN = Known(manager="mia", level=4, department="press")


def expression(text: str) -> Approver:
    return Approver(ApproverKind.EXPRESSION, text)


def draft(flow: Content, **people: Known) -> Given:
    return Given([created(title="Desk", pieces=2)], ports(flow, **people))


def asked(given: Given) -> list[str]:
    found = fold(given.history)
    assert found is not None
    return [slot.assignee for slot in found.open_slots]


def times_asked(given: Given) -> int:
    directory = given.world.directory
    assert isinstance(directory, InMemoryDirectory)
    return len(directory.asked)


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ('pieces > 1 ? "fay" : "fin"', "fay"),
        ('requester_level > 3 && requester_department == "press" ? "fin" : "fay"', "fin"),
        ('today == date("2026-11-23") ? "mia" : "fay"', "mia"),
        ('requester == "ann" ? "mia" : requester', "mia"),
    ],
)
def test_an_expression_names_who_decides(text: str, who: str) -> None:
    found = draft(content(Step("one", (expression(text),))), ann=ANN).after(SUBMIT)
    assert asked(found) == [who]
    (began,) = [event for event in found.history if isinstance(event, StepStarted)]
    assert began.slots[0].why == f"{text} names {who}"


def test_an_expression_that_names_nobody_is_a_gap() -> None:
    nobody = Step("one", (expression('pieces > 9 ? "fay" : ""'),))
    draft(content(nobody)).when(SUBMIT).refused(Reason.NO_APPROVER, "steps.0.approvers")
    unknown = Step("one", (expression('"nobody"'),))
    draft(content(unknown)).when(SUBMIT).refused(Reason.NO_APPROVER, "steps.0.approvers")
    skipped = replace(nobody, missing=Missing.SKIP)
    found = draft(content(skipped, Step("two", (role("finance"),)))).after(SUBMIT)
    assert isinstance(found.history[2], StepSkipped)


def test_an_expression_of_a_later_step_is_known_of_when_its_turn_comes() -> None:
    later = Step("two", (expression('requester_level == 4 ? "fin" : "fay"'),))
    found = draft(content(Step("one", (role("finance"),)), later), ann=ANN).after(SUBMIT)
    revision = fold(found.history).revision  # type: ignore[union-attr]
    found = found.after(ApproveStep(DOCUMENT, revision), Actor("fay", frozenset({"finance"})))
    assert asked(found) == ["fin"]


def test_a_row_of_a_table_may_be_an_expression() -> None:
    table = Approver(
        ApproverKind.TABLE,
        rows=(
            Row("pieces > 1", expression('requester_level > 3 ? "fay" : "fin"')),
            Row("", role("finance")),
        ),
    )
    assert asked(draft(content(Step("one", (table,))), ann=ANN).after(SUBMIT)) == ["fay"]


def test_conditions_ask_who_asks_and_what_day_it_is_there() -> None:
    east, west = replace(ANN, zone="Pacific/Auckland"), replace(ANN, zone="America/Los_Angeles")
    flow = content(
        Step("one", (role("finance"),), condition='today == date("2026-11-23")'),
        Step("two", (role("finance"),), condition='requester_department == "press"'),
    )
    assert fold(draft(flow, ann=east).after(SUBMIT).history).waiting == ("one",)  # type: ignore[union-attr]
    assert fold(draft(flow, ann=west).after(SUBMIT).history).waiting == ("one",)  # type: ignore[union-attr]
    later = content(
        *(replace(step, condition=step.condition.replace("23", "24")) for step in flow.steps)
    )
    assert fold(draft(later, ann=east).after(SUBMIT).history).waiting == ("two",)  # type: ignore[union-attr]


def test_rules_are_asked_at_submission_with_what_is_known() -> None:
    flow = replace(
        content(Step("one", (role("finance"),))),
        rules=(Rule("pieces > 1", "more than one"), Rule("requester_level >= 5", "for seniors")),
    )
    draft(flow, ann=ANN).when(SUBMIT).refused(Reason.INVALID, "rules.1")
    found = fold(draft(flow, ann=replace(ANN, level=5)).after(SUBMIT).history)
    assert found is not None
    assert found.status is Status.PENDING


def test_the_directory_is_asked_twice_only_where_an_expression_asks_of_the_requester() -> None:
    for text, times in (
        ('"fay"', 1),
        ('requester == "ann" ? "fay" : "fin"', 1),
        ('requester_level > 3 ? "fay" : "fin"', 2),
    ):
        found = draft(content(Step("one", (expression(text),))), ann=ANN).after(SUBMIT)
        assert times_asked(found) == times, text
