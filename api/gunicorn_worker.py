"""gunicorn's threads, none of which a slow client can keep for itself.

As gunicorn 27 has it, each new connection takes a thread for up to five seconds before anything
came, a half request takes one without an end, and the thread that accepts waits up to two seconds
for each client that does not close, and an answer that is not read keeps its thread without an end
(all tried: a stranger without a token stops the process). Here a thread takes a connection when
something came, what is half there after a while is cut off, and nobody waits for a client to close.
Who does not read gets no further answer, and one that a thread waits with is cut off
(`api.gunicorn_socket`). A proxy that buffers requests and answers does the rest.
"""

import selectors
import socket
import time
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.workers import gthread  # type: ignore[import-untyped]

from api.gunicorn_socket import STALL_S, ClientSocket

#: Seconds within which a request must be there.
REQUEST_S = 5.0

#: Seconds that a client has to read its last answer, before the connection is torn down.
LINGER_S = 2.0

Connection = Any  # gunicorn has no types


class BoundedThreadWorker(gthread.ThreadWorker):  # type: ignore[misc]  # the same
    """A worker of gunicorn whose every request ends. One thread calls all but `handle`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._begun: dict[Connection, float] = {}
        self._unread: dict[Connection, float] = {}
        self._leaving: dict[Connection, float] = {}

    def enqueue_req(self, conn: Connection) -> None:
        """Let a thread handle the connection's next request, when its last answer was taken."""
        if not isinstance(conn.sock, ClientSocket):
            conn.sock = ClientSocket.taken_over(conn.sock)
        if not conn.initialized:
            self._begin(conn)
            return
        conn.sock.tell_when_taken(wanted=True)
        self.poller.register(conn.sock, selectors.EVENT_WRITE, partial(self._taken, conn))
        self._unread[conn] = time.monotonic()

    def handle(self, conn: Connection) -> object:
        """Handle one request, if something of it has come. Runs in a thread."""
        if not (conn.initialized or conn.data_ready or conn.wait_for_data(0)):
            return gthread._DEFER  # noqa: SLF001  # what gunicorn says after five seconds
        return super().handle(conn)

    def finish_request(self, conn: Connection, done: Any) -> None:  # noqa: ANN401  # a Future
        """Keep the connection for its next request, or let its client go."""
        del self._begun[conn]
        if done.cancelled() or done.exception() is not None or done.result():
            super().finish_request(conn, done)
        else:
            self._leave(conn)

    def murder_pending(self) -> None:
        """Cut off whoever is late. Called each second or more often."""
        super().murder_pending()
        now = time.monotonic()
        for conn, begun in self._begun.items():
            if now - begun > REQUEST_S:  # what has come can still be read (Linux), then an end
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RD)
        for waiting, longest_s in ((self._unread, STALL_S), (self._leaving, LINGER_S)):
            for conn in [conn for conn, since in waiting.items() if now - since > longest_s]:
                self._gone(conn, waiting)

    def _taken(self, conn: Connection, _sock: socket.socket) -> None:
        del self._unread[conn]
        self.poller.unregister(conn.sock)
        conn.sock.tell_when_taken(wanted=False)
        self._begin(conn)

    def _begin(self, conn: Connection) -> None:
        self._begun[conn] = time.monotonic()
        super().enqueue_req(conn)

    def _leave(self, conn: Connection) -> None:
        """Say that this was all, and let the client close: RFC 9112, section 9.6."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))
        except (OSError, ValueError, KeyError):  # it is closed
            self.nr_conns -= 1
            conn.close()
        else:
            self._leaving[conn] = time.monotonic()

    def _drain(self, conn: Connection, _sock: socket.socket) -> None:
        with suppress(OSError):
            if conn.sock.recv(65536):
                return
        self._gone(conn, self._leaving)

    def _gone(self, conn: Connection, waiting: dict[Connection, float]) -> None:
        del waiting[conn]
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()
