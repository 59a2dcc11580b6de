"""The page as people use it: in real browsers, before real processes."""

import os
import re
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from infra.home import CHECKOUT
from tests.e2e.browsing import Office, Visitor
from tests.e2e.machine import wait_until

#: Set to anything, it lets the test of the screens make those that the documents show.
SCREENSHOTS = "RINGI_SCREENSHOTS"


def task(page: Page, title: str) -> Locator:
    return page.locator("#list").get_by_role("link", name=title)


def entry(page: Page, text: str) -> Locator:
    return page.locator(".timeline li").filter(has_text=text)


def shown(page: Page) -> str:
    """Return what the screen says of the document and the list, without how long ago it was."""
    told: str = page.evaluate(
        """() => {
            const copy = document.querySelector(".shell").cloneNode(true);
            for (const time of copy.querySelectorAll("time")) time.textContent = time.dateTime;
            for (const place of copy.querySelectorAll(".place-outcome, .outcome")) place.remove();
            return copy.textContent;
        }"""
    )
    return told


def shows(page: Page, text: str) -> bool:
    return shown(page) == text


def test_one_acts_and_the_others_screen_changes_without_reload(office: Office) -> None:
    title = "A kiln that two people look at"
    with office.visitor("haru") as lead, office.visitor("emil") as asker:
        document = office.submitted(subject=title)
        expect(task(lead.page, title)).to_be_visible()
        asker.open(document)
        task(lead.page, title).click()
        expect(lead.page.get_by_role("heading", name=title)).to_be_focused()
        lead.page.get_by_label("Comment, or reason").fill("It is overdue.")
        lead.page.get_by_role("button", name="Approve").click()
        expect(entry(asker.page, "Haru Tanaka 田中 春 approved")).to_contain_text("It is overdue.")
        expect(asker.page.get_by_role("img", name="Approved by Haru Tanaka")).to_be_visible()
        expect(asker.page.get_by_label("Treasury: waits", exact=True)).to_be_visible()
        expect(task(lead.page, title)).to_have_count(0)
        expect(lead.page.locator("#outcome")).to_have_text("You approved it.")
        expect(lead.page.locator("#outcome")).to_be_focused()
        expect(lead.page.get_by_role("button", name="Approve")).to_have_count(0)
        office.decide("noor", document, "approve")
        for visitor in (lead, asker):
            expect(visitor.page.locator("article .status")).to_have_text("Approved")
            expect(entry(visitor.page, "Everybody needed has agreed")).to_be_visible()
            live = shown(visitor.page)
            visitor.page.reload()
            visitor.page.locator("article.case h1").wait_for()
            wait_until(partial(shows, visitor.page, live), "what is fetched is what was pushed")
            assert visitor.errors == []
            assert visitor.hosts() == {"127.0.0.1"}


def test_a_rejection_needs_its_reason_and_the_requester_reads_it(office: Office) -> None:
    title = "A kiln that is too large"
    document = office.submitted(subject=title)
    with office.visitor("haru") as lead, office.visitor("emil") as asker:
        asker.open(document)
        lead.open(document)
        lead.page.get_by_role("button", name="Reject").click()
        reason = lead.page.get_by_label("Comment, or reason")
        expect(lead.page.locator("#decision-problem")).to_have_text(
            "Say why: the requester needs to know."
        )
        expect(reason).to_be_focused()
        reason.fill("Measure the door first.")
        lead.page.get_by_role("button", name="Reject").click()
        expect(entry(asker.page, "rejected it")).to_contain_text("Measure the door first.")
        expect(asker.page.locator("article .status")).to_have_text("Returned")
        asker.page.get_by_role("link", name="Change").click()
        asker.page.get_by_label("What is needed").fill("A smaller kiln")
        asker.page.get_by_role("button", name="Submit").click()
        expect(asker.page.locator("article .status")).to_have_text("In circulation")
        expect(asker.page.get_by_role("heading", name="A smaller kiln")).to_be_visible()
        expect(entry(lead.page, "submitted it again, round 2")).to_be_visible()
        expect(lead.page.get_by_role("button", name="Approve")).to_be_visible()
        assert (lead.errors, asker.errors) == ([], [])


def test_a_request_is_approved_with_the_keyboard_alone(office: Office) -> None:
    title = "A kiln without a mouse"
    document = office.submitted(subject=title)
    with office.visitor() as lead:
        lead.page.goto(lead.url)
        expect(lead.page.get_by_label("Your token")).to_be_focused()
        keys = lead.page.keyboard
        keys.insert_text(office.tokens["haru"])
        keys.press("Enter")
        expect(task(lead.page, title)).to_be_visible()
        tab_to(lead.page, task(lead.page, title))
        keys.press("Enter")
        expect(lead.page.get_by_role("heading", name=title)).to_be_focused()
        tab_to(lead.page, lead.page.get_by_label("Comment, or reason"))
        keys.insert_text("Typed")
        tab_to(lead.page, lead.page.get_by_role("button", name="Approve"))
        keys.press("Enter")
        expect(lead.page.locator("#outcome")).to_be_focused()
    with office.machine.client("emil") as emil:
        path = f"/v1/documents/{document}/timeline"
        wait_until(
            lambda: "document.slot_approved" in {each["type"] for each in emil.items(path)},
            "the approval is in the timeline",
        )


def tab_to(page: Page, wanted: Locator) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"not reached with Tab: {wanted}")


def test_what_is_typed_outlives_what_others_do_meanwhile(office: Office) -> None:
    document = office.submitted(subject="A kiln under discussion")
    with office.visitor("haru") as lead:
        lead.open(document)
        box = lead.page.get_by_label("Comment, or reason")
        box.fill("Half a sentence")
        box.focus()
        with office.machine.client("emil") as emil:
            emil.command("POST", f"/v1/documents/{document}/comments", {"text": "A thought."})
        expect(entry(lead.page, "A thought.")).to_be_visible()
        expect(box).to_have_value("Half a sentence")
        expect(box).to_be_focused()


def test_who_was_slower_is_told_what_happened(office: Office) -> None:
    document = office.submitted(subject="A kiln decided twice")
    with office.visitor("haru") as lead:
        lead.open(document)
        lead.page.route("**/approve", lambda route: decide_before(office, document, route))
        lead.page.get_by_role("button", name="Approve").click()
        expect(lead.page.locator("#outcome")).to_contain_text("no longer waits")
        expect(lead.page.get_by_label("Line manager: approved")).to_be_visible()


def decide_before(office: Office, document: str, route: object) -> None:
    office.decide("haru", document, "approve")
    route.continue_()  # type: ignore[attr-defined]


def test_a_lost_answer_is_asked_for_again_and_nothing_is_done_twice(office: Office) -> None:
    document = office.submitted(subject="A kiln on a bad line")
    with office.visitor("emil") as asker:
        asker.open(document)
        keys: list[str | None] = []

        def lose_the_first(route: object) -> None:
            keys.append(route.request.headers.get("idempotency-key"))  # type: ignore[attr-defined]
            if len(keys) == 1:
                route.fetch()  # type: ignore[attr-defined]
                route.abort("connectionreset")  # type: ignore[attr-defined]
            else:
                route.continue_()  # type: ignore[attr-defined]

        asker.page.route("**/comments", lose_the_first)
        asker.page.get_by_label("Comment", exact=True).fill("Said once.")
        asker.page.get_by_role("button", name="Comment").click()
        expect(asker.page.locator("#outcome")).to_have_text("Your comment is there.")
        assert len(keys) == 2
        assert keys[0] == keys[1]
    with office.machine.client("emil") as emil:
        said = [
            each["data"].get("text") for each in emil.items(f"/v1/documents/{document}/timeline")
        ]
    assert said.count("Said once.") == 1


def test_a_new_request_is_written_and_what_is_wrong_is_shown_beside_it(office: Office) -> None:
    with office.visitor("emil") as asker, office.visitor("haru") as lead:
        asker.page.get_by_role("link", name="New").click()
        asker.page.get_by_role("link", name="Equipment request").click()
        asker.page.get_by_role("button", name="Submit").click()
        for name in ("subject", "cost"):  # all that is missing, and nothing was created
            expect(asker.page.locator(f"#field-{name}-problem")).to_contain_text("must be filled")
        expect(asker.page.locator("#field-reason-problem")).to_be_empty()
        expect(asker.page.get_by_label("What is needed")).to_be_focused()
        assert "#/new/equipment" in asker.page.url
        asker.page.get_by_label("What is needed").fill("A kiln, asked for on the page")
        asker.page.get_by_label("Cost", exact=True).fill("a lot")
        asker.page.get_by_role("button", name="Submit").click()
        expect(asker.page.locator("#field-cost-problem")).not_to_be_empty()
        expect(asker.page.get_by_label("Cost", exact=True)).to_be_focused()
        asker.page.get_by_label("Cost", exact=True).fill("740.00")
        asker.page.get_by_label("Pieces optional").fill("2")
        asker.page.get_by_role("button", name="Submit").click()
        expect(asker.page.get_by_label("Line manager: waits")).to_be_visible()
        expect(asker.page.get_by_label("Treasury: comes later")).to_be_visible()
        expect(task(lead.page, "A kiln, asked for on the page")).to_contain_text("740.00")
        asker.page.get_by_role("button", name="Withdraw").click()
        expect(asker.page.locator("article .status")).to_have_text("Withdrawn")
        expect(task(lead.page, "A kiln, asked for on the page")).to_have_count(0)


def test_the_pdf_is_made_while_one_waits(office: Office) -> None:
    document = office.submitted(subject="A kiln on paper")
    with office.visitor("haru") as lead:
        lead.open(document)
        lead.page.get_by_role("button", name="Make a PDF").click()
        link = lead.page.get_by_role("link", name="Download the PDF")
        expect(link).to_be_visible(timeout=30_000)
        answer = lead.page.request.get(f"{lead.url}{link.get_attribute('href')}")
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.body().startswith(b"%PDF-")
        assert lead.errors == []


HOSTILE = '<img src=x onerror="document.title=\'taken\'"><script>document.title="taken"</script>'


def test_what_looks_like_html_is_text(office: Office) -> None:
    document = office.submitted(subject=HOSTILE, reason="</p><b id=bold>x</b>")
    office.decide("haru", document, "approve", comment=f"{HOSTILE} too")
    with office.visitor("noor") as treasurer:
        treasurer.open(document)
        expect(treasurer.page.locator("article h1")).to_have_text(HOSTILE)
        expect(entry(treasurer.page, "approved")).to_contain_text(f"{HOSTILE} too")
        assert treasurer.page.locator("#bold, article img:not(.mark), article script").count() == 0
        assert "taken" not in treasurer.page.title()
        assert treasurer.errors == []


def test_a_script_from_elsewhere_does_not_run(office: Office) -> None:
    with office.visitor("emil") as asker:
        asker.page.evaluate(
            """() => {
                const script = document.createElement("script");
                script.textContent = "document.title = 'taken'";
                document.head.append(script);
            }"""
        )
        assert asker.page.title() != "taken"
        assert any("Content Security Policy" in each for each in asker.errors)
        assert asker.page.evaluate("document.cookie") == ""


def test_signing_out_ends_the_session_in_every_tab(office: Office) -> None:
    document = office.submitted(subject="A kiln seen in two tabs")
    with office.visitor("emil") as asker:
        other = Visitor(asker.page.context.new_page(), asker.url)
        other.open(document)
        asker.page.get_by_role("button", name="Sign out").click()
        expect(asker.page.get_by_label("Your token")).to_be_visible()
        assert asker.page.context.cookies() == []
        expect(other.page.get_by_text("You have signed out in another tab.")).to_be_visible()
        expect(other.page.get_by_role("article")).to_have_count(0)
        asker.page.reload()
        expect(asker.page.get_by_label("Your token")).to_be_visible()


def test_a_page_whose_session_has_ended_says_so_at_the_next_request(office: Office) -> None:
    document = office.submitted(subject="A kiln without a cookie")
    with office.visitor("emil") as asker:
        asker.open(document)
        asker.page.context.clear_cookies()
        asker.page.get_by_label("Comment", exact=True).fill("Who am I?")
        asker.page.get_by_role("button", name="Comment").click()
        expect(asker.page.get_by_text("Your session has ended.")).to_be_visible()
        expect(asker.page.get_by_role("article")).to_have_count(0)


def test_a_wrong_token_is_told_and_the_page_goes_on(office: Office) -> None:
    with office.visitor() as somebody:
        somebody.page.goto(somebody.url)
        somebody.page.get_by_label("Your token").fill("rt_wrong")
        somebody.page.get_by_role("button", name="Sign in").click()
        expect(somebody.page.get_by_role("alert")).to_contain_text("opens nothing")
        somebody.sign_in(office.tokens["emil"])
        expect(somebody.page.locator("#me")).to_have_text("Emil Sørensen")


def test_a_document_of_others_is_not_shown(office: Office) -> None:
    note = office.machine.a_note("none of Noor's business")
    with office.visitor("noor") as treasurer:
        treasurer.open(note["document"])
        expect(treasurer.page.locator("article")).to_contain_text("noor is no party")
        treasurer.open("00000000-0000-0000-0000-000000000000")
        expect(treasurer.page.locator("article")).to_contain_text("no document of this id")


SCREENS = [
    ("desktop", "light", "A kiln for the pottery workshop"),
    ("desktop", "dark", "Oak desks for the drawing office"),
    ("phone", "light", "展示会用の照明器具"),
    ("phone", "dark", "A second press, for large formats"),
]
SIZES = {"desktop": (1280, 860), "phone": (390, 844)}


@pytest.mark.parametrize(("name", "scheme", "subject"), SCREENS)
def test_the_screens_fit_and_are_those_of_the_documents(
    office: Office, tmp_path: Path, name: str, scheme: str, subject: str
) -> None:
    folder = CHECKOUT / "docs" / "screenshots" if os.environ.get(SCREENSHOTS) else tmp_path
    folder.mkdir(exist_ok=True)
    cost = {"amount": f"{len(subject) * 389}.50", "currency": "EUR"}
    document = office.submitted(subject=subject, cost=cost)
    office.decide("haru", document, "approve", comment="It pays for itself within a year.")
    width, height = SIZES[name]
    viewport = {"width": width, "height": height}
    with office.visitor("noor", viewport=viewport, color_scheme=scheme) as treasurer:
        expect(treasurer.page.locator("#list .amount").first).to_be_visible()
        for screen in ("inbox", "document"):
            if screen == "document":
                treasurer.open(document)
                expect(entry(treasurer.page, "Haru Tanaka 田中 春 approved")).to_be_visible()
            expect(treasurer.page.locator("#connection")).to_be_hidden()
            if screen == "document" or name == "phone":
                path = folder / f"{name}-{screen}-{scheme}.png"
                treasurer.page.screenshot(path=path, animations="disabled")
                assert path.stat().st_size > 10_000
        for narrow in (width, 320):  # WCAG 2.2, success criterion 1.4.10
            treasurer.page.set_viewport_size({"width": narrow, "height": height})
            assert treasurer.page.evaluate(
                "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            )
        unnamed = treasurer.page.locator("button, a, input, textarea").evaluate_all(
            "all => all.filter(e => !(e.innerText || e.ariaLabel || e.labels?.length))"
            ".map(e => e.id)"
        )
        assert unnamed == []
        assert re.fullmatch(r"\(\d+\) Ringi", treasurer.page.title())
