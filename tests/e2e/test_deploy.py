"""Behind nginx as infra/deploy has it: the story, with whoever serves it killed on the way."""

import json
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from threading import Thread

import pytest

from api.client import RingiClient
from infra.ports import free_port
from tests.e2e.front import Front, Process, front, start_nginx
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
    headers = {"Content-Type": "application/json", "Origin": origin, "X-Ringi-Page": "-"}
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


def test_nginx_serves_the_page_from_nowhere_but_the_api_and_never_for_a_frame(
    served: Front,
) -> None:
    for path in ("/static/index.html", "/static/", "/static/index%2ehtml", "/static//index.html"):
        answer = asked(HTTPConnection("127.0.0.1", served.port, timeout=5), "GET", path)
        assert answer.status in {403, 404}, path
    for path in ("/", "/static/main.js", "/v1"):
        answer = asked(HTTPConnection("127.0.0.1", served.port, timeout=5), "GET", path)
        assert answer.status == 200
        (policy,) = answer.headers.get_all("Content-Security-Policy") or [""]
        assert "frame-ancestors 'none'" in policy, path


@dataclass
class Dying:
    """Answers `GET /v1`; whatever else it has read the head of, it notes, and is gone."""

    heard: list[str] = field(default_factory=list)
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        """Serve until the listener is shut down."""
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with connection, connection.makefile("rb") as lines:
                    self._one(
                        connection,
                        [line.decode().strip() for line in iter(lines.readline, b"\r\n")],
                    )

    def _one(self, connection: socket.socket, head: list[str]) -> None:
        if head[0].startswith("GET /v1 "):
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
            )
        else:
            self.heard.append(head[0].rpartition(" ")[0])


@pytest.fixture
def dying(tmp_path: Path) -> Iterator[tuple[int, list[str]]]:
    """Give a port of nginx whose APIs die of every request, and what they heard."""
    heard: list[str] = []
    with ExitStack() as stack:
        apis = [Dying(heard) for _ in range(2)]
        for each in apis:
            thread = Thread(target=each.serve)
            thread.start()
            stack.callback(thread.join, 10)
            stack.callback(each.listener.shutdown, socket.SHUT_RDWR)
        port = free_port()
        behind = [each.port for each in (*apis, *apis)]
        certificate = tmp_path / "none.pem"
        start_nginx(
            stack, tmp_path / "ringi", "ringi.conf", port, behind=behind, certificate=certificate
        )
        yield port, heard


@pytest.mark.parametrize(
    ("method", "times"), [("GET", 2), ("POST", 1), ("PATCH", 1), ("PUT", 1), ("DELETE", 1)]
)
@pytest.mark.parametrize("path", ["/v1/people/bob/roles/x%2Fy?a=b", "/v1/jobs/x/result"])
def test_only_what_reads_is_sent_to_another_process_when_one_is_gone(
    dying: tuple[int, list[str]], method: str, times: int, path: str
) -> None:
    port, heard = dying
    answer = asked(HTTPConnection("127.0.0.1", port, timeout=5), method, path, "{}")
    assert heard == [f"{method} {path}"] * times
    assert answer.status == 503
    assert answer.getheader("Retry-After") == "1"
    problem = json.loads(answer.text)  # type: ignore[attr-defined]
    assert problem["type"] == "urn:ringi:problem:unavailable"


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
