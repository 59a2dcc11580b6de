"""Every bound of the gateway, in one place."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds of one gateway process."""

    connections: int = 10_000
    """Connections at once; further ones are refused with 503 before the upgrade."""
    message_bytes: int = 64 * 1024
    """The longest message that a client may send."""
    topics: int = 100
    """Subscriptions of one connection."""
    connect_s: float = 10.0
    """Until a new connection has said who it is."""
    requests_per_s: float = 20.0
    """Requests that a connection may send in the long run."""
    request_burst: int = 100
    """Requests that a connection may send at once."""
    answer_s: float = 5.0
    """How long a question to the database may take."""
    questions: int = 8
    """Questions to the database at the same time."""
    unsent_bytes: int = 1024 * 1024
    """What may wait for a client to read it; one message more, and it is cut."""
    socket_bytes: int = 256 * 1024
    """The kernel's send buffer of a connection, so that it does not hide a slow reader."""
    replay_messages: int = 300
    """What a resuming client may have missed; beyond it a snapshot is cheaper."""
    replay_bytes: int = 512 * 1024
    """The same in bytes: less than `unsent_bytes`, so that a replay cannot cut its reader."""
    replay_scan: int = 20_000
    """Rows of the feed that are looked through for one resuming client."""
    replay_scan_bytes: int = 16 * 1024 * 1024
    """The same in bytes: whoever may read nothing of it could ask for it all the time."""
    ring_rows: int = 10_000
    """The newest rows that are kept in memory, in each lane."""
    ring_bytes: int = 16 * 1024 * 1024
    """The same in bytes, in each lane."""
    heartbeat_s: float = 25.0
    """Between two places told to a client that follows."""
    poll_s: float = 1.0
    """Between two looks at the feed's heads."""
    poll_alone_s: float = 0.25
    """The same while Redis is away and only the heads tell of news."""
    reviews_per_s: int = 10
    """Connections whose rights are looked at again each second although nothing changed."""
    drain_s: float = 5.0
    """How long an ending gateway waits for its clients to go."""


class Allowance:
    """A token bucket: `burst` at once, `per_s` in the long run. The clock is the caller's."""

    def __init__(self, burst: int, per_s: float) -> None:
        self._burst = burst
        self._per_s = per_s
        self._left = float(burst)
        self._at: float | None = None

    def take(self, now: float) -> bool:
        """Take one; False if none is left. `now` is in seconds, of a clock that never goes back."""
        if self._at is not None:
            self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
