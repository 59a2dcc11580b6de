"""Whatever is killed at whatever moment: views right, and every change pushed soon after.

`SOON_S` is counted from when the part is back, as the guarantee says.
"""

import os
from time import monotonic
from uuid import uuid4

import pytest
from redis import RedisError

from commands.bus import Bus
from commands.envelope import Envelope
from commands.ports import Outcome
from domain.document.commands import CreateDocument
from domain.metadata import Channel
from infra.projecting.runner import LaneRunner
from projections.workspace import WORKSPACE
from tests.e2e.listener import Listener
from tests.e2e.machine import Machine, wait_until

#: Seconds within which a waiting subscriber has what happened, from when everything runs. On a
#: machine with more to do than it has cores, everything takes that much longer.
SOON_S = 2.0


#: What a part logs when it has begun to work: to start a process takes a second of imports.
BEGUN = {"worker": "working, ", "scheduler": "ticking", "gateway": " listens on "}


def _soon_s() -> float:
    return SOON_S * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@pytest.fixture
def listener(machine: Machine):
    with Listener(machine.gateway_url, machine.tokens["aud"], "all") as listener:
        yield listener
    assert not listener.resyncs
    places = [tuple(message["at"]) for message in listener.messages]
    by_lane: dict[int, list[int]] = {}
    for lane, seq in places:
        by_lane.setdefault(lane, []).append(seq)
    for seqs in by_lane.values():
        once = list(dict.fromkeys(seqs))  # twice is allowed after a reconnect, a gap never is
        assert once == list(range(once[0], once[-1] + 1))


def _silently(machine: Machine, title: str) -> Outcome:
    """Append as an API does that dies right after COMMIT: nobody is told."""
    parts = machine.parts
    bus = Bus(parts.log, parts.bus.ports, lambda _: None)
    ann = parts.access.actor("ann")
    assert ann is not None
    command = CreateDocument(uuid4(), "note", {"title": title})
    return bus.handle(Envelope(command, str(uuid4()), ann, machine.now(), Channel.API))


def _pushed_soon(listener: Listener, document: object, since: float) -> None:
    at = listener.wait_for(str(document), 1, 20)
    assert at - since < _soon_s(), f"pushed after {at - since:.2f} s"


def test_an_api_that_dies_after_its_commit_loses_no_wakeup(
    machine: Machine, listener: Listener
) -> None:
    outcome = _silently(machine, "committed, told nobody")
    _pushed_soon(listener, outcome.stream, monotonic())


def test_a_worker_that_dies_between_commit_and_publish_hides_nothing(
    machine: Machine, listener: Listener
) -> None:
    parts = machine.parts
    mute = LaneRunner(WORKSPACE, parts.writing, parts.recorder, parts.codec.recorded, _says_nothing)
    mute_commits = []
    for _ in range(40):  # a running worker may be faster; of so many, the mute one has some
        outcome = _silently(machine, "projected by a mute worker")
        lane = parts.position(outcome).lane
        mute_commits.append(mute.catch_up(lane))
        _pushed_soon(listener, outcome.stream, monotonic())
    assert any(mute_commits)


def _says_nothing(_lane: int, _rows: object) -> None:
    """Publish nothing, as who is killed before it."""


@pytest.mark.parametrize("program", ["worker", "gateway", "scheduler", "api", "redis"])
def test_what_happens_while_a_part_is_dead_is_pushed_when_it_is_back(
    machine: Machine, listener: Listener, program: str
) -> None:
    begun = machine.log_of(program).count(BEGUN.get(program, " "))
    was = machine.kill(program)
    outcome = _silently(machine, f"while the {program} was dead")
    machine.wait_until_back(program, was)
    if program in BEGUN:
        wait_until(
            lambda: machine.log_of(program).count(BEGUN[program]) > begun, f"{program} works again"
        )
    _wait_until_it_answers(machine, program)
    if program == "gateway":  # clients come back after a random wait: not all at once
        wait_until(lambda: listener.is_connected, "the listener is connected")
    _pushed_soon(listener, outcome.stream, monotonic())
    note = machine.a_note(f"after the {program} came back")
    _pushed_soon(listener, note["document"], monotonic())


def _wait_until_it_answers(machine: Machine, program: str) -> None:
    if program == "api":
        with machine.client("ann") as ann:
            ann.get("/v1/me")
    if program == "redis":
        wait_until(lambda: _pings(machine), "Redis answers")


def _pings(machine: Machine) -> bool:
    try:
        return bool(machine.parts.redis.ping())
    except RedisError:
        return False


def test_a_killed_database_loses_nothing_that_was_acknowledged(
    machine: Machine, listener: Listener
) -> None:
    before = machine.a_note("acknowledged before")
    was = machine.kill("mariadb")
    key = str(uuid4())
    machine.wait_until_back("mariadb", was)
    after = machine.a_note("sent while it was away", key)
    again = machine.a_note("sent while it was away", key)
    assert again["document"] == after["document"]
    assert again["repeated"]
    for note in (before, after):
        listener.wait_for(note["document"], 1, 20)


def test_after_all_this_the_views_are_what_the_log_says(machine: Machine) -> None:
    outcome = _silently(machine, "the last one")
    assert machine.parts.shows(machine.parts.position(outcome), 10)
    live = machine.rows()
    machine.parts.rebuild(WORKSPACE, lambda _: None)
    assert machine.rows() == live
    assert live["document"]
