"""A thread waits for a client only while that takes what it is sent; and half of them at most."""

import gc
import io
import socket
import time
from collections.abc import Iterator
from threading import Thread

import pytest

from api import gunicorn_socket
from api.downloads import Downloads
from api.gunicorn_socket import ClientSocket
from api.problems import ApiError, Fault

STALL_S = 0.3


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ClientSocket, socket.socket]]:
    """Give our end of a connection, and the client's, which the kernel buffers little for."""
    monkeypatch.setattr(gunicorn_socket, "STALL_S", STALL_S)
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(10)
        client.connect(listener.getsockname())
        accepted, _ = listener.accept()
        with ClientSocket.taken_over(accepted) as ours:
            yield ours, client


def test_whoever_takes_nothing_is_given_up_soon(
    ends: tuple[ClientSocket, socket.socket],
) -> None:
    ours, _ = ends
    begun = time.monotonic()
    with pytest.raises(BrokenPipeError):
        ours.sendall(bytes(10_000_000))
    assert time.monotonic() - begun < STALL_S + 2


def test_an_ordinary_answer_waits_in_the_kernel_and_no_thread_with_it(
    ends: tuple[ClientSocket, socket.socket],
) -> None:
    ours, _ = ends
    begun = time.monotonic()
    ours.sendall(bytes(100_000))
    assert time.monotonic() - begun < STALL_S


def test_who_goes_on_reading_gets_all_however_long_it_takes(
    ends: tuple[ClientSocket, socket.socket],
) -> None:
    ours, client = ends
    size, got, begun = 2_000_000, 0, time.monotonic()
    sender = Thread(target=ours.sendall, args=(bytes(size),))
    sender.start()
    pace = Pace(1_000_000)
    while got < size:
        got += len(client.recv(16384))
        pace.keep(got)
    sender.join(10)
    assert time.monotonic() - begun > 3 * STALL_S
    assert got == size


class Pace:
    """Reads no more bytes a second than given."""

    def __init__(self, bytes_per_s: int) -> None:
        self._bytes_per_s = bytes_per_s
        self._begun = time.monotonic()

    def keep(self, got: int) -> None:
        late = self._begun + got / self._bytes_per_s - time.monotonic()
        if late > 0:
            time.sleep(late)


def test_half_of_the_threads_send_files_and_whoever_comes_then_is_told_to_ask_again() -> None:
    downloads = Downloads(4)
    under_way = [downloads.begin(io.BytesIO(b"content")) for _ in range(2)]
    refused = io.BytesIO()
    with pytest.raises(ApiError) as caught:
        downloads.begin(refused)
    assert caught.value.fault is Fault.TOO_MANY_DOWNLOADS
    assert refused.closed
    assert b"".join(under_way[0]) == b"content"
    under_way[0].close()
    again = downloads.begin(io.BytesIO())
    del under_way, again
    gc.collect()
    assert [downloads.begin(io.BytesIO()) is not None for _ in range(2)] == [True, True]


def test_one_thread_can_send_a_file() -> None:
    assert b"".join(Downloads(1).begin(io.BytesIO(b"content"))) == b"content"
