"""The page while something behind it is away: it says so, and is right when it is back."""

import json
from collections.abc import Callable

from playwright.sync_api import Route, WebSocketRoute, expect

from tests.e2e.browsing import Office
from tests.e2e.machine import Machine, wait_until
from tests.e2e.test_page import entry, task


def stop(machine: Machine, name: str) -> None:
    machine.installation.supervisor.stop(name)
    wait_until(lambda: machine.program(name).state in {"STOPPED", "EXITED"}, f"{name} has ended")


def start(machine: Machine, name: str, answers: Callable[[], object]) -> None:
    machine.installation.supervisor.start(name)
    wait_until(lambda: machine.program(name).state == "RUNNING", f"{name} runs")
    wait_until(answers, f"{name} answers")


def test_a_gateway_that_restarts_is_told_and_nothing_is_missed(office: Office) -> None:
    machine = office.machine
    document = office.submitted(subject="A kiln during a restart")
    with office.visitor("haru") as lead, office.visitor("emil") as asker:
        lead.open(document)
        asker.open(document)
        notices = [visitor.page.locator("#connection") for visitor in (lead, asker)]
        box = lead.page.get_by_label("Comment, or reason")
        box.fill("Kept over the break")
        stop(machine, "gateway")
        try:
            for notice in notices:
                expect(notice).to_contain_text("onnecting")
            with machine.client("emil") as emil:
                emil.command("POST", f"/v1/documents/{document}/comments", {"text": "Meanwhile."})
            other = office.submitted(subject="A kiln that came meanwhile")
        finally:
            start(machine, "gateway", lambda: machine.program("gateway").pid)
        for notice in notices:
            expect(notice).to_be_hidden(timeout=40_000)
        for visitor in (lead, asker):
            expect(entry(visitor.page, "Meanwhile.")).to_have_count(1)
        expect(task(lead.page, "A kiln that came meanwhile")).to_be_visible()
        expect(box).to_have_value("Kept over the break")
        lead.page.get_by_role("button", name="Approve").click()
        expect(entry(asker.page, "approved")).to_contain_text("Kept over the break")
        office.decide("haru", other, "approve")
        expect(task(lead.page, "A kiln that came meanwhile")).to_have_count(0)


def test_who_acts_while_the_gateway_is_away_sees_what_they_did(office: Office) -> None:
    machine = office.machine
    document = office.submitted(subject="A kiln without a gateway")
    with office.visitor("haru") as lead:
        lead.open(document)
        stop(machine, "gateway")
        try:
            expect(lead.page.locator("#connection")).to_contain_text("onnecting")
            lead.page.get_by_role("button", name="Approve").click()
            expect(lead.page.get_by_label("Line manager: approved")).to_be_visible()
        finally:
            start(machine, "gateway", lambda: machine.program("gateway").pid)


def test_an_api_that_is_away_is_told_and_what_was_pressed_is_done_once(office: Office) -> None:
    machine = office.machine
    document = office.submitted(subject="A kiln while nobody answers")
    with office.visitor("haru") as lead:
        lead.open(document)
        stop(machine, "api")
        try:
            lead.page.get_by_role("button", name="Approve").click()
            expect(lead.page.locator("#connection")).to_contain_text("The server does not answer")
        finally:
            start(machine, "api", lambda: machine.client("root").get("/v1/me"))
        outcome = lead.page.locator("#outcome")
        expect(outcome).to_be_visible(timeout=40_000)
        if "not known" in outcome.inner_text():  # it was away for longer than is tried
            lead.page.get_by_role("button", name="Approve").click()
        expect(outcome).to_have_text("You approved it.")
        expect(lead.page.locator("#connection")).to_be_hidden(timeout=40_000)
        expect(lead.page.get_by_label("Line manager: approved")).to_be_visible()
    with machine.client("haru") as haru:
        types = [each["type"] for each in haru.items(f"/v1/documents/{document}/timeline")]
    assert types.count("document.slot_approved") == 1


def test_a_list_that_could_not_be_read_once_is_read_again(office: Office) -> None:
    sockets, refused = [], []

    def follow(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    def refuse_once(route: Route) -> None:
        if refused:
            route.continue_()
            return
        refused.append(route.request.url)
        route.fulfill(status=500, content_type="application/problem+json", body="{}")

    with office.visitor() as lead:
        lead.page.route_web_socket("**/ws", follow)
        lead.sign_in(office.tokens["haru"])
        office.submitted(subject="A kiln before a refusal")
        expect(task(lead.page, "A kiln before a refusal")).to_be_visible()
        lead.page.route("**/v1/inbox*", refuse_once)
        lost = {"reason": "too-far-behind", "since": {"epoch": "", "lanes": {}}}
        sockets[-1].send(json.dumps({"topic": "inbox:haru", "resync": lost}))
        wait_until(lambda: refused or lead.page.wait_for_timeout(20), "the list was refused")
        office.submitted(subject="A kiln after a refusal")
        expect(task(lead.page, "A kiln after a refusal")).to_be_visible()


def test_a_title_that_could_not_be_read_at_first_is_shown_later(office: Office) -> None:
    """A push may be ahead of the server that is asked next: it has no such document yet."""
    refused = set()

    def refuse_once(route: Route) -> None:
        url = route.request.url
        if url in refused:
            route.continue_()
            return
        refused.add(url)
        route.fulfill(status=404, content_type="application/problem+json", body="{}")

    with office.visitor("haru") as lead:
        lead.page.route("**/v1/documents/*-*", refuse_once)
        office.submitted(subject="A kiln ahead of its server")
        expect(task(lead.page, "A kiln ahead of its server")).to_be_visible()
        assert refused
