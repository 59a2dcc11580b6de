"""Clients of the API that cost as little as they can: a socket each, kept open, one process.

Each takes documents through one whole approval: create, submit, approve by the manager, approve
by finance; a key with each.
"""

import json
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from time import monotonic
from typing import NamedTuple
from uuid import uuid4

from tests.benchmarks.processes import PATIENCE_S, meet

#: Connections, each with a request under way all the time.
CLIENTS = 16

#: Commands of one approval.
APPROVAL = 4

#: Seconds until an answer is given up.
TIMEOUT_S = 30


class Given(NamedTuple):
    """What the clients did."""

    per_s: float
    """Commands a second, all clients together."""
    commands: int
    """All of them, with those that came before the clock started."""


@dataclass(frozen=True)
class Load:
    """What the process of the clients does: for so long, as fast as it is answered."""

    port: int
    secrets: Mapping[str, str]
    """Of ann, who asks, and of mia and fay, who approve."""
    values: Mapping[str, object]
    revision: str
    seconds: float

    def __call__(self) -> Given:
        """Run the clients, and return what came of it."""
        gate = Barrier(CLIENTS, meet)
        with ThreadPoolExecutor(CLIENTS) as pool:
            given = list(pool.map(lambda _: self._one(gate), range(CLIENTS)))
        begin = min(begun for begun, _, _ in given)
        end = max(ended for _, ended, _ in given)
        commands = sum(commands for _, _, commands in given)
        return Given(commands / (end - begin), commands + CLIENTS * APPROVAL)

    def _one(self, gate: Barrier) -> tuple[float, float, int]:
        with socket.create_connection(("127.0.0.1", self.port), TIMEOUT_S) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._approval(connection)  # connections and caches are warm
            gate.wait(PATIENCE_S)
            begin, commands = monotonic(), 0
            while monotonic() < begin + self.seconds:
                commands += self._approval(connection)
            return begin, monotonic(), commands

    def _approval(self, connection: socket.socket) -> int:
        """Take one document through its approval; return how many commands that was."""
        new = {"definition": "purchase", "values": self.values}
        path = f"/v1/documents/{self._give(connection, 'ann', '/v1/documents', new)}"
        seen = {"revision": self.revision}
        self._give(connection, "ann", f"{path}/submit", {})
        self._give(connection, "mia", f"{path}/approve", seen)
        self._give(connection, "fay", f"{path}/approve", seen)
        return APPROVAL

    def _give(self, connection: socket.socket, by: str, path: str, body: object) -> str:
        raw = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n"
            f"Authorization: Bearer {self.secrets[by]}\r\nIdempotency-Key: {uuid4()}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
        )
        connection.sendall(head.encode() + raw)
        answer: dict[str, str] = json.loads(_answer(connection))
        return answer["document"]


def _answer(connection: socket.socket) -> bytes:
    """Return the body of an answer, which must be of success."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += _some(connection)
    head, _, body = got.partition(b"\r\n\r\n")
    _, _, rest = head.lower().partition(b"content-length:")
    length = int(rest.partition(b"\r\n")[0])
    while len(body) < length:
        body += _some(connection)
    if not head.startswith(b"HTTP/1.1 2"):
        raise ConnectionError(f"refused: {head[:100]!r} {body[:500]!r}")
    return body


def _some(connection: socket.socket) -> bytes:
    got = connection.recv(65536)
    if not got:
        raise ConnectionError("the server closed the connection")
    return got
