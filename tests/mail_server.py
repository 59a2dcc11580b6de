"""A real SMTP server that can be made to refuse, to hang and to hang up, and remembers its mail."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from ssl import SSLContext
from threading import Event, Thread
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

STAGES = ("connect", "EHLO", "MAIL", "RCPT", "DATA", "verdict")


@dataclass
class MailServer:
    """What it took, and how it answers from now on. `port` is where it is."""

    port: int = 0
    taken: list[bytes] = field(default_factory=list)
    """The messages that it has; also those that it never answered for."""
    answers: dict[str, str] = field(default_factory=dict)
    """By stage what it says instead of yes, such as `550 no such person`."""
    answers_to: dict[str, str] = field(default_factory=dict)
    """By recipient what it says to RCPT."""
    hangs_at: str = ""
    """The stage at which it says nothing any more."""
    hangs_for: str = ""
    """The recipient for whom it says nothing any more at RCPT."""
    drops_at: str = ""
    """`DATA` (once it has the message) or another stage: it hangs up instead of an answer."""
    slow_s: float = 0.0
    """Seconds that it takes for each stage."""
    connections: int = 0
    secret: tuple[str, str] | None = None
    released: Callable[[], None] = lambda: None
    """Lets everything go on that hangs."""

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}?starttls=never"

    @property
    def mails(self) -> list[Message]:
        return [message_from_bytes(each, policy=default) for each in self.taken]

    @property
    def recipients(self) -> list[str]:
        return [str(each["To"]) for each in self.mails]

    async def stage(self, name: str, server: SMTP, gate: asyncio.Event) -> str | None:
        """Do what is wanted at this stage; return what to answer instead of yes."""
        await asyncio.sleep(self.slow_s)
        if self.hangs_at == name:
            await gate.wait()
        if self.drops_at == name:
            assert server.transport is not None
            server.transport.abort()
        return self.answers.get(name)


class _Handler:
    def __init__(self, server: MailServer, gate: asyncio.Event) -> None:
        self.server = server
        self.gate = gate

    async def handle_EHLO(  # noqa: N802
        self, smtp: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        said = await self.server.stage("EHLO", smtp, self.gate)
        return [said] if said else responses

    async def handle_MAIL(  # noqa: N802
        self, smtp: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        said = await self.server.stage("MAIL", smtp, self.gate)
        if said is None:
            envelope.mail_from = address
        return said or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, smtp: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.server.hangs_for == address:
            await self.gate.wait()
        said = self.server.answers_to.get(address)
        said = said or await self.server.stage("RCPT", smtp, self.gate)
        if said is None:
            envelope.rcpt_tos.append(address)
        return said or "250 OK"

    async def handle_DATA(self, smtp: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        said = self.server.answers.get("verdict")
        if said is None or said[0] == "2":
            self.server.taken.append(content)
        await self.server.stage("verdict", smtp, self.gate)
        return said or "250 taken"


class _Smtp(SMTP):
    """Also hangs and refuses at its greeting and at the command DATA."""

    told: MailServer
    gate: asyncio.Event

    async def _handle_client(self) -> None:
        self.told.connections += 1
        said = await self.told.stage("connect", self, self.gate)
        if said is not None:
            await self.push(said)
        await super()._handle_client()

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        said = await self.told.stage("DATA", self, self.gate)
        if said is not None:
            await self.push(said)
            return
        await super().smtp_DATA(arg)


@contextmanager
def a_mail_server(
    *, tls: SSLContext | None = None, secret: tuple[str, str] | None = None, port: int = 0
) -> Iterator[MailServer]:
    """Give a server on a port of its own; with `tls` it offers STARTTLS, with `secret` it asks."""
    told = MailServer(secret=secret)
    loop = asyncio.new_event_loop()
    ready = Event()
    ended = loop.create_future()

    def authenticated(*found: Any) -> AuthResult:
        data = found[-1]
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == told.secret, handled=False)

    async def serve() -> None:
        gate = asyncio.Event()
        conversations: list[SMTP] = []
        told.released = lambda: loop.call_soon_threadsafe(gate.set) and None

        def protocol() -> SMTP:
            smtp = _Smtp(
                _Handler(told, gate),
                hostname="mail.test",
                loop=loop,
                tls_context=tls,
                require_starttls=tls is not None,
                authenticator=authenticated if secret else None,
                auth_required=secret is not None,
                timeout=60,
            )
            smtp.told, smtp.gate = told, gate
            conversations.append(smtp)
            return smtp

        server = await loop.create_server(protocol, "127.0.0.1", port)
        told.port = server.sockets[0].getsockname()[1]
        ready.set()
        await ended
        server.close()
        gate.set()
        for smtp in conversations:
            if smtp.transport is not None:
                smtp.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await server.wait_closed()
        await asyncio.sleep(0)

    thread = Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield told
    finally:
        loop.call_soon_threadsafe(ended.set_result, None)
        thread.join(10)
        loop.close()
