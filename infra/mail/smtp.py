"""One conversation with an SMTP server, step by step, each bounded and with a known outcome.

smtplib speaks; but what it does in one call, RFC 5321 lets fail in ways that mean different things:
before the end of the data nothing was taken, after it nobody knows until the server answers.
"""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Timer

from infra.mail.deliveries import Ending, State
from infra.mail.server import SmtpServer, Tls
from infra.mail.words import one_line

#: Characters of a server's answer that are kept.
_LONGEST_ANSWER = 300

_READY_FOR_DATA = 354


@dataclass(frozen=True)
class Bounds:
    """Seconds for each part of a conversation, in all: also for a server that answers bytewise."""

    connect_s: float = 10.0
    """To connect, for its greeting, TLS and the sign-in: each twice at most."""
    command_s: float = 20.0
    """For the sender and the recipient; for the message up to its end."""
    verdict_s: float = 60.0
    """For the answer to the end of the message. RFC 5321, section 4.5.3.2.6, asks ten minutes, so
    that no client sends again; we never do, and other mail waits behind this."""


class BrokenError(OSError):
    """The conversation is over; the message was not sent."""


class NoConnectionError(BrokenError):
    """The conversation never began: there will be none for other messages either."""


class Session:
    """A signed-in connection, for one message after another. For one thread."""

    def __init__(self, server: SmtpServer, bounds: Bounds) -> None:
        """Connect.

        Raises:
            NoConnectionError: nobody there, or no way in; it says which, without the secret.
        """
        self.used = False
        """Whether a message was begun before: then the server may have hung up meanwhile."""
        self._bounds = bounds
        self._smtp = _client(server, bounds.connect_s)
        try:
            self._begin(server)
        except (OSError, ValueError) as error:
            self.close()
            raise NoConnectionError(f"{server}: {_described(error)}") from error

    def address(self, sender: str, recipient: str) -> Ending | None:
        """Begin a message; return how it ended already, None if the server awaits its data.

        Raises:
            BrokenError: the connection broke, or the server will have nothing from us.
        """
        try:
            with self._within(self._bounds.command_s):
                if self.used:
                    self._smtp.rset()  # forgets a recipient that was refused
                self.used = True
                _require(*self._smtp.mail(sender), f"the sender {sender} is refused: ")
                code, answer = self._smtp.rcpt(recipient)
        except BrokenError:
            raise
        except (OSError, ValueError) as error:
            raise BrokenError(_described(error)) from error
        return None if code // 100 == 2 else _refused(code, answer)  # noqa: PLR2004

    def send(self, message: bytes) -> Ending:
        """Give the message away; return what became of it.

        `message` has lines that end in CR LF. Uncertain is only what broke after the message's end
        was begun to be sent. A broken connection shows at the next message. Never raises an
        OSError.
        """
        try:
            with self._within(self._bounds.command_s):
                code, answer = self._smtp.docmd("DATA")
                if code != _READY_FOR_DATA:
                    return _refused(code, answer)
                self._smtp.send(message.replace(b"\r\n.", b"\r\n.."))
                self._require_silence()
        except OSError as error:
            self.close()
            return Ending(State.WAITING, f"before the message's end: {_described(error)}")
        return self._verdict()

    def close(self) -> None:
        """End the connection without a word. Idempotent."""
        self._smtp.close()

    def quit(self) -> None:
        """Take leave, for as long as a command may take."""
        with suppress(OSError), self._within(self._bounds.command_s):
            self._smtp.quit()
        self.close()

    def _begin(self, server: SmtpServer) -> None:
        with self._within(self._bounds.connect_s):
            _require(*self._smtp.connect(server.host, server.port))
            assert self._smtp.sock is not None  # noqa: S101  # it is connected
            self._smtp.sock.settimeout(max(vars(self._bounds).values()))  # `_within` is shorter
        with self._within(self._bounds.connect_s):
            if server.tls is Tls.REQUIRED:
                self._smtp.starttls(context=ssl.create_default_context())
            self._smtp.ehlo_or_helo_if_needed()
            if server.user:
                self._smtp.login(server.user, server.secret)

    def _require_silence(self) -> None:
        """Raise BrokenError if the server has answered what it was not asked yet.

        Then the answer to the message's end would be taken for another one's.
        """
        assert self._smtp.sock is not None  # noqa: S101  # it is connected
        assert self._smtp.file is not None  # noqa: S101  # it has answered before
        timeout = self._smtp.sock.gettimeout()
        self._smtp.sock.settimeout(0)
        try:
            early = self._smtp.file.peek()
        except ssl.SSLWantReadError:
            early = b""
        finally:
            self._smtp.sock.settimeout(timeout)
        if early:
            raise BrokenError(one_line(early.decode("utf-8", "replace"), _LONGEST_ANSWER))

    def _verdict(self) -> Ending:
        """End the message, and return the server's answer to it."""
        try:
            with self._within(self._bounds.verdict_s):
                self._smtp.send(b".\r\n")
                code, answer = self._smtp.getreply()
        except OSError as error:
            self.close()
            return Ending(State.UNCERTAIN, f"after the message's end: {_described(error)}")
        if code // 100 == 2:  # noqa: PLR2004
            return Ending(State.SENT)
        if code // 100 in (4, 5):
            return _refused(code, answer)
        self.close()
        return Ending(State.UNCERTAIN, f"no answer that means anything: {_answer(code, answer)}")

    @contextmanager
    def _within(self, limit_s: float) -> Iterator[None]:
        """Cut the connection off if the block takes longer: whatever waits on it raises OSError."""
        timer = Timer(limit_s, self._cut_off)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _cut_off(self) -> None:
        found = getattr(self._smtp, "sock", None)
        if found is not None:
            with suppress(OSError):  # not SSLSocket's own, which another thread must not call
                socket.socket.shutdown(found, socket.SHUT_RDWR)


def _client(server: SmtpServer, timeout_s: float) -> smtplib.SMTP:
    """Return a client that has not connected yet. Its name for itself needs no look-up."""
    name = socket.gethostname()
    if server.tls is Tls.IMPLICIT:
        context = ssl.create_default_context()
        client: smtplib.SMTP = smtplib.SMTP_SSL(
            local_hostname=name, timeout=timeout_s, context=context
        )
    else:
        client = smtplib.SMTP(local_hostname=name, timeout=timeout_s)
    client._host = server.host  # type: ignore[attr-defined]  # noqa: SLF001  # what TLS checks the certificate for: set by __init__ only if that connects
    return client


def _require(code: int, answer: bytes, before: str = "") -> None:
    """Raise BrokenError unless the answer is positive."""
    if code // 100 != 2:  # noqa: PLR2004  # RFC 5321, section 4.2.1
        raise BrokenError(f"{before}{_answer(code, answer)}")


def _refused(code: int, answer: bytes) -> Ending:
    """Return what a negative answer means for the recipient: 5xx for good, 4xx for now."""
    state = State.REFUSED if code // 100 == 5 else State.WAITING  # noqa: PLR2004
    return Ending(state, _answer(code, answer))


def _answer(code: int, answer: bytes) -> str:
    return one_line(f"{code} {answer.decode('utf-8', 'replace')}", _LONGEST_ANSWER)


def _described(error: Exception) -> str:
    """Return what went wrong: the server's words where there are any."""
    if isinstance(error, BrokenError):
        return str(error)
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return _answer(error.smtp_code, said if isinstance(said, bytes) else str(said).encode())
    return one_line(f"{type(error).__name__}: {error}", _LONGEST_ANSWER)
