"""Behind nginx as infra/deploy has it: the story, with whoever serves it killed on the way."""

import json
import tempfile
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path

import pytest

from api.client import RingiClient
from tests.e2e.front import Front, Process, front
from tests.e2e.listener import Listener
from tests.e2e.machine import Machine, wait_until

pytestmark = pytest.mark.skipif(
    not Path("/usr/sbin/nginx").exists(),
    reason="nginx is not on this machine (package nginx-light)",
)


@pytest.fixture(scope="module")
def served(machine: Machine) -> Iterator[Front]:
    with (
        tempfile.TemporaryDirectory(prefix="ringi-nginx-", dir="/tmp") as folder,
        front(machine, Path(folder)) as made,
    ):
        yield made


def asked(
    connection: HTTPConnection,
    method: str,
    path: str,
    body: str | None = None,
    headers: dict[str, str] | None = None,
) -> HTTPResponse:
    """Return the answer, with its body read as `text`."""
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    answer.text = answer.read().decode()  # type: ignore[attr-defined]
    connection.close()
    return answer


def a_note(client: RingiClient, title: str) -> dict[str, object]:
    created: dict[str, object] = client.command(
        "POST", "/v1/documents", {"definition": "note", "values": {"title": title}}
    )
    return created


def test_a_request_goes_its_way_through_nginx(machine: Machine, served: Front) -> None:
    with (
        Listener(served.socket_url, machine.tokens["aud"], "type:note") as dashboard,
        RingiClient(served.url, machine.tokens["ann"]) as ann,
        RingiClient(served.url, machine.tokens["cho"]) as cho,
    ):
        note = a_note(ann, "behind nginx")
        path = f"/v1/documents/{note['document']}"
        submitted = ann.command("POST", f"{path}/submit", expected_version=1)
        revision = cho.get(path, after_position=submitted["position"])["revision"]
        approved = cho.command("POST", f"{path}/approve", {"revision": revision})
        dashboard.wait_for(str(note["document"]), approved["version"], 10)
        assert ann.get(path, after_position=approved["position"])["status"] == "approved"
    told = [each["version"] for each in dashboard.messages if each["document"] == note["document"]]
    assert told == list(range(1, approved["version"] + 1))


def test_with_one_api_and_one_gateway_killed_the_others_serve_and_nothing_is_missed(
    machine: Machine, served: Front
) -> None:
    with (
        Listener(served.socket_url, machine.tokens["aud"], "type:note") as dashboard,
        RingiClient(served.url, machine.tokens["ann"]) as ann,
    ):
        notes = [a_note(ann, "before anybody is killed")]
        killed = _follows(served)
        killed.kill()
        served.apis[0].kill()
        notes += [a_note(ann, f"after the kills, {number}") for number in range(4)]
        for note in notes:
            dashboard.wait_for(str(note["document"]), 1, 20)
        other = next(each for each in served.gateways if each is not killed)
        assert _connections(other) >= 1
    assert not dashboard.resyncs
    assert [served.apis[0].process.poll(), killed.process.poll()] == [-9, -9]


def _follows(served: Front) -> Process:
    """Return the gateway that has the one connection."""
    wait_until(lambda: sum(map(_connections, served.gateways)) >= 1, "the gateways know of it")
    return max(served.gateways, key=_connections)


def _connections(gateway: Process) -> int:
    answer = asked(HTTPConnection("127.0.0.1", gateway.port, timeout=5), "GET", "/readyz")
    return int(json.loads(answer.text)["connections"])  # type: ignore[attr-defined]


def test_over_tls_the_story_is_the_same_and_the_cookie_is_for_tls_alone(
    machine: Machine, served: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(served.certificate))
    address = f"127.0.0.1:{served.tls_port}"
    with (
        Listener(f"wss://{address}/ws", machine.tokens["aud"], "type:note") as dashboard,
        RingiClient(f"https://{address}", machine.tokens["ann"]) as ann,
    ):
        note = a_note(ann, "over TLS")
        dashboard.wait_for(str(note["document"]), 1, 10)
    answer = sign_in(HTTPSConnection(address, timeout=5), f"https://{address}", machine)
    cookie = answer.getheader("Set-Cookie") or ""
    assert cookie.startswith("__Host-ringi_session=")
    assert {"Secure", "HttpOnly"} <= set(cookie.split("; "))
    assert json.loads(answer.text)["gateway"] == f"wss://{address}/ws"  # type: ignore[attr-defined]
    assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=31536000"]


def test_nobody_makes_the_api_believe_in_a_tls_that_is_not_there(
    machine: Machine, served: Front
) -> None:
    answer = sign_in(
        HTTPConnection("127.0.0.1", served.port, timeout=5),
        served.url,
        machine,
        {"X-Forwarded-Proto": "https", "Forwarded": "proto=https", "X-Forwarded-Ssl": "on"},
    )
    cookie = answer.getheader("Set-Cookie") or ""
    assert cookie.startswith("ringi_session=")
    assert "Secure" not in cookie
    assert answer.getheader("Strict-Transport-Security") is None


def sign_in(
    connection: HTTPConnection, origin: str, machine: Machine, more: dict[str, str] | None = None
) -> HTTPResponse:
    """Sign in as the page does."""
    headers = {"Content-Type": "application/json", "Origin": origin, "X-Ringi-Page": "1"}
    body = json.dumps({"token": machine.tokens["ann"]})
    answer = asked(connection, "POST", "/v1/session", body, headers | (more or {}))
    assert answer.status == 201, answer.text  # type: ignore[attr-defined]
    return answer


def test_the_page_and_its_files_have_each_header_once(served: Front) -> None:
    once = ("X-Content-Type-Options", "Referrer-Policy", "Cache-Control")
    for path, kind in (("/", "text/html"), ("/static/seal.svg", "image/svg+xml")):
        answer = asked(HTTPConnection("127.0.0.1", served.port, timeout=5), "GET", path)
        assert answer.status == 200
        assert (answer.getheader("Content-Type") or "").startswith(kind)
        for name in once:
            assert len(answer.headers.get_all(name) or []) == 1, (path, name)
        assert "nginx/" not in (answer.getheader("Server") or "")
        outside = asked(
            HTTPConnection("127.0.0.1", served.port, timeout=5), "GET", f"{path}../server.py"
        )
        assert outside.status in {400, 404}


def test_what_looks_after_processes_is_not_for_the_world(served: Front) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        answer = asked(HTTPConnection("127.0.0.1", served.port, timeout=5), "GET", path)
        assert answer.status == 404


def test_a_body_far_too_large_gets_the_apis_kind_of_problem(served: Front) -> None:
    connection = HTTPConnection("127.0.0.1", served.port, timeout=5)
    connection.putrequest("POST", "/v1/documents")
    connection.putheader("Content-Length", str(3 * 2**20))
    connection.endheaders()
    answer = connection.getresponse()
    problem = json.loads(answer.read())
    connection.close()
    assert (answer.status, problem["type"]) == (413, "urn:ringi:problem:body-too-large")
    assert answer.getheader("Content-Type") == "application/problem+json"
