"""What the gateway needs of the outside world.

Every call may block. Each may be made by any thread, and by several at once.
"""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from domain.actor import Actor


class FeedRow(Protocol):
    """A row of the feed as it is stored."""

    @property
    def lane(self) -> int:
        """The lane, from 0."""

    @property
    def seq(self) -> int:
        """The place in the lane, from 1, without holes."""

    @property
    def message(self) -> bytes:
        """What happened, as JSON."""


class Feed(Protocol):
    """The feed of one projection, read on the primary."""

    def epoch(self) -> str:
        """Return what changes when the feed begins anew; places of two epochs do not compare."""

    def heads(self) -> dict[int, int]:
        """Return the newest seq of every lane; 0 of a lane without rows."""

    def since(self, lane: int, after: int, limit: int) -> Sequence[FeedRow]:
        """Return rows of the lane that follow `after` and are still kept, oldest first."""


class Access(Protocol):
    """Who somebody is and what they may read, as of now."""

    def credential_of(self, token: str) -> str:
        """Return what stands for this token where the token must not be kept. Does not block."""

    def redeem(self, ticket: str) -> str | None:
        """Return the credential that fetched the ticket, and make it void; None if it is void."""

    def holder(self, credential: str) -> Actor | None:
        """Return whose credential this is; None if it is void or its person may not act."""

    def actor(self, login: str) -> Actor | None:
        """Return the person with their roles; None if unknown or inactive."""

    def may_read(self, actor: Actor, document: UUID) -> bool:
        """Say whether the actor may read the document; False if there is none."""

    def may_read_job(self, actor: Actor, job: UUID) -> bool:
        """Say whether the actor may read the background job; False if there is none."""
