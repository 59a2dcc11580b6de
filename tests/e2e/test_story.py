"""The main job, as its users do it: over HTTP and the gateway, with the command line beside."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api.client import ProblemError
from projections.registry import PROJECTIONS
from tests.e2e.listener import Listener
from tests.e2e.machine import Machine

RINGI = Path(sys.executable).with_name("ringi")


def ringi(machine: Machine, *arguments: str) -> str:
    """Return what the command line prints."""
    done = subprocess.run(
        [RINGI, *arguments],
        env={**machine.installation.environ, "RINGI_HOME": str(machine.installation.home.folder)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_request_goes_from_draft_to_approved_before_everybodys_eyes(machine: Machine) -> None:
    with (
        Listener(machine.gateway_url, machine.tokens["cho"], "inbox:cho") as inbox,
        Listener(machine.gateway_url, machine.tokens["aud"], "type:note") as dashboard,
        machine.client("ann") as ann,
        machine.client("cho") as cho,
    ):
        note = machine.a_note("a story")
        path = f"/v1/documents/{note['document']}"
        submitted = ann.command("POST", f"{path}/submit", expected_version=1)
        inbox.wait_for(note["document"], submitted["version"], 10)
        (task,) = [
            each
            for each in cho.get("/v1/inbox", after_position=submitted["position"])["items"]
            if each["document"] == note["document"]
        ]
        assert task["why"] == "the definition names the role chief"
        revision = cho.get(path)["revision"]
        approved = cho.command("POST", f"{path}/approve", {"revision": revision})
        dashboard.wait_for(note["document"], approved["version"], 10)
        inbox.wait_for(note["document"], submitted["version"] + 1, 10)

    told = [each for each in dashboard.messages if each["document"] == note["document"]]
    assert [each["type"] for each in told] == [
        "document.created",
        "document.submitted",
        "document.step_started",
        "document.slot_approved",
        "document.step_ended",
        "document.approved",
    ]
    assert _folded(told) == {
        name: value
        for name, value in ann.get(path, after_position=approved["position"]).items()
        if name not in {"place", "position"}
    }


def _folded(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the document that a client has who applied every push."""
    document: dict[str, Any] = {}
    for message in messages:
        document |= message["data"]["document"]
    return document


def test_the_auditor_replays_what_was_known_at_a_position(machine: Machine) -> None:
    note = machine.a_note("to be replayed")
    with machine.client("ann") as ann:
        submitted = ann.command("POST", f"/v1/documents/{note['document']}/submit")
    whole = json.loads(ringi(machine, "replay", note["document"], "--json"))
    assert [each["type"] for each in whole["events"]] == [
        "document.created",
        "document.submitted",
        "document.step_started",
    ]
    assert whole["state"]["status"] == "pending"
    assert whole["events"][-1]["version"] == submitted["version"]
    then = json.loads(
        ringi(machine, "replay", note["document"], "--at", note["position"], "--json")
    )
    assert [each["version"] for each in then["events"]] == [1]
    assert then["state"]["status"] == "draft"


def test_the_demo_runs_and_runs_again(machine: Machine) -> None:
    for _ in range(2):
        shown = ringi(machine, "demo")
        assert "document.approved  by fay" in shown
        assert "opens finance's task" in shown
        assert "Ringi is up already." in shown


def test_a_slip_in_a_login_makes_nobody(machine: Machine) -> None:
    done = subprocess.run(
        [RINGI, "token", "evva"],
        env={**machine.installation.environ, "RINGI_HOME": str(machine.installation.home.folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "ringi: there is no evva; give --role to add a person\n"
    with machine.client("root") as root, pytest.raises(ProblemError, match="no person"):
        root.get("/v1/people/evva")


def test_a_replay_beyond_the_log_or_of_another_history_is_refused(machine: Machine) -> None:
    note = machine.a_note("to be asked for oddly")
    for at, said in ((str(2**40), "the log ends at"), ("deadbeef.0.1", "another history")):
        done = subprocess.run(
            [RINGI, "replay", note["document"], "--at", at],
            env={
                **machine.installation.environ,
                "RINGI_HOME": str(machine.installation.home.folder),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert said in done.stderr


def test_status_shows_every_role_and_lane_without_lag(machine: Machine) -> None:
    note = machine.a_note("to be counted")
    with machine.client("ann") as ann:
        ann.get("/v1/me", after_position=note["position"])
    status = json.loads(ringi(machine, "status", "--json"))
    assert status["up"]
    assert (status["API"], status["gateway"]) == (machine.api_url, machine.gateway_url)
    assert {each["name"] for each in status["programs"]} == {
        "mariadb",
        "redis",
        "api",
        "worker",
        "jobs",
        "scheduler",
        "gateway",
    }
    assert {(each["projection"], each["lane"]) for each in status["lanes"]} == {
        (projection.name, lane) for projection in PROJECTIONS for lane in range(4)
    }
    assert all(each["lag_events"] == 0 for each in status["lanes"])
    assert {each["projection"]: each["parked"] for each in status["parked"]} == {
        projection.name: 0 for projection in PROJECTIONS
    }


def test_a_rebuild_while_everything_runs_changes_no_answer(machine: Machine) -> None:
    note = machine.a_note("before the rebuild")
    with machine.client("aud") as aud:
        aud.get("/v1/me", after_position=note["position"])
        before = [dict(each) for each in aud.items("/v1/documents", limit=50)]
        shown = ringi(machine, "rebuild", "workspace")
        assert " 0 old tables" not in shown
        assert [dict(each) for each in aud.items("/v1/documents", limit=50)] == before
        after = machine.a_note("after the rebuild")
        found = aud.get(f"/v1/documents/{after['document']}", after_position=after["position"])
    assert found["values"] == {"title": "after the rebuild"}
