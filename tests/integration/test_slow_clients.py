"""Clients that do not read, before the API as gunicorn serves it: others are answered meanwhile."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic

import pytest

from api.gunicorn_socket import STALL_S
from infra.ports import free_port
from infra.stack import MariaDBServer
from tests.integration.api_world import a_company
from tests.integration.observing import wait_until
from tests.integration.test_api_client import is_ready, served

GET = b"GET /static/style.css HTTP/1.1\r\nHost: x\r\n\r\n"
STRANGERS = 20


@pytest.fixture(scope="module")
def port(server: MariaDBServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    found = free_port()
    with (
        a_company(server, Path(tmp_path_factory.mktemp("redis")), "slow_clients") as world,
        served(world, found),
    ):
        wait_until(lambda: is_ready(found), "the API is ready")
        yield found


def a_stranger(port: int) -> socket.socket:
    """Return a connection of a client that the kernel keeps little for."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    sock.connect(("127.0.0.1", port))
    sock.setblocking(False)
    return sock


def healthy_after(port: int) -> float:
    """Return the seconds within which somebody else is answered."""
    begun = monotonic()
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
    return monotonic() - begun


def test_strangers_who_ask_and_ask_and_never_read_keep_nobody_waiting(port: int) -> None:
    with ExitStack() as stack:
        strangers = [stack.enter_context(a_stranger(port)) for _ in range(STRANGERS)]
        waits = []
        end = monotonic() + 4
        while monotonic() < end:
            for each in strangers:
                try:
                    each.send(GET * 20)
                except BlockingIOError:
                    pass
                except OSError:  # it was cut off: another one comes
                    strangers[strangers.index(each)] = stack.enter_context(a_stranger(port))
            waits.append(healthy_after(port))
        assert len(waits) > 1
        assert max(waits) < 1.5


def test_who_does_not_read_is_cut_off_and_who_pipelines_and_reads_is_answered(port: int) -> None:
    with closing(a_stranger(port)) as rude, closing(a_stranger(port)) as polite:
        for each in (rude, polite):
            each.settimeout(30)
            each.sendall(GET * 40)
        lines = polite.makefile("rb")
        for _ in range(40):
            assert lines.readline() == b"HTTP/1.1 200 OK\r\n"
            head = dict(
                line.decode().strip().lower().split(": ", 1)
                for line in iter(lines.readline, b"\r\n")
            )
            assert len(lines.read(int(head["content-length"]))) == int(head["content-length"])
        lines.close()
        begun = monotonic()
        wait_until(lambda: is_cut_off(rude), "the other one is cut off")
        assert monotonic() - begun < STALL_S + 5


def is_cut_off(sock: socket.socket) -> bool:
    try:
        sock.send(GET, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return False
