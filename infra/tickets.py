"""One-use tickets: what a browser connects to the gateway with, so that no token leaves the API.

A ticket lives in Redis only. One that is lost with it costs its holder another request.
"""

import hashlib
import secrets

from redis import Redis

#: Seconds within which a ticket must be used: the time to open a connection, with a slow start.
LIFETIME_S = 30

#: Random bytes of a ticket: 256 bits, so that a plain hash of it cannot be searched.
_RANDOM_BYTES = 32


class Tickets:
    """Issues and redeems tickets. Safe to use from many threads and processes.

    Each call is one round trip, and raises `redis.RedisError` if Redis does not answer.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def issue(self, credential: str) -> str:
        """Return a new ticket for who holds this credential, safe to stand in a URL."""
        ticket = secrets.token_urlsafe(_RANDOM_BYTES)
        self._redis.set(_key(ticket), credential, ex=LIFETIME_S)
        return ticket

    def redeem(self, ticket: str) -> str | None:
        """Return whose credential the ticket stands for, and make it void; None if it is void.

        Of several at once with the same ticket, one gets it.
        """
        found = self._redis.getdel(_key(ticket))
        return found.decode() if isinstance(found, bytes) else found


def _key(ticket: str) -> str:
    """Return where the ticket is kept: by its hash, so that who reads Redis cannot use it."""
    return f"ringi:ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"
