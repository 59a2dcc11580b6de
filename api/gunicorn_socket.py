"""A client's connection that a thread waits for only while the client takes what it is sent."""

import errno
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

#: Seconds within which a client must have taken a good part of what waits for it, so that the
#: kernel asks for more: then it has as long again. Tried over loopback: 40 KB a second are enough
#: for that, with any buffer of the client's; with 10 it is cut off.
STALL_S = 5.0

#: Bytes of answers that may wait in the kernel (which counts twice as many, for its own sake). An
#: answer that fits in waits without a thread; all that a stranger can ask for does.
WAITING_BYTES = 128 << 10


class ClientSocket(socket.socket):
    """The connection to one client."""

    @classmethod
    def taken_over(cls, sock: socket.socket) -> "ClientSocket":
        """Return the same connection; `sock` is none any more."""
        taken = cls(fileno=sock.detach())
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, WAITING_BYTES)
        return taken

    def sendall(self, data: "ReadableBuffer", flags: int = 0, /) -> None:
        """Send all, for as long as the client goes on taking it. Python's bounds the total.

        Raises:
            BrokenPipeError: it took nothing for a while.
        """
        rest = memoryview(data)
        self.settimeout(STALL_S)
        try:
            while rest:
                rest = rest[self.send(rest, flags) :]
        except TimeoutError:
            raise BrokenPipeError(errno.EPIPE, "the client does not read") from None
        finally:
            self.settimeout(None)

    def tell_when_taken(self, *, wanted: bool) -> None:
        """Let the kernel call the connection writable only when nothing waits to be sent."""
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, int(wanted))
