"""What a case asks for."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.actor import ADMIN
from domain.definition.checks import check_content
from domain.document.commands import (
    ApproveStep,
    CreateDocument,
    ReachMilestone,
    RejectStep,
    ReviseDocument,
    SubmitDocument,
    WithdrawDocument,
)
from infra.importing.activity import Kind, approvers_of, understood
from infra.importing.amount import Amount, in_cents
from infra.importing.cases import Case, LoggedEvent
from infra.importing.declaration import MOST_APPROVERS, content, role_of
from infra.importing.plan import Plan, Planned, document_of, plan_case

AT = datetime(2018, 1, 1, tzinfo=UTC)


def a_case(*activities: str, name: str = "case 1", **attributes: str) -> Case:
    events = (
        LoggedEvent(activity, AT + timedelta(days=number))
        for number, activity in enumerate(activities)
    )
    return Case(name, attributes, tuple(events))


def all_commands(plan: Plan) -> list[Planned]:
    """Every command, where none is refused."""
    now, planned = plan.content, [plan.creation()]
    for line in plan.lines:
        for each in plan.commands(line, now):
            planned.append(each)
            now = each.content or now
    return planned


def declared(*words: str) -> list[str]:
    return [f"Declaration {word}" for word in words]


def test_each_event_drives_the_command_that_it_names():
    plan = plan_case(
        a_case(
            *declared(
                "SUBMITTED by EMPLOYEE",
                "APPROVED by ADMINISTRATION",
                "REJECTED by BUDGET OWNER",
                "REJECTED by EMPLOYEE",
                "SUBMITTED by EMPLOYEE",
                "FINAL_APPROVED by SUPERVISOR",
            ),
            "Request Payment",
            "Payment Handled",
        )
    )
    assert [(each.role, type(each.command)) for each in all_commands(plan)] == [
        ("employee", CreateDocument),
        ("employee", SubmitDocument),
        ("administration", ApproveStep),
        ("budget_owner", RejectStep),
        ("employee", WithdrawDocument),
        ("employee", ReviseDocument),
        ("employee", SubmitDocument),
        ("supervisor", ApproveStep),
        ("payment_system", ReachMilestone),
        ("payment_system", ReachMilestone),
    ]
    assert plan.approvers == 2
    assert plan.roles == {
        "employee",
        "administration",
        "budget_owner",
        "supervisor",
        "payment_system",
    }


def test_ids_are_those_of_the_case_and_the_same_everywhere():
    plan = plan_case(a_case(*declared("SUBMITTED by EMPLOYEE", "REJECTED by SUPERVISOR")))
    assert str(plan.document) == "e64210f8-b4b8-5ea1-a41d-367d5106951f"
    assert {each.command.document for each in all_commands(plan)} == {plan.document}
    assert [each.command_id for each in all_commands(plan)] == [
        "import:case 1:create",
        "import:case 1:0",
        "import:case 1:1",
    ]
    assert document_of("case 2") != plan.document


def test_a_command_was_given_when_the_log_says():
    plan = plan_case(a_case(*declared("SAVED by EMPLOYEE", "SUBMITTED by EMPLOYEE")))
    assert [each.effective_at for each in all_commands(plan)] == [AT, AT + timedelta(days=1)]


def test_a_document_begins_with_the_approvers_of_its_first_round():
    words = declared("SUBMITTED by EMPLOYEE", "APPROVED by PRE_APPROVER", "REJECTED by SUPERVISOR")
    plan = plan_case(a_case(*words, Amount="10.005", BudgetNumber="budget 9"))
    assert plan.creation().command.values == {
        "amount": {"amount": "10.00", "currency": "EUR"},
        "budget_number": "budget 9",
        "approver_1": "pre_approver",
        "approver_2": "supervisor",
    }
    assert plan.is_rounded


def test_a_round_of_other_approvers_revises_what_differs_and_empties_what_is_not_needed():
    plan = plan_case(
        a_case(
            *declared(
                "SUBMITTED by EMPLOYEE",
                "APPROVED by ADMINISTRATION",
                "REJECTED by SUPERVISOR",
                "SUBMITTED by EMPLOYEE",
                "FINAL_APPROVED by SUPERVISOR",
            )
        )
    )
    revised = next(each for each in all_commands(plan) if each.kind is Kind.REVISE)
    assert revised.command.values == {"approver_1": "supervisor", "approver_2": None}
    assert revised.command_id == "import:case 1:3:revise"


@pytest.mark.parametrize(
    ("after", "approvers"),
    [
        (("FINAL_APPROVED by SUPERVISOR",), ("supervisor",)),
        (("APPROVED by A", "FINAL_APPROVED by B", "APPROVED by C"), ("a", "b")),
        (("APPROVED by A", "REJECTED by B", "APPROVED by C"), ("a", "b")),
        (("APPROVED by A", "APPROVED by A", "FINAL_APPROVED by B"), ("a", "b")),
        (("APPROVED by A",), ("a", "supervisor")),
        (("APPROVED by A", "REJECTED by EMPLOYEE", "APPROVED by B"), ("a", "supervisor")),
        (("APPROVED by SUPERVISOR", "APPROVED by B"), ("supervisor", "b")),
        (("REJECTED by MISSING",), ("missing",)),
        ((), ("supervisor",)),
    ],
)
def test_the_roles_of_a_round_are_those_that_act_up_to_its_end(after, approvers):
    assert approvers_of(understood(declared(*after))) == approvers


def test_what_is_about_another_object_or_unknown_asks_for_nothing():
    kinds = [
        step.kind
        for step in understood(
            [
                "Start trip",
                "Permit SUBMITTED by EMPLOYEE",
                "Declaration SUBMITTED by EMPLOYEE",
                "Permit FOR_APPROVAL by SUPERVISOR",
                "Permit APPROVED by ÄÖÜ",
                "",
                "Permit APPROVED by DIRECTOR",
            ]
        )
    ]
    ignored = Kind.IGNORED
    assert kinds == [ignored, Kind.SUBMIT, ignored, ignored, ignored, ignored, Kind.APPROVE]


def test_a_case_without_events_asks_for_nothing():
    plan = plan_case(a_case())
    assert (plan.lines, plan.roles, plan.approvers) == ((), frozenset(), 0)


@pytest.mark.parametrize(
    ("words", "role"),
    [
        ("BUDGET OWNER", "budget_owner"),
        ("PRE_APPROVER", "pre_approver"),
        (" Head  of-Dept. ", "head_of_dept"),
        ("9", None),
        ("", None),
        ("x" * 41, None),
    ],
)
def test_a_role_is_what_the_log_calls_it_as_a_name(words, role):
    assert role_of(words) == role


@pytest.mark.parametrize("words", ["ADMIN", "auditor", "System", "payment system"])
def test_a_log_gives_nobody_a_right_in_this_system(words):
    found = role_of(words)
    assert found is not None
    assert found.startswith("log_")
    assert found != ADMIN


@pytest.mark.parametrize(
    ("text", "cents", "is_rounded"),
    [
        ("26.85120450862128", "26.85", True),
        ("0.005", "0.00", True),
        ("0.015", "0.02", True),
        ("0.025", "0.02", True),
        ("0.0250000000000001", "0.03", True),
        ("-0.015", "-0.02", True),
        ("0.0", "0.00", False),
        ("1.50000", "1.50", False),
        ("1E+3", "1000.00", False),
        ("123456789012.999", "123456789013.00", True),
    ],
)
def test_amounts_are_rounded_half_to_even(text, cents, is_rounded):
    assert in_cents(text) == Amount(cents, is_rounded)


@pytest.mark.parametrize("text", ["", "NaN", "-Infinity", "1E+999999", "UNKNOWN", "12,5", "sNaN"])
def test_what_is_no_amount_is_left_for_the_engine_to_refuse(text):
    assert in_cents(text) == Amount(text)


@pytest.mark.parametrize("approvers", [1, MOST_APPROVERS])
def test_the_definition_can_be_published(approvers):
    check_content(content(approvers))
    assert len(content(approvers).steps) == approvers
