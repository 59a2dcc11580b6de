"""Conversations with a real SMTP server: ways in, and what each end of them means."""

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.mail.deliveries import Ending, State
from infra.mail.server import SmtpServer
from infra.mail.smtp import Bounds, BrokenError, NoConnectionError, Session
from tests.mail_server import MailServer, a_mail_server
from tests.post_office import QUICK

MESSAGE = b"Subject: hello\r\n\r\n.a line that begins with a point\r\n..\r\n.\r\nthe last\r\n"
SECRET = ("ringi", "hunter2-do-not-show")


@pytest.fixture
def smtp() -> Iterator[MailServer]:
    with a_mail_server() as smtp:
        yield smtp


def session(url: str, bounds: Bounds = QUICK) -> Session:
    return Session(SmtpServer.of(url), bounds)


def sent(opened: Session, to: str = "mia@example.org", message: bytes = MESSAGE) -> Ending | None:
    found = opened.address("ringi@example.org", to) or opened.send(message)
    opened.quit()
    return found


def test_a_message_arrives_as_it_is(smtp: MailServer) -> None:
    assert sent(session(smtp.url)) == Ending(State.SENT)
    assert smtp.taken == [MESSAGE]


def test_a_recipient_that_is_refused_is_no_ones_else_trouble(smtp: MailServer) -> None:
    smtp.answers_to["eve@example.org"] = "550 no such person"
    opened = session(smtp.url)
    refused = opened.address("ringi@example.org", "eve@example.org")
    assert refused == Ending(State.REFUSED, "550 no such person")
    assert sent(opened) == Ending(State.SENT)
    assert (smtp.connections, len(smtp.taken)) == (1, 1)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """Give a certificate that nobody trusts yet, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    now = datetime.now(UTC)  # noqa: TID251
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return path, context


def test_starttls_and_sign_in_with_a_server_that_is_trusted(
    certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, context = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with a_mail_server(tls=context, secret=SECRET) as smtp:
        user, secret = SECRET
        assert sent(session(f"smtp://{user}:{secret}@127.0.0.1:{smtp.port}")) == Ending(State.SENT)
        with pytest.raises(NoConnectionError) as refused:
            session(f"smtp://{user}:{secret}-wrong@127.0.0.1:{smtp.port}")
        assert secret not in str(refused.value)
        assert "535" in str(refused.value)
        assert len(smtp.taken) == 1


def test_a_server_that_nobody_trusts_gets_nothing(
    certificate: tuple[Path, ssl.SSLContext],
) -> None:
    with a_mail_server(tls=certificate[1]) as smtp:
        with pytest.raises(NoConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
            session(f"smtp://127.0.0.1:{smtp.port}")
        assert smtp.taken == []


def test_a_server_without_tls_gets_nothing_unless_that_is_wanted(smtp: MailServer) -> None:
    with pytest.raises(NoConnectionError, match="STARTTLS extension not supported"):
        session(f"smtp://127.0.0.1:{smtp.port}")
    with pytest.raises(NoConnectionError):
        session(f"smtps://127.0.0.1:{smtp.port}")
    assert smtp.taken == []


def test_a_server_that_hung_up_since_is_broken_and_not_uncertain(smtp: MailServer) -> None:
    opened = session(smtp.url)
    assert opened.address("ringi@example.org", "mia@example.org") is None
    assert opened.send(MESSAGE) == Ending(State.SENT)
    smtp.drops_at = "MAIL"
    with pytest.raises(BrokenError):
        opened.address("ringi@example.org", "mia@example.org")
    with pytest.raises(BrokenError):
        opened.address("ringi@example.org", "mia@example.org")
    opened.close()


def test_a_server_that_answers_bytewise_is_cut_off_all_the_same() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]

    def drip() -> None:
        peer, _ = listening.accept()
        with peer:
            try:
                for _ in range(200):
                    peer.sendall(b"2")
                    sleep(0.05)
            except OSError:
                return

    thread = Thread(target=drip, daemon=True)
    thread.start()
    began = monotonic()
    with pytest.raises(NoConnectionError):
        session(f"smtp://127.0.0.1:{port}?starttls=never")
    assert monotonic() - began < 2
    thread.join(10)
    listening.close()


def test_an_answer_that_comes_before_the_end_is_not_the_verdict() -> None:
    """A server that says 250 too soon, and then that it has not taken it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=answer_too_soon, args=(listening,), daemon=True)
        thread.start()
        port = listening.getsockname()[1]
        ending = sent(session(f"smtp://127.0.0.1:{port}?starttls=never"))
        thread.join(10)
    assert ending == Ending(
        State.WAITING, "before the message's end: 250 queued, says a server too soon"
    )


def answer_too_soon(listening: socket.socket) -> None:
    answers = {
        b"DATA\r\n": b"354 go\r\n250 queued, says a server too soon\r\n",
        b".\r\n": b"550 no\r\n",
    }
    peer, _ = listening.accept()
    with peer, peer.makefile("rb") as lines:
        peer.sendall(b"220 here\r\n")
        in_message = False
        for line in lines:
            if not in_message or line == b".\r\n":
                peer.sendall(answers.get(line, b"250 yes\r\n"))
            in_message = in_message or line == b"DATA\r\n"
