"""Every process and every server but the primary is killed under a small load, one after another.

Whatever was acknowledged is there, each job was done once, no mail came twice, replicas serve
again, and the page is right in the end. (The primary's turn is in `test_killed`.)
"""

import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Browser, Playwright, expect

from domain.document.events import DocumentApproved, DocumentCreated, DocumentSubmitted
from domain.job.events import JobSucceeded
from infra.home import Home
from infra.local.installation import Installation
from infra.local.starting import up
from infra.local.stopping import down
from infra.mail.overview import counts
from infra.replicas.report import replica_rows
from projections.workspace import WORKSPACE
from tests.e2e.browsing import Office
from tests.e2e.machine import Machine, an_environ, wait_until
from tests.mail_server import MailServer, a_mail_server

#: Clients at work all the time.
CLIENTS = 3

#: Every how many approvals a client asks for a job.
JOB_EVERY = 3

#: Commands that are acknowledged between two kills, at least: the load goes on meanwhile.
BETWEEN = 6

MORTALS = (
    "api",
    "gateway",
    "worker",
    "jobs",
    "scheduler",
    "redis",
    "redis-pubsub",
    "redis-cache",
    "replica1",
)


@dataclass
class Client:
    """Somebody who lets notes be approved, and remembers what was acknowledged."""

    machine: Machine
    notes: dict[str, int] = field(default_factory=dict)
    """By document, the version that was acknowledged."""
    jobs: list[str] = field(default_factory=list)
    acknowledged: int = 0
    failure: BaseException | None = None

    def run(self, stop: Event) -> None:
        try:
            with self.machine.client("ann") as ann, self.machine.client("cho") as cho:
                while not stop.is_set():
                    self._approval(ann, cho)
                    if len(self.notes) % JOB_EVERY == 0:
                        body = {"kind": "export", "parameters": {"format": "csv"}}
                        self.jobs.append(self._told(ann.command("POST", "/v1/jobs", body), "job"))
        except BaseException as error:  # noqa: BLE001  # the test tells of it
            self.failure = error

    def _approval(self, ann: Any, cho: Any) -> None:
        body = {"definition": "note", "values": {"title": f"note {uuid4().hex[:6]}"}}
        document = self._told(ann.command("POST", "/v1/documents", body), "document")
        path = f"/v1/documents/{document}"
        submitted = ann.command("POST", f"{path}/submit")
        self._told(submitted, "document")
        seen = cho.get(path, after_position=submitted["position"])
        assert seen["version"] >= submitted["version"], "an answer older than asked for"
        approved = cho.command("POST", f"{path}/approve", {"revision": seen["revision"]})
        self._told(approved, "document")
        self.notes[document] = approved["version"]

    def _told(self, outcome: Mapping[str, Any], name: str) -> str:
        self.acknowledged += 1
        return str(outcome[name])


@pytest.fixture(scope="module")
def post() -> Iterator[MailServer]:
    with a_mail_server() as server:
        yield server


@pytest.fixture(scope="module")
def whole(post: MailServer) -> Iterator[Machine]:
    """Give a machine with every part of its own: a replica, a Redis for each role, real mail."""
    with tempfile.TemporaryDirectory(prefix="ringi-dies-", dir="/tmp") as folder:
        environ = {**an_environ(), "RINGI_SMTP_URL": post.url}
        machine = Machine(Installation(Home(Path(folder) / "home"), environ))
        try:
            up(machine.installation, print, split_redis=True, replicas=1)
            machine.set_up()
            with machine.client("root") as root:
                for login in ("ann", "cho"):
                    body = {"address": f"{login}@example.org"}
                    root.command("PUT", f"/v1/people/{login}/address", body)
            yield machine
        finally:
            machine.parts.close()
            down(machine.installation, print)


@contextmanager
def a_load(machine: Machine) -> Iterator[list[Client]]:
    clients = [Client(machine) for _ in range(CLIENTS)]
    stop = Event()
    threads = [Thread(target=client.run, args=(stop,)) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield clients
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


def test_what_was_acknowledged_survives_the_death_of_everything(
    whole: Machine, post: MailServer, chromium: tuple[Playwright, Browser]
) -> None:
    office = Office(whole, *chromium, tokens=whole.tokens)
    with office.visitor("cho") as cho:
        order = list(MORTALS)
        random.Random(4).shuffle(order)  # any order must do; a failure can be had again
        with a_load(whole) as clients:
            for name in order:
                progress(clients, BETWEEN)
                was = whole.kill(name)
                whole.wait_until_back(name, was)
            progress(clients, BETWEEN)
        assert [client.failure for client in clients] == [None] * CLIENTS
        left = dict(waiting_note(whole) for _ in range(3))
        wait_until(lambda: in_the_inbox(whole) >= left.keys(), "the inbox has what waits", 60)
        for title in left.values():
            expect(cho.page.locator("#list").get_by_role("link", name=title)).to_be_visible(
                timeout=30_000
            )
        expect(cho.page.locator("#list").get_by_role("link", name="note")).to_have_count(
            len(left), timeout=30_000
        )
    everything_acknowledged_is_there(whole, clients)
    every_job_was_done_once(whole, clients)
    notes, jobs = (sum(len(each) for each in found) for found in work(clients))
    no_mail_came_twice(whole, post, expected=2 * notes + len(left) + jobs)
    wait_until(lambda: in_use(whole), "the replica serves again", 60)
    views_are_what_the_log_says(whole)


def progress(clients: list[Client], commands: int) -> None:
    """Wait until the clients were told so much more."""
    before = sum(client.acknowledged for client in clients)
    wait_until(
        lambda: (
            sum(client.acknowledged for client in clients) >= before + commands
            or any(client.failure for client in clients)
        ),
        f"commands are acknowledged: {[client.failure for client in clients]}",
        60,
    )


def waiting_note(machine: Machine) -> tuple[str, str]:
    """Submit a note that nobody decides, and return its document and its title."""
    title = f"waits {uuid4().hex[:6]} note"
    document = machine.a_note(title)["document"]
    with machine.client("ann") as ann:
        ann.command("POST", f"/v1/documents/{document}/submit")
    return document, title


def in_the_inbox(machine: Machine) -> set[str]:
    with machine.client("cho") as cho:
        return {str(each["document"]) for each in cho.items("/v1/inbox")}


def everything_acknowledged_is_there(machine: Machine, clients: list[Client]) -> None:
    for client in clients:
        assert client.notes
        for document, version in client.notes.items():
            history = machine.parts.log.load(UUID(document))
            assert len(history) >= version
            kinds = Counter(type(each.event) for each in history)
            once = (DocumentCreated, DocumentSubmitted, DocumentApproved)
            assert {kind: kinds[kind] for kind in once} == dict.fromkeys(once, 1)


def every_job_was_done_once(machine: Machine, clients: list[Client]) -> None:
    asked = {job for client in clients for job in client.jobs}
    assert asked

    def ends() -> Counter[str]:
        return Counter(
            job
            for job in asked
            for each in machine.parts.log.load(UUID(job))
            if isinstance(each.event, JobSucceeded)
        )

    wait_until(lambda: ends().keys() == asked, "every job has succeeded", 90)
    assert set(ends().values()) == {1}


def work(clients: list[Client]) -> tuple[list[Any], list[Any]]:
    return [client.notes for client in clients], [client.jobs for client in clients]


def no_mail_came_twice(machine: Machine, post: MailServer, expected: int) -> None:
    """Each task, decision and end of a job is one mail, or one that is shown as uncertain."""

    def ended() -> int:
        found = counts(machine.parts.writing)
        return found["sent"] + found["uncertain"]

    wait_until(lambda: ended() == expected, f"{expected} mails were tried to their end", 90)
    found = counts(machine.parts.writing)
    ids = Counter(str(mail["Message-ID"]) for mail in post.mails)
    assert ids
    assert set(ids.values()) == {1}
    assert found["sent"] <= len(ids) <= found["sent"] + found["uncertain"]


def in_use(machine: Machine) -> bool:
    return [row["state"] for row in replica_rows(machine.parts.router)] == ["in use"]


def views_are_what_the_log_says(machine: Machine) -> None:
    outcome = machine.a_note("the last one")
    with machine.client("aud") as aud:
        aud.get("/v1/me", after_position=outcome["position"])
    live = machine.rows()
    machine.parts.rebuild(WORKSPACE, lambda _: None)
    assert machine.rows() == live
