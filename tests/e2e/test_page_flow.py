"""The page where several people decide: branches, votes that are counted, ways back."""

import re
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browsing import Office, Visitor
from tests.e2e.machine import wait_until
from tests.e2e.test_page import SIZES, entry, shown, shows

VETO = "one veto rejects it"


def box(page: Page, label: str) -> Locator:
    """Return the box of a step, by its label and its state: "Board: waits"."""
    return page.get_by_role("listitem", name=label, exact=True)


def vote(page: Page, step: str, label: str) -> Locator:
    return page.locator(".seat", has=page.get_by_text(step, exact=True)).get_by_role(
        "listitem", name=label
    )


def fetched_is_what_was_pushed(visitor: Visitor) -> None:
    live = shown(visitor.page)
    visitor.page.reload()
    visitor.page.locator("article.case h1").wait_for()
    wait_until(partial(shows, visitor.page, live), "what is fetched is what was pushed")


def test_a_board_and_a_counsel_decide_side_by_side_and_others_see_each_vote(
    office: Office,
) -> None:
    title = "A hall for the large presses"
    document = office.submitted(definition="investment", subject=title)
    with office.visitor("emil") as asker, office.visitor("tomo") as member:
        asker.open(document)
        page, theirs = asker.page, member.page
        expect(box(page, "Review: under way")).to_contain_text("2 branches, side by side")
        expect(box(page, "Board: waits")).to_contain_text(f"2 of 3 must approve, {VETO}")
        expect(box(page, "Legal counsel: waits")).to_be_visible()
        expect(box(page, "Treasury: comes later")).to_be_visible()
        for name in ("Inês Carvalho", "Tomo Ishii", "Dara Okonkwo"):
            expect(vote(page, "Board", f"{name}: waits")).to_be_visible()
        expect(page.get_by_role("button", name="Approve")).to_have_count(0)

        theirs.locator("#list").get_by_role("link", name=title).click()
        panel = theirs.get_by_role("region", name="It waits for your decision: Board")
        panel.get_by_role("button", name="Approve").click()
        expect(theirs.locator("#outcome")).to_have_text("You approved it.")
        expect(page.get_by_role("img", name="Approved by Tomo Ishii")).to_be_visible()
        expect(box(page, "Board: waits")).to_be_visible()

        theirs.get_by_role("button", name="Take my vote back").click()
        expect(theirs.locator("#outcome")).to_have_text("You took your vote back.")
        expect(vote(page, "Board", "Tomo Ishii: waits")).to_be_visible()
        expect(page.get_by_role("img", name="Approved by Tomo Ishii")).to_have_count(0)
        expect(entry(page, "Tomo Ishii took the vote back: Board.")).to_be_visible()

        panel.get_by_role("button", name="I will not judge here").click()
        expect(panel.get_by_role("alert")).to_have_text("Say why you will not judge here.")
        panel.get_by_label("Comment, or reason").fill("My brother sells presses.")
        panel.get_by_role("button", name="I will not judge here").click()
        expect(theirs.locator("#outcome")).to_have_text("You leave it to others.")
        expect(panel).to_have_count(0)
        expect(theirs.get_by_role("button", name="Take my vote back")).to_have_count(0)
        expect(vote(page, "Board", "Tomo Ishii: recused")).to_be_visible()
        expect(box(page, "Board: waits")).to_contain_text("2 of 2 must approve")
        expect(entry(page, "Tomo Ishii will not judge here: Board.")).to_contain_text(
            "My brother sells presses."
        )

        office.decide("lena", document, "approve")
        expect(box(page, "Legal counsel: approved")).to_be_visible()
        expect(box(page, "Review: under way")).to_be_visible()
        for login in ("ines", "dara"):
            office.decide(login, document, "approve", step="board")
        expect(box(page, "Board: approved")).to_be_visible()
        expect(box(page, "Review: over")).to_be_visible()
        expect(box(page, "Treasury: waits")).to_be_visible()
        office.decide("noor", document, "approve")
        for visitor in (asker, member):
            expect(visitor.page.locator("article .status")).to_have_text("Approved")
            fetched_is_what_was_pushed(visitor)
            assert visitor.errors == []


def test_who_is_asked_in_two_branches_says_which_step_is_meant(office: Office) -> None:
    document = office.submitted(definition="investment", subject="A hall judged twice")
    with office.visitor("dara") as both:
        page = both.page
        both.open(document)
        expect(page.get_by_role("heading", name="It waits for you in 2 steps")).to_be_visible()
        page.get_by_role("button", name="Approve").click()
        expect(page.locator("#decision-problem")).to_have_text("Say which step you decide.")
        page.get_by_role("radio", name="Legal counsel").check()
        page.get_by_role("button", name="Approve").click()
        expect(box(page, "Legal counsel: approved")).to_be_visible()
        expect(box(page, "Board: waits")).to_be_visible()
        expect(page.get_by_role("radio")).to_have_count(0)
        page.get_by_role("button", name="Abstain").click()
        expect(page.locator("#outcome")).to_have_text("You abstained.")
        expect(vote(page, "Board", "Dara Okonkwo: abstained")).to_be_visible()
        expect(entry(page, "Dara Okonkwo abstained: Board.")).to_be_visible()
        expect(page.get_by_text("Your vote in Board: abstained.")).to_be_visible()
        assert both.errors == []


def test_a_choice_of_step_outlives_what_others_do(office: Office) -> None:
    document = office.submitted(definition="investment", subject="A hall that is chosen")
    with office.visitor("dara") as both:
        both.open(document)
        both.page.get_by_role("radio", name="Legal counsel").check()
        both.page.get_by_label("Comment, or reason").fill("The lease")
        office.decide("ines", document, "approve")
        expect(both.page.get_by_role("img", name="Approved by Inês Carvalho")).to_be_visible()
        expect(both.page.get_by_role("radio", name="Legal counsel")).to_be_checked()
        expect(both.page.get_by_label("Comment, or reason")).to_have_value("The lease")


def test_a_veto_ends_the_document_and_nobody_is_asked_any_more(office: Office) -> None:
    document = office.submitted(definition="investment", subject="A hall that is vetoed")
    office.decide("tomo", document, "approve")
    with office.visitor("emil") as asker, office.visitor("ines") as member:
        asker.open(document)
        member.open(document)
        member.page.get_by_label("Comment, or reason").fill("We have no ground for it.")
        member.page.get_by_role("button", name="Reject").click()
        for page in (asker.page, member.page):
            expect(page.locator("article .status")).to_have_text("Rejected")
            expect(box(page, "Board: rejected")).to_be_visible()
            expect(vote(page, "Board", "Dara Okonkwo: not asked any more")).to_be_visible()
            expect(box(page, "Legal counsel: not decided")).to_be_visible()
            expect(entry(page, "It is rejected for good.")).to_be_visible()
        for name in ("Approve", "Submit again", "Change", "Withdraw", "Take my vote back"):
            for page in (asker.page, member.page):
                expect(page.get_by_role("button", name=name)).to_have_count(0)
        fetched_is_what_was_pushed(asker)


def test_a_flow_that_goes_back_is_told_and_its_steps_are_taken_again(office: Office) -> None:
    document = office.submitted(definition="investment", subject="A hall that comes back")
    for login in ("lena", "ines", "tomo"):
        office.decide(login, document, "approve")
    office.decide("dara", document, "approve")
    with office.visitor("emil") as asker, office.visitor("ines") as member:
        asker.open(document)
        member.open(document)
        expect(box(asker.page, "Treasury: waits")).to_be_visible()
        office.decide("noor", document, "reject", reason="Which bank?")
        page = asker.page
        expect(entry(page, "It went back from Treasury to Review.")).to_contain_text("Board")
        expect(box(page, "Board: waits")).to_contain_text("taken again, 2")
        expect(box(page, "Treasury: comes later")).to_be_visible()
        expect(page.get_by_role("img", name=re.compile("Approved by"))).to_have_count(0)
        expect(member.page.get_by_role("button", name="Approve")).to_be_visible()
        for visitor in (asker, member):
            fetched_is_what_was_pushed(visitor)
            assert visitor.errors == []


@pytest.mark.parametrize(
    ("name", "scheme"), [(name, scheme) for name in SIZES for scheme in ("light", "dark")]
)
def test_branches_with_many_votes_fit_every_screen(
    office: Office, tmp_path: Path, name: str, scheme: str
) -> None:
    document = office.submitted(definition="investment", subject="A hall on every screen")
    office.decide("tomo", document, "recuse", reason="My brother sells presses.")
    office.decide("ines", document, "approve", comment="At last.")
    width, height = SIZES[name]
    viewport = {"width": width, "height": height}
    with office.visitor("dara", viewport=viewport, color_scheme=scheme) as member:
        member.open(document)
        expect(member.page.get_by_role("heading", name="It waits for you in")).to_be_visible()
        path = tmp_path / f"{name}-{scheme}.png"
        member.page.screenshot(path=path, animations="disabled")
        for narrow in (width, 320):  # WCAG 2.2, success criterion 1.4.10
            member.page.set_viewport_size({"width": narrow, "height": height})
            assert member.page.evaluate(
                "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            )
            assert outside(member.page) == []


def outside(page: Page) -> list[str]:
    """Return what of the picture lies beyond the edges of the screen."""
    found: list[str] = page.locator(".seat, .vote, .seal, .tag").evaluate_all(
        "(all) => all.filter((each) => {"
        " const { left, right, width } = each.getBoundingClientRect();"
        " return !width || left < 0 || right > document.documentElement.clientWidth;"
        "}).map((each) => each.ariaLabel || each.textContent)"
    )
    return found
