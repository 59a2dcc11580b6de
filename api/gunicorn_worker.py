"""gunicorn's threads, none of which a slow client can keep for itself.

As gunicorn 27 has it, each new connection takes a thread for up to five seconds before anything
came, a half request takes one without an end, and the thread that accepts waits up to two seconds
for each client that does not close (all tried: a stranger without a token stops the process).
Here a thread takes a connection when something came, what is half there after a while is cut off,
and nobody waits for a client to close. A proxy that buffers requests does the rest.
"""

import selectors
import socket
import time
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.workers import gthread  # type: ignore[import-untyped]

#: Seconds within which a request must be there.
REQUEST_S = 5.0

#: Seconds within which its answer must have been taken: more than a request can rightly wait.
ANSWER_S = 60.0

#: Seconds that a client has to read its last answer, before the connection is torn down.
LINGER_S = 2.0

Connection = Any  # gunicorn has no types


class BoundedThreadWorker(gthread.ThreadWorker):  # type: ignore[misc]  # the same
    """A worker of gunicorn whose every request ends. One thread calls all but `handle`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._begun: dict[Connection, float] = {}
        self._leaving: dict[Connection, float] = {}

    def enqueue_req(self, conn: Connection) -> None:
        """Let a thread handle the connection's next request."""
        self._begun[conn] = time.monotonic()
        super().enqueue_req(conn)

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
                how = socket.SHUT_RD if now - begun < ANSWER_S else socket.SHUT_RDWR
                with suppress(OSError):
                    conn.sock.shutdown(how)
        for conn in [conn for conn, since in self._leaving.items() if now - since > LINGER_S]:
            self._gone(conn)

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
        self._gone(conn)

    def _gone(self, conn: Connection) -> None:
        del self._leaving[conn]
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()
