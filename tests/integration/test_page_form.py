"""The form that the page makes of a definition: in a browser, without a server behind it."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

DASHBOARD = Path(__file__).parents[2] / "realtime" / "dashboard"
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
ARGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]

DEFINITION = {
    "fields": [
        {"name": "due", "kind": "date", "least": "2026-01-01"},
        {"name": "urgent", "kind": "truth"},
        {
            "name": "items",
            "kind": "lines",
            "label": "Items",
            "required": True,
            "fields": [
                {"name": "what", "kind": "text"},
                {"name": "price", "kind": "money"},
                {"name": "kind", "kind": "choice", "choices": ["new", "used"]},
            ],
        },
    ]
}
VALUES = {
    "due": "2026-05-01",
    "urgent": False,
    "items": [
        {"line": 3, "what": "Desk", "price": {"amount": "5.00", "currency": "USD"}},
        {"line": 1, "what": "Chair", "kind": "used"},
    ],
}


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=DASHBOARD)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGS)
            found = browser.new_page()
            found.goto(f"http://127.0.0.1:{server.server_port}/seal.svg")
            yield found
            browser.close()
        server.shutdown()


def show(page: Page, values: dict[str, object]) -> None:
    """Make the form anew."""
    page.goto(page.url.replace("seal.svg", "style.css"))
    page.evaluate(
        """async ([definition, values]) => {
            const { fieldsForm } = await import("/form.js");
            window.form = fieldsForm(definition, values);
            document.body.replaceChildren(window.form.element);
        }""",
        [DEFINITION, values],
    )


def read(page: Page) -> object:
    return json.loads(page.evaluate("JSON.stringify(window.form.values())"))


def test_a_form_gives_back_what_it_was_made_of(page: Page) -> None:
    show(page, VALUES)
    assert read(page) == VALUES
    show(page, {})
    assert read(page) == {"due": None, "urgent": None, "items": None}


def test_lines_are_added_changed_and_removed(page: Page) -> None:
    show(page, VALUES)
    lines = page.get_by_role("group", name="Items: line")
    lines.nth(1).get_by_label("what").fill("Stool")
    lines.nth(0).get_by_role("button", name="Items: remove this line").click()
    page.get_by_role("button", name="Add a line").click()
    expect(lines.nth(1).get_by_label("what")).to_be_focused()
    lines.nth(1).get_by_label("Price", exact=True).fill("12.50")
    page.get_by_role("button", name="Add a line").click()  # and nothing is written into it
    assert read(page)["items"] == [  # type: ignore[index]
        {"line": 1, "what": "Stool", "kind": "used"},
        {"price": {"amount": "12.50", "currency": "EUR"}},
    ]


def test_what_is_wrong_in_a_line_is_said_with_its_place(page: Page) -> None:
    show(page, VALUES)
    problem = {"place": "values.items.1.price", "message": "money is …"}
    assert page.evaluate("(problem) => window.form.show(problem)", problem)
    expect(page.locator("#field-items-problem")).to_have_text("Line 2, Price: Money is …")
    expect(page.locator("#field-due-problem")).to_be_empty()
    show(page, {})
    assert not page.evaluate("window.form.isComplete()")
    expect(page.locator("#field-items-problem")).to_contain_text("must be filled")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2026-05-01", "2026-05-01"),
        (True, "yes"),
        (False, "no"),
        (
            VALUES["items"],
            "3. What: Desk, Price: 5.00\u00a0USD\n1. What: Chair, Kind: Used",
        ),
    ],
)
def test_a_value_is_shown_as_its_field_is(page: Page, value: object, text: str) -> None:
    found = page.evaluate(
        """async ([value, columns]) =>
            (await import("/format.js")).valueText(value, "", columns)""",
        [value, DEFINITION["fields"][2]["fields"]],
    )
    assert found == text
