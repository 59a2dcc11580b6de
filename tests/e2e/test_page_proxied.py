"""The page behind nginx as infra/deploy has it, over TLS: one host for page, API and gateway."""

import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.browsing import Office, Visitor
from tests.e2e.front import front
from tests.e2e.test_page import entry, task

pytestmark = pytest.mark.skipif(
    not Path("/usr/sbin/nginx").exists(),
    reason="nginx is not on this machine (package nginx-light)",
)


def test_the_page_works_over_tls_with_a_secure_cookie(office: Office) -> None:
    title = "A kiln behind a proxy"
    with (
        tempfile.TemporaryDirectory(prefix="ringi-nginx-", dir="/tmp") as folder,
        front(office.machine, Path(folder)) as served,
    ):
        context = office.browser.new_context(ignore_https_errors=True)
        try:
            lead = Visitor(context.new_page(), f"https://127.0.0.1:{served.tls_port}")
            lead.sign_in(office.tokens["haru"])
            (cookie,) = context.cookies()
            assert cookie["name"] == "__Host-ringi_session"
            assert (cookie["secure"], cookie["httpOnly"]) == (True, True)
            assert cookie["sameSite"] == "Strict"
            document = office.submitted(subject=title)
            expect(task(lead.page, title)).to_be_visible()
            lead.open(document)
            lead.page.get_by_role("button", name="Approve").click()
            expect(entry(lead.page, "approved")).to_be_visible()
            assert f"wss://127.0.0.1:{served.tls_port}/ws" in lead.asked
            lead.page.get_by_role("button", name="Sign out").click()
            expect(lead.page.get_by_label("Your token")).to_be_visible()
            assert context.cookies() == []
            assert lead.errors == []
        finally:
            context.close()
