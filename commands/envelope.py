"""A command with what surrounds it."""

from dataclasses import dataclass
from datetime import datetime

from domain.actor import Actor, Circumstances
from domain.command import Command
from domain.metadata import Channel, Meta


@dataclass(frozen=True)
class Envelope:
    """One command on its way. Instants are aware, in UTC."""

    command: Command
    command_id: str
    """The client's idempotency key: the same key means the same request, for ever."""
    actor: Actor
    at: datetime
    channel: Channel
    expected_version: int | None = None
    """The stream version that the client saw; None: whatever it is by now."""
    effective_at: datetime | None = None
    """When it happened in the world, if not now."""
    correlation_id: str = ""
    """The conversation it belongs to; empty: it begins one."""

    @property
    def circumstances(self) -> Circumstances:
        """What the decision is told of it."""
        return Circumstances(self.actor, self.at, self.effective_at)

    @property
    def meta(self) -> Meta:
        """What its events are told of it."""
        return Meta(
            actor=self.actor.login,
            command_id=self.command_id,
            correlation_id=self.correlation_id or self.command_id,
            recorded_at=self.at,
            effective_at=self.effective_at or self.at,
            channel=self.channel,
        )
