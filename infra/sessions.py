"""Sessions of the page: a cookie's secret stands for a token, without showing it to the browser.

They are in the views' database, so that a Redis that is flushed signs nobody out.
"""

import hashlib
import json
import secrets

from domain.actor import Actor
from infra.tokens import hash_of
from infra.views.tables import Tables

#: Hours after which a session ends, whatever its person does: a working day.
LIFETIME_H = 12

#: Random bytes of a secret: 256 bits, so that a plain hash of it cannot be searched.
_RANDOM_BYTES = 32

#: Expired sessions that are removed when one begins, at most.
_REMOVED = 100

_TOKEN_COUNTS = "NOT t.revoked AND (t.expires_at IS NULL OR t.expires_at > UTC_TIMESTAMP(6))"  # noqa: S105


class Sessions:
    """Begins, recognises and ends sessions. Safe to use from many threads and processes.

    A session counts only while its token and its person do, and is asked for on the primary: what
    was revoked, deactivated or has expired ends it at the next request.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._session = f"{tables.datastore.settings.views}.session"

    def begin(self, token: str) -> tuple[Actor, str] | None:
        """Return whom this token's secret stands for, and a new session's secret.

        None if the token stands for nobody, or no longer.
        """
        rows = self._tables.select(
            "SELECT p.login, p.roles, t.token FROM {token} t JOIN {person} p USING (login)"
            f" WHERE t.token_hash = %s AND p.active AND {_TOKEN_COUNTS}",
            (hash_of(token),),
        )
        if not rows:
            return None
        login, roles, token_id = rows[0]
        secret = secrets.token_urlsafe(_RANDOM_BYTES)
        with self._tables.datastore.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {self._session} (secret_hash, login, token, expires_at)"
                f" VALUES (%s, %s, %s, UTC_TIMESTAMP(6) + INTERVAL {LIFETIME_H} HOUR)",
                (hash_of_session(secret), login, token_id),
            )
            cursor.execute(
                f"DELETE FROM {self._session} WHERE expires_at < UTC_TIMESTAMP(6)"
                f" ORDER BY expires_at LIMIT {_REMOVED}"
            )
        return _actor(login, roles), secret

    def actor_of(self, secret: str) -> Actor | None:
        """Return who is signed in by this secret, with the roles held now. One statement."""
        return self.actor_by_hash(hash_of_session(secret))

    def actor_by_hash(self, secret_hash: bytes) -> Actor | None:
        """Do what `actor_of` does, where only the hash of the secret is known."""
        rows = self._tables.select(
            f"SELECT p.login, p.roles FROM {self._session} s"
            " JOIN {token} t ON t.login = s.login AND t.token = s.token"
            " JOIN {person} p ON p.login = s.login"
            " WHERE s.secret_hash = %s AND s.expires_at > UTC_TIMESTAMP(6)"
            f" AND p.active AND {_TOKEN_COUNTS}",
            (secret_hash,),
        )
        return _actor(*rows[0]) if rows else None

    def end(self, secret: str) -> None:
        """Make the secret void. Idempotent."""
        with self._tables.datastore.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {self._session} WHERE secret_hash = %s", (hash_of_session(secret),)
            )


def _actor(login: str, roles: str) -> Actor:
    return Actor(login, frozenset(json.loads(roles)))


def hash_of_session(secret: str) -> bytes:
    """Return what is stored of a session's secret."""
    return hashlib.sha256(secret.encode()).digest()
