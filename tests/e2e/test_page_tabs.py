"""Two tabs of one browser share its cookie: none of them speaks for whom it does not show."""

from playwright.sync_api import Page, expect

from tests.e2e.browsing import Office, Visitor
from tests.e2e.test_page import entry

HANDED_OVER = "In another tab, noor has signed in. This browser no longer acts for Emil Sørensen."


def comments(office: Office, document: str) -> list[tuple[str, str]]:
    """Return who said what, as the log has it."""
    with office.machine.client("root") as root:
        events = root.get(f"/v1/documents/{document}/events")["items"]
    return [
        (each["meta"]["actor"], each["data"]["text"])
        for each in events
        if each["topic"].startswith("document.comment_added")
    ]


def say(page: Page, text: str) -> None:
    page.locator("#comment").fill(text)
    page.get_by_role("button", name="Comment").click()


def test_a_tab_whose_cookie_became_somebody_elses_does_nothing_and_says_so(office: Office) -> None:
    document = office.submitted(subject="A kiln seen in two tabs")
    with office.visitor("emil") as asker:
        asker.open(document)
        say(asker.page, "This is Emil.")
        expect(entry(asker.page, "This is Emil.")).to_be_visible()
        with office.visitor("noor") as other:
            cookies = other.page.context.cookies()
            asker.page.context.add_cookies([{**each} for each in cookies])  # type: ignore[typeddict-item]
            say(asker.page, "Emil says so, too.")
            expect(asker.page.get_by_role("alert")).to_have_text(HANDED_OVER)
            expect(asker.page.locator("#me")).to_have_count(0)
            asker.page.get_by_role("button", name="Go on as noor").click()
            expect(asker.page.locator("#me")).to_have_text("Noor Haddad")
    assert comments(office, document) == [("emil", "This is Emil.")]


def test_tabs_learn_at_once_of_a_sign_out_and_of_a_sign_in(office: Office) -> None:
    with office.visitor("emil") as first:
        second = Visitor(first.page.context.new_page(), first.url)
        second.page.goto(second.url)
        second.page.get_by_role("heading", name="Inbox").wait_for()
        second.page.evaluate(
            """async (token) => {
                const headers = { "Content-Type": "application/json", "X-Ringi-Page": "-" };
                const body = JSON.stringify({ token });
                await fetch("/v1/session", { method: "POST", headers, body });
                new BroadcastChannel("ringi-session").postMessage("noor");
            }""",
            office.tokens["noor"],
        )
        for tab in (first, second):
            expect(tab.page.get_by_role("alert")).to_have_text(HANDED_OVER)
            tab.page.get_by_role("button", name="Go on as noor").click()
            expect(tab.page.locator("#me")).to_have_text("Noor Haddad")
        second.page.get_by_role("button", name="Sign out").click()
        expect(second.page.get_by_label("Your token")).to_be_visible()
        expect(first.page.get_by_role("alert")).to_have_text("You have signed out in another tab.")
        expect(first.page.get_by_label("Your token")).to_be_focused()
