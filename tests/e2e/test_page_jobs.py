"""A background job has a place of its own on the page."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

from playwright.sync_api import expect

from domain.actor import Actor
from domain.job.commands import RequestJob
from tests.builders import an_envelope
from tests.e2e.browsing import Office
from tests.e2e.machine import Machine, children, wait_until


@contextmanager
def nobody_works(machine: Machine) -> Iterator[None]:
    """Hold the process of jobs, with its children."""
    pid = machine.program("jobs").pid
    assert pid
    held = [pid, *children(pid)]
    try:
        for each in held:
            os.kill(each, signal.SIGSTOP)
        yield
    finally:
        for each in held:
            os.kill(each, signal.SIGCONT)


def test_a_job_is_followed_from_its_link_to_its_file(office: Office, tmp_path: Path) -> None:
    document = office.submitted(subject="A kiln to be filed")
    with office.visitor() as asker:
        page = asker.page
        with nobody_works(office.machine), office.machine.client("emil") as emil:
            body = {"kind": "pdf", "parameters": {"document": document}}
            job = emil.command("POST", "/v1/jobs", body)["job"]
            page.goto(f"{asker.url}/#/jobs/{job}")
            page.get_by_label("Your token").fill(office.tokens["emil"])
            page.get_by_role("button", name="Sign in").click()
            expect(page.locator("article .status")).to_have_text("Queued")
            expect(page.get_by_role("heading", name="PDF: A kiln to be filed")).to_be_visible()
            expect(page.locator("#connection")).to_be_hidden()
            expect(page.get_by_role("link", name="Download the file")).to_have_count(0)
        expect(page.locator("article .status")).to_have_text("Ready", timeout=30_000)
        page.set_viewport_size({"width": 320, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        with page.expect_download() as downloading:
            page.get_by_role("link", name="Download the file").click()
        target = tmp_path / "paper.pdf"
        downloading.value.save_as(target)
        assert target.read_bytes().startswith(b"%PDF-")
        page.get_by_role("link", name="To the document").click()
        expect(page.get_by_role("heading", name="A kiln to be filed", exact=True)).to_be_visible()
        assert asker.errors == []


def test_a_job_that_failed_says_why_and_can_be_tried_again(office: Office) -> None:
    note = office.machine.a_note("none of Emil's business")["document"]
    job = uuid4()
    command = RequestJob(job, "pdf", {"document": note})
    envelope = an_envelope(command, Actor("emil"), str(job), at=office.machine.now())
    office.machine.parts.bus.handle(envelope)
    wait_until(lambda: attempts_of_failed(office, job) == 1, "it has failed")
    with office.machine.client("emil") as emil:
        error = emil.get(f"/v1/jobs/{job}")["error"]
    with office.visitor("emil") as asker:
        page = asker.page
        page.goto(f"{asker.url}/#/jobs/{job}")
        expect(page.locator("article .status")).to_have_text("Failed")
        expect(page.locator("article")).to_contain_text(f"It could not be made: {error}")
        page.get_by_role("button", name="Try it again").click()
        wait_until(lambda: attempts_of_failed(office, job) == 2, "it was tried again")
        expect(page.locator("article .status")).to_have_text("Failed")
        assert [each for each in asker.errors if "403" not in each] == [], "its document is not his"


def attempts_of_failed(office: Office, job: UUID) -> int:
    with office.machine.client("emil") as emil:
        failed = {each["job"]: each["attempt"] for each in emil.items("/v1/jobs", state="failed")}
    return int(failed.get(str(job), 0))


def test_a_job_of_others_is_not_shown(office: Office) -> None:
    with office.machine.client("emil") as emil:
        outcome = emil.command(
            "POST", "/v1/jobs", {"kind": "export", "parameters": {"format": "csv"}}
        )
        emil.get("/v1/me", after_position=outcome["position"])
    with office.visitor("noor") as treasurer, office.visitor("emil") as asker:
        treasurer.page.goto(f"{treasurer.url}/#/jobs/{outcome['job']}")
        expect(treasurer.page.get_by_role("heading", name="Not to be shown")).to_be_visible()
        asker.page.goto(f"{asker.url}/#/jobs/{outcome['job']}")
        expect(asker.page.get_by_role("heading", name="CSV export")).to_be_visible()
        expect(asker.page.locator("article .status")).to_have_text("Ready", timeout=30_000)
