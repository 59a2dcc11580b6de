"""Three Redis servers, each killed, kept away and flushed under a small load.

Commands are acknowledged and views move in every case; only what a role alone can do fails, and
says so.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import pytest
import redis

from api.client import ATTEMPTS, ProblemError
from infra.home import Home
from infra.local.installation import Installation
from infra.local.starting import up
from infra.local.stopping import down
from tests.e2e.listener import Listener
from tests.e2e.machine import Machine, an_environ, wait_until

#: Seconds between two commands of the load.
PAUSE_S = 0.05

#: Seconds within which what happened must have been pushed, also without one of the servers.
LATE_S = 10.0


@pytest.fixture(scope="module")
def split() -> Iterator[Machine]:
    """Give an installation of its own, with three Redis servers."""
    with tempfile.TemporaryDirectory(prefix="ringi-split-", dir="/tmp") as folder:
        machine = Machine(Installation(Home(Path(folder) / "home"), an_environ()))
        try:
            up(machine.installation, print, split_redis=True)
            machine.set_up()
            yield machine
        finally:
            machine.parts.close()
            down(machine.installation, print)


class Load:
    """Creates notes, one after the other, and remembers what was acknowledged."""

    def __init__(self, machine: Machine) -> None:
        self.acknowledged: list[str] = []
        self.failure: Exception | None = None
        self._machine = machine
        self._stop = Event()

    def run(self) -> None:
        with self._machine.client("ann") as ann:
            while not self._stop.wait(PAUSE_S):
                note = {"definition": "note", "values": {"title": "under load"}}
                try:
                    outcome = ann.command("POST", "/v1/documents", note)
                except Exception as error:  # noqa: BLE001  # shown where the test ends
                    self.failure = error
                    return
                self.acknowledged.append(outcome["document"])

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = Thread(target=self.run)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(30)

    def goes_on(self, more: int = 10) -> None:
        """Wait until so many further commands are acknowledged."""
        wanted = len(self.acknowledged) + more
        wait_until(lambda: len(self.acknowledged) >= wanted or self.failure, "commands go on")
        assert self.failure is None, repr(self.failure)


@contextmanager
def away(machine: Machine, program: str) -> Iterator[None]:
    """Keep a server away for the block."""
    supervisor = machine.installation.supervisor
    wait_until(lambda: machine.program(program).state == "RUNNING", f"{program} is there")
    supervisor.stop(program)
    wait_until(lambda: machine.program(program).state == "STOPPED", f"{program} is away")
    try:
        yield
    finally:
        supervisor.start(program)
        wait_until(lambda: machine.program(program).state == "RUNNING", f"{program} is back")


def a_push_comes(machine: Machine, listener: Listener, within_s: float) -> None:
    note = machine.a_note("while something is away")
    listener.wait_for(note["document"], 1, within_s)


@pytest.mark.parametrize("program", ["redis", "redis-pubsub", "redis-cache"])
def test_without_one_of_the_servers_commands_and_pushes_go_on_and_nothing_is_lost(
    split: Machine, program: str
) -> None:
    load = Load(split)
    with Listener(split.gateway_url, split.tokens["aud"], "all") as listener:
        with load.running():
            load.goes_on()
            was = split.kill(program)
            load.goes_on()
            split.wait_until_back(program, was)
            with away(split, program):
                load.goes_on()
                a_push_comes(split, listener, LATE_S)
                _reads_its_own_writes(split)
            load.goes_on()
            a_push_comes(split, listener, LATE_S)
        for document in load.acknowledged:
            listener.wait_for(document, 1, LATE_S)
    assert len(load.acknowledged) >= 40
    assert not listener.resyncs


def _reads_its_own_writes(machine: Machine) -> None:
    note = machine.a_note("to be read at once")
    with machine.client("ann") as ann:
        found = ann.get(f"/v1/documents/{note['document']}", after_position=note["position"])
    assert found["values"] == {"title": "to be read at once"}


def test_without_the_cache_tickets_are_refused_with_when_to_try_again_and_then_given(
    split: Machine,
) -> None:
    with split.client("ann") as ann:
        with away(split, "redis-cache"):
            began = monotonic()
            with pytest.raises(ProblemError) as refused:
                ann.command("POST", "/v1/tickets")
            assert refused.value.status == 503
            assert refused.value.type == "urn:ringi:problem:unavailable"
            assert monotonic() - began < ATTEMPTS * 5
        assert ann.command("POST", "/v1/tickets")["ticket"]


def test_a_flushed_cache_costs_the_tickets_in_it_and_nothing_else(split: Machine) -> None:
    with split.client("ann") as ann:
        lost = ann.command("POST", "/v1/tickets")["ticket"]
        with redis.from_url(split.settings.cache_url) as cache:
            cache.flushall()
        assert split.parts.tickets.redeem(lost) is None
        given = ann.command("POST", "/v1/tickets")["ticket"]
        credential = split.parts.access.redeem(given)
        assert credential is not None
        holder = split.parts.access.holder(credential)
        assert holder is not None
        assert holder.login == "ann"
        assert ann.get("/v1/me")["login"] == "ann"


def test_flushed_queues_cost_a_moment_and_no_event(split: Machine) -> None:
    with Listener(split.gateway_url, split.tokens["aud"], "all") as listener:
        with redis.from_url(split.settings.broker_url) as queues:
            note = split.a_note("just before")
            queues.flushall()
        listener.wait_for(note["document"], 1, LATE_S)
        a_push_comes(split, listener, LATE_S)
    assert not listener.resyncs
