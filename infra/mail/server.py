"""Which SMTP server mail is handed in at, as the setting says."""

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

#: The usual ports: of SMTP, and of SMTP within TLS.
_PORTS = {"smtp": 25, "smtps": 465}

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Tls(StrEnum):
    """How the connection is kept from other eyes."""

    REQUIRED = "required"
    """By STARTTLS, or nothing is sent."""
    IMPLICIT = "implicit"
    """From the first byte on."""
    NEVER = "never"


@dataclass(frozen=True)
class SmtpServer:
    """An address, and who we are there."""

    host: str
    port: int
    tls: Tls
    user: str = ""
    secret: str = field(default="", repr=False)

    @classmethod
    def of(cls, text: str) -> "SmtpServer":
        """Return what `smtp://user:secret@host:port?starttls=required` means.

        STARTTLS is required unless `starttls=never` is given; `smtps://` is TLS from the start.

        Raises:
            ValueError: it is nothing of the kind, or would show the secret; without the text.
        """
        parts, choice = _split(text)
        user, secret = unquote(parts.username or ""), unquote(parts.password or "")
        if bool(user) != bool(secret):
            raise ValueError("names an account without a secret, or a secret without an account")
        tls = Tls.IMPLICIT if parts.scheme == "smtps" else Tls(choice)
        host = parts.hostname or ""
        if user and tls is Tls.NEVER and host not in _LOOPBACK:
            raise ValueError("would send the account's secret without TLS over the network")
        return cls(host, parts.port or _PORTS[parts.scheme], tls, user, secret)

    def __str__(self) -> str:
        """Return the URL without the account, for people."""
        scheme = "smtps" if self.tls is Tls.IMPLICIT else "smtp"
        host = f"[{self.host}]" if ":" in self.host else self.host
        never = "?starttls=never" if self.tls is Tls.NEVER else ""
        return f"{scheme}://{host}:{self.port}{never}"


def _split(text: str) -> tuple[SplitResult, str]:
    form = "must be smtp://user:secret@host:port or smtps://…, with ?starttls=required or =never"
    try:
        parts = urlsplit(text)
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
        well_formed = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ValueError(form) from None
    choices = options.pop("starttls", [Tls.REQUIRED.value])
    if not well_formed or options or parts.path.strip("/") or parts.fragment:
        raise ValueError(form)
    if len(choices) > 1 or choices[0] not in (Tls.REQUIRED, Tls.NEVER):
        raise ValueError(form)
    return parts, choices[0]
