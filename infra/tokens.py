"""Secrets that people sign in with. Only their hashes are stored."""

import hashlib
import secrets
from dataclasses import dataclass, field

#: What each secret begins with, so that a leaked one is recognised by who scans for secrets.
PREFIX = "rt_"

#: Random bytes of a secret: 256 bits, so that a plain hash of it cannot be searched.
_RANDOM_BYTES = 32


@dataclass(frozen=True)
class NewToken:
    """A secret that was made just now; it is shown once."""

    token: str
    """The public id."""
    secret: str = field(repr=False)
    token_hash: str = field(repr=False)


def new_token() -> NewToken:
    """Return a new secret with its id and its hash."""
    secret = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    return NewToken(secrets.token_hex(8), secret, hash_of(secret))


def hash_of(secret: str) -> str:
    """Return what is stored of a secret: SHA-256 in hexadecimals."""
    return hashlib.sha256(secret.encode()).hexdigest()
