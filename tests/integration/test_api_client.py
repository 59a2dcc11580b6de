"""The client against the API as gunicorn serves it, and against servers that fail."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any, Self
from uuid import uuid4

import pytest

from api import client as client_module
from api.client import NoAnswerError, ProblemError, RingiClient
from api.gunicorn_worker import REQUEST_S
from infra.ports import free_port
from infra.stack import MariaDBServer
from tests.integration.api_world import VALUES, World, a_company
from tests.integration.observing import wait_until

ROOT = Path(__file__).parents[2]
NEW = {"definition": "purchase", "values": VALUES}


@pytest.fixture(scope="module")
def world(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_company(server, Path(tmp_path_factory.mktemp("redis")), "api_client") as world:
        yield world


@contextmanager
def served(world: World, port: int, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Serve the company by the process that the Procfile names, with `more` in its environment."""
    env = world.store.env()
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "api/gunicorn_conf.py", "api.wsgi:app()"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={
            "PATH": os.environ["PATH"],
            "RINGI_DATABASE_URL": env["MARIADB_URL"],
            "RINGI_LOG": env["MARIADB_LOG"],
            "RINGI_VIEWS": env["MARIADB_VIEWS"],
            "RINGI_REDIS_URL": world.redis.url,
            "RINGI_API_PORT": str(port),
            "RINGI_API_THREADS": "4",
            **more,
        },
    )
    try:
        yield process
    finally:
        process.terminate()
        output = process.communicate(timeout=30)[0].decode()
        assert not [each for each in world.secrets.values() if each in output]


def is_ready(port: int) -> bool:
    with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False


@pytest.fixture(scope="module")
def port(world: World) -> Iterator[int]:
    found = free_port()
    with served(world, found):
        wait_until(lambda: is_ready(found), "the API is ready")
        yield found


def client_of(world: World, port: int, login: str) -> RingiClient:
    return RingiClient(f"http://127.0.0.1:{port}", world.secrets[login])


def test_a_document_goes_its_way_through_gunicorn(world: World, port: int) -> None:
    with client_of(world, port, "ann") as ann, client_of(world, port, "mia") as mia:
        created = ann.command("POST", "/v1/documents", NEW)
        world.pump()
        path = f"/v1/documents/{created['document']}"
        shown = ann.get(path, after_position=created["position"])
        ann.command("POST", f"{path}/submit", expected_version=shown["version"])
        world.pump()
        (task,) = [
            each for each in mia.items("/v1/inbox") if each["document"] == created["document"]
        ]
        assert task["step"] == "lead"
        mia.command("POST", f"{path}/approve", {"revision": shown["revision"]})
        world.pump()
        assert ann.get(path)["waiting"] == ["money"]


def test_a_problem_is_an_exception_that_names_its_type_and_place(world: World, port: int) -> None:
    with client_of(world, port, "ann") as ann, pytest.raises(ProblemError) as caught:
        ann.command("POST", "/v1/documents", {**NEW, "colour": 1})
    error = caught.value
    assert (error.status, error.type) == (422, "urn:ringi:problem:unknown-field")
    assert error.place == "colour"
    assert "colour" in str(error)


def test_a_key_is_one_command_however_often_the_client_gives_it(world: World, port: int) -> None:
    key = uuid4().hex
    with client_of(world, port, "ann") as ann:
        first = ann.command("POST", "/v1/documents", NEW, key=key)
        assert ann.command("POST", "/v1/documents", NEW, key=key) == {**first, "repeated": True}


def test_all_pages_are_one_list(world: World, port: int) -> None:
    with client_of(world, port, "root") as root:
        people = [each["login"] for each in root.items("/v1/people", limit=2)]
    assert people == list(dict.fromkeys(people))
    assert set(world.secrets) <= set(people)


def test_the_connection_stays_and_a_problem_does_not_end_it(world: World, port: int) -> None:
    with client_of(world, port, "ann") as ann:
        ann.get("/v1/me")
        connection = ann._connection
        assert connection is not None
        sock = connection.sock
        with pytest.raises(ProblemError):
            ann.get("/v1/nothing")
        ann.get("/v1/me")
        assert connection.sock is sock


HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
#: What some strangers send, and within how many seconds others are answered nevertheless.
RUDE_REQUESTS = {
    "nothing": (b"", 2.0),
    "half a head": (HEAD + b"X-Slow: ", REQUEST_S + 5),
    "half a body": (
        HEAD.replace(b"GET /healthz", b"POST /v1/documents")
        + b"Content-Type: application/json\r\nAuthorization: Bearer SECRET\r\n"
        + b"Content-Length: 1000\r\n\r\n{",
        REQUEST_S + 5,
    ),
    "a last request, and no end": (HEAD + b"Connection: close\r\n\r\n", 2.0),
}


@pytest.mark.parametrize(("rude", "within_s"), RUDE_REQUESTS.values(), ids=RUDE_REQUESTS)
def test_no_client_keeps_the_api_from_others(
    world: World, port: int, rude: bytes, within_s: float
) -> None:
    with ExitStack() as open_ones:
        for _ in range(40):  # ten times as many as there are threads
            sock = open_ones.enter_context(socket.create_connection(("127.0.0.1", port), 60))
            sock.sendall(rude.replace(b"SECRET", world.secrets["ann"].encode()))
        begun = monotonic()
        wait_until(lambda: is_ready(port), "somebody else is answered")
    assert monotonic() - begun < within_s


def test_a_huge_body_is_not_read_to_its_end(world: World, port: int) -> None:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as sock:
        sock.sendall(
            b"POST /v1/documents HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer " + world.secrets["ann"].encode() + b"\r\n"
            b"Content-Length: 1000000000\r\n\r\n{"
        )
        assert sock.recv(4096).startswith(b"HTTP/1.1 413 ")
        while sock.recv(4096):  # the rest of the answer, then the end
            pass


def test_a_body_that_hides_its_length_is_refused(world: World, port: int) -> None:
    before = world.events()
    with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as sock:
        sock.sendall(
            b"POST /v1/documents HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer " + world.secrets["ann"].encode() + b"\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
        )
        assert sock.recv(4096).startswith(b"HTTP/1.1 411 ")
    assert world.events() == before


def test_a_command_outlives_the_end_of_the_process(world: World) -> None:
    port = free_port()
    with client_of(world, port, "ann") as ann:
        with served(world, port):
            wait_until(lambda: is_ready(port), "the API is ready")
            first = ann.command("POST", "/v1/documents", NEW, key="before-and-after")
        with served(world, port):
            wait_until(lambda: is_ready(port), "the API is ready again")
            again = ann.command("POST", "/v1/documents", NEW, key="before-and-after")
    assert again == {**first, "repeated": True}


class Unsteady:
    """A server that answers each connection's request as the next of its lines says."""

    def __init__(self, *answers: bytes) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[bytes] = []
        self._thread = Thread(target=self._serve, args=(answers,))
        self._thread.start()

    def _serve(self, answers: tuple[bytes, ...]) -> None:
        for answer in answers:
            sock, _ = self._listener.accept()
            with sock:
                self.requests.append(sock.recv(65536))
                sock.sendall(answer)

    def close(self) -> None:
        self._thread.join(10)
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def answer(status: str, body: bytes) -> bytes:
    kind = b"application/problem+json" if status[0] != "2" else b"application/json"
    return (
        f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n".encode()
        + b"Content-Type: "
        + kind
        + b"\r\n\r\n"
        + body
    )


def keys(requests: list[bytes]) -> list[bytes]:
    return [
        line
        for request in requests
        for line in request.split(b"\r\n")
        if line.lower().startswith(b"idempotency-key:")
    ]


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "LONGEST_WAIT_S", 0.01)


def test_a_command_is_sent_again_with_its_key_until_it_is_answered() -> None:
    unavailable = answer("503 Service Unavailable", b'{"type": "x", "detail": "later"}')
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"
    with (
        Unsteady(b"", unavailable, cut, answer("201 Created", b'{"version": 1}')) as unsteady,
        RingiClient(f"http://127.0.0.1:{unsteady.port}") as client,
    ):
        found: Any = client.command("POST", "/v1/documents", NEW)
    assert found == {"version": 1}
    assert len(unsteady.requests) == 4
    assert len(set(keys(unsteady.requests))) == 1
    assert len(keys(unsteady.requests)) == 4


def test_what_stays_unavailable_is_a_problem() -> None:
    unavailable = answer("503 Service Unavailable", b'{"type": "x", "detail": "later"}')
    with (
        Unsteady(*[unavailable] * client_module.ATTEMPTS) as unsteady,
        RingiClient(f"http://127.0.0.1:{unsteady.port}") as client,
        pytest.raises(ProblemError, match="later"),
    ):
        client.get("/v1/me")


def test_nobody_there_is_an_error_that_names_the_address() -> None:
    port = free_port()
    client = RingiClient(f"http://127.0.0.1:{port}", "rt_secret")
    with pytest.raises(NoAnswerError, match=str(port)) as caught:
        client.get("/v1/me")
    assert "rt_secret" not in str(caught.value)
    assert "rt_secret" not in repr(client)


def test_words_of_whoever_stands_between_are_a_problem_too() -> None:
    with (
        Unsteady(answer("502 Bad Gateway", b"").replace(b"problem+", b"")) as unsteady,
        RingiClient(f"http://127.0.0.1:{unsteady.port}") as client,
        pytest.raises(ProblemError, match="Bad Gateway"),
    ):
        client.get("/v1/me")
