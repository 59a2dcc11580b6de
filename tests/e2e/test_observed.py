"""What an operator sees of a running Ringi: metrics of every role, one id through every log."""

import json
from http.client import HTTPConnection
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.listener import Listener
from tests.e2e.machine import Machine, wait_until
from tests.e2e.test_story import ringi


def scraped(address: str) -> dict[str, Metric]:
    with urlopen(address, timeout=30) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return {family.name: family for family in families}


def total(family: Metric, **labels: str) -> float:
    """Return the sum of the samples that count, of these labels."""
    return sum(
        sample.value
        for sample in family.samples
        if not sample.name.endswith(("_bucket", "_sum")) and labels.items() <= sample.labels.items()
    )


def lines_of(machine: Machine, program: str, word: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in machine.log_of(program).splitlines() if word in line]


def sent(machine: Machine, path: str, body: object, talk: str) -> tuple[dict[str, Any], str | None]:
    """Send a command under the name `talk`; return the answer's body and the name in it."""
    connection = HTTPConnection(machine.settings.api_host, machine.settings.api_port, timeout=30)
    try:
        headers = {
            "Authorization": f"Bearer {machine.tokens['ann']}",
            "Content-Type": "application/json",
            "X-Correlation-ID": talk,
        }
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        found = json.loads(answer.read())
        assert answer.status < 300, found
        return found, answer.headers["X-Correlation-ID"]
    finally:
        connection.close()


def test_one_id_leads_from_the_request_through_every_log_to_the_message_on_the_socket(
    machine: Machine,
) -> None:
    talk = f"case-{uuid4().hex}"
    with Listener(machine.gateway_url, machine.tokens["aud"], "all") as everything:
        body = {"definition": "note", "values": {"title": "to be followed"}}
        done, echoed = sent(machine, "/v1/documents", body, talk)
        assert echoed == talk
        everything.wait_for(done["document"], 1, 20)
    (told,) = [each for each in everything.messages if each["document"] == done["document"]]
    assert told["correlation"] == talk
    for program in ("api", "worker", "gateway"):
        wait_until(lambda program=program: lines_of(machine, program, talk), f"{program} logs it")
    (access,) = [
        line for line in lines_of(machine, "api", talk) if line["logger"] == "ringi.access"
    ]
    assert (access["message"], access["status"]) == ("POST /v1/documents", 201)
    assert access["correlation_id"] == talk
    assert any(talk in line["correlation_ids"] for line in lines_of(machine, "worker", talk))
    assert {line["correlation_id"] for line in lines_of(machine, "gateway", talk)} == {talk}


def test_a_job_belongs_to_the_conversation_in_which_it_was_asked_for(machine: Machine) -> None:
    talk = f"case-{uuid4().hex}"
    done, _ = sent(machine, "/v1/jobs", {"kind": "export", "parameters": {"format": "csv"}}, talk)
    wait_until(lambda: lines_of(machine, "jobs", talk), "the process of jobs logs it", 60)
    (line,) = lines_of(machine, "jobs", talk)
    assert done["job"] in line["message"]


def test_every_role_shows_its_metrics(machine: Machine) -> None:
    note = machine.a_note("to be counted")
    with machine.client("ann") as ann:
        ann.get("/v1/me", after_position=note["position"])
    status = json.loads(ringi(machine, "status", "--json"))
    shown = {each["name"]: each["metrics"] for each in status["programs"]}
    found = {name: scraped(address) for name, address in shown.items() if address}
    assert found.keys() == {"api", "worker", "jobs", "scheduler", "gateway"}
    for families in found.values():
        assert total(families["ringi_process_memory_bytes"]) > 10_000_000
    api = found["api"]
    created = {"method": "POST", "route": "/v1/documents", "status": "201"}
    assert total(api["ringi_http_requests"], **created) >= 1
    assert total(api["ringi_commands"], outcome="done") >= 1
    assert total(api["ringi_append_seconds"]) >= 1
    assert total(api["ringi_processes"]) == 2  # gunicorn's master, and one process
    assert total(found["worker"]["ringi_projected_events"], projection="workspace") >= 1
    assert total(found["gateway"]["ringi_gateway_rows"]) >= 1
    assert total(found["scheduler"]["ringi_schedule_runs"], outcome="done") >= 1
    assert total(found["scheduler"]["ringi_database_up"]) == 1
    assert "ringi_projection_lag_events" in found["scheduler"]


def test_a_status_shows_what_the_scheduler_did_last(machine: Machine) -> None:
    def entries() -> dict[str, Any]:
        status = json.loads(ringi(machine, "status", "--json"))
        return {each["entry"]: each for each in status["schedule"]}

    wait_until(lambda: len(entries()) >= 7, "every entry ran", 60)
    for name, row in entries().items():
        assert (name, row["error"], row["late_s"]) == (name, "", 0)
