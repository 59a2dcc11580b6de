"""A replica that stands still, stops, is killed, hangs or comes back, while clients read."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from tests.integration.observing import rows, wait_until
from tests.replica_world import Replicated, replicated_company
from tests.servers import ReplicaPair


@pytest.fixture(scope="module")
def world(pair: ReplicaPair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicated]:
    folder = Path(tmp_path_factory.mktemp("redis"))
    with replicated_company(pair, folder, "replica_faults") as world:
        yield world


@dataclass
class Clients:
    """One who writes, with the views right behind, and two who read while anything happens.

    Each reader asks for what was just acknowledged, or for the next page of what it saw, and notes
    every answer that is an error, or is older than it asked for.
    """

    world: Replicated
    document: str
    done: Event = field(default_factory=Event)
    faults: list[str] = field(default_factory=list)
    answers: int = 0
    written: tuple[int, str] = (1, "")

    def write(self) -> None:
        path = f"/v1/documents/{self.document}/comments"
        while not self.done.is_set():
            said = self.world.ok("POST", path, by="ann", body={"text": "more"})
            self.world.pump()
            self.written = said["version"], said["position"]

    def read(self) -> None:
        while not self.done.is_set():
            version, position = self.written
            wish = f"after_position={position}" if position else ""
            self._expect(version, f"/v1/documents/{self.document}?{wish}", lambda found: found)
            for path in ("timeline", "events"):
                page = f"/v1/documents/{self.document}/{path}?limit=200"
                self._expect(version, f"{page}&{wish}", lambda found: found["items"][-1])
            self._walk(version, f"/v1/documents/{self.document}/timeline?limit=1", wish)

    def _walk(self, version: int, path: str, wish: str) -> None:
        """Ask for a first page as fresh as can be, and for the next one as it comes."""
        first = self._expect(1, f"{path}&{wish}", lambda found: found["items"][-1])
        if first and first["next"] is None and version > 1:
            self.faults.append("a first page had no next one")
        if first and first["next"]:
            self._expect(2, f"{path}&cursor={first['next']}", lambda found: found["items"][-1])

    def _expect(self, version: int, path: str, of: Callable[[Any], Any]) -> Any:
        answer = self.world.call("GET", path, by="ann")
        if answer.status_code != 200:
            self.faults.append(f"{path}: {answer.status_code} {answer.text}")
            return None
        if of(answer.json)["version"] < version:
            self.faults.append(f"{path}: older than version {version}: {answer.text[-200:]}")
        self.answers += 1
        return answer.json


@contextmanager
def clients_at_work(world: Replicated) -> Iterator[Clients]:
    clients = Clients(world, world.draft())
    threads = [Thread(target=each) for each in (clients.write, clients.read, clients.read)]
    for thread in threads:
        thread.start()
    try:
        yield clients
    finally:
        clients.done.set()
        for thread in threads:
            thread.join()


def stand_still(world: Replicated) -> None:
    rows(world.server, "STOP SLAVE SQL_THREAD")


def receive_nothing(world: Replicated) -> None:
    rows(world.server, "STOP SLAVE IO_THREAD")


def hang(world: Replicated) -> None:
    os.kill(world.server.pid or 0, signal.SIGSTOP)


def go_on(world: Replicated) -> None:
    os.kill(world.server.pid or 0, signal.SIGCONT)


def follow_again(world: Replicated) -> None:
    rows(world.server, "START SLAVE")


Act = Callable[[Replicated], object]

FAULTS: Mapping[str, tuple[Act, Act]] = {
    "stands still": (stand_still, follow_again),
    "receives nothing": (receive_nothing, follow_again),
    "stopped": (lambda world: world.server.stop(), lambda world: world.server.start()),
    "killed": (lambda world: world.server.kill(), lambda world: world.server.start()),
    "hangs": (hang, go_on),
    "ends its connections": (
        lambda world: [
            rows(world.server, f"KILL {number}")
            for (number,) in rows(
                world.server,
                "SELECT id FROM information_schema.processlist WHERE user = 'ringi_application'",
            )
        ],
        lambda _world: None,
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_clients_see_no_error_and_nothing_older_than_they_asked_for(
    world: Replicated, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.waiting.REPLICA_WAIT_S", 0.1)
    world.wait_until_used()
    break_it, mend_it = FAULTS[fault]
    with clients_at_work(world) as clients:
        reads = world.reads
        wait_until(lambda: world.reads > reads + 10, "clients read from the replica")
        try:
            break_it(world)
            answers = clients.answers
            wait_until(lambda: clients.answers > answers + 20, "clients read all the same")
        finally:
            mend_it(world)
        reads = world.reads
        wait_until(lambda: world.reads > reads + 10, "the replica answers again, by itself")
    assert clients.faults == []
    world.wait_until_used()


def test_a_replica_that_comes_and_goes_costs_no_answer(world: Replicated) -> None:
    with clients_at_work(world) as clients:
        for _ in range(3):
            answers = clients.answers
            world.server.kill()
            wait_until(lambda at=answers: clients.answers > at + 5, "clients read")
            world.server.start()
            wait_until(world.in_use, "the replica is in use")
    assert clients.faults == []
    assert world.fallbacks() > 0
    world.wait_until_used()
