"""What a gateway has done so far, counted. Plain numbers: one thread adds, any thread may look."""

from collections import Counter
from dataclasses import dataclass, field

from realtime.protocol import CLOSES, Resync


@dataclass
class Tally:
    """Counts since the gateway began."""

    subscriptions: int = 0
    """Topics that connections have subscribed to now."""
    rows: int = 0
    """Rows of the feed that were pushed to whom they concern."""
    messages: int = 0
    """Pushes of them, one for each connection."""
    pushed_bytes: int = 0
    """Bytes of these pushes."""
    filled: int = 0
    """Rows that were read from the feed because nobody published them here, or too late."""
    replays: int = 0
    """Times that somebody who came back was told what they missed."""
    replayed: int = 0
    """Messages of these replays."""
    resyncs: Counter[str] = field(default_factory=Counter)
    """Notices that a snapshot is needed, by reason."""
    closes: Counter[str] = field(default_factory=Counter)
    """Connections that the gateway ended, by the name of the close code."""

    def __post_init__(self) -> None:
        """Begin every count that has a name with 0, so that the keys never change."""
        self.resyncs.update(dict.fromkeys(Resync, 0))
        self.closes.update({close.name: 0 for close in CLOSES})

    def pushed(self, connections: int, frame_bytes: int) -> None:
        """Count a frame that was pushed to so many."""
        self.messages += connections
        self.pushed_bytes += connections * frame_bytes
