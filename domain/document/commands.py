"""Everything that can be asked of a document."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from domain.command import Command


@dataclass(frozen=True)
class DocumentCommand(Command):
    """A request to one document."""

    document: UUID


@dataclass(frozen=True)
class CreateDocument(DocumentCommand):
    """Begin a draft; the actor becomes its requester."""

    NAME: ClassVar[str] = "create"
    definition: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class ReviseDocument(DocumentCommand):
    """Give fields other values; None empties a field."""

    NAME: ClassVar[str] = "revise"
    values: Mapping[str, object]


@dataclass(frozen=True)
class SubmitDocument(DocumentCommand):
    """Begin a round, the first or another one."""

    NAME: ClassVar[str] = "submit"


@dataclass(frozen=True)
class ApproveStep(DocumentCommand):
    """Approve the revision that the actor saw."""

    NAME: ClassVar[str] = "approve"
    revision: str
    step: str = ""
    """The step meant; empty: the one that waits for the actor."""
    comment: str = ""


@dataclass(frozen=True)
class AbstainFromStep(DocumentCommand):
    """Give no vote on the revision that the actor saw."""

    NAME: ClassVar[str] = "abstain"
    revision: str
    step: str = ""
    """The step meant; empty: the one that waits for the actor."""
    comment: str = ""


@dataclass(frozen=True)
class RecuseFromStep(DocumentCommand):
    """Leave the decision to others: the actor may not or will not judge here."""

    NAME: ClassVar[str] = "recuse"
    reason: str
    step: str = ""
    """The step meant; empty: the one that waits for the actor."""


@dataclass(frozen=True)
class RecallVote(DocumentCommand):
    """Take the actor's vote back, while the step is still open."""

    NAME: ClassVar[str] = "recall"
    reason: str = ""
    step: str = ""
    """The step meant; empty: the one in which the actor has voted."""


@dataclass(frozen=True)
class DelegateTask(DocumentCommand):
    """Let somebody else decide in the actor's name; who delegates stays accountable with them."""

    NAME: ClassVar[str] = "delegate"
    to: str
    """A login."""
    reason: str
    step: str = ""
    """The step meant; empty: the one that waits for the actor."""


@dataclass(frozen=True)
class HandBackTask(DocumentCommand):
    """End a delegation: as who does not take it on, or as who takes it back."""

    NAME: ClassVar[str] = "hand_back"
    reason: str = ""
    step: str = ""
    """The step meant; empty: the one with such a delegation."""


@dataclass(frozen=True)
class ReassignTask(DocumentCommand):
    """Put somebody else in the place of who should decide, in their own right."""

    NAME: ClassVar[str] = "reassign"
    slot: str
    to: str
    """A login."""
    reason: str


@dataclass(frozen=True)
class ClaimTask(DocumentCommand):
    """Take a role's decision upon oneself: nobody else who holds the role decides meanwhile."""

    NAME: ClassVar[str] = "claim"
    step: str = ""
    """The step meant; empty: the one that waits for a role of the actor's."""


@dataclass(frozen=True)
class ReleaseTask(DocumentCommand):
    """Give a claimed decision back to everybody who holds the role."""

    NAME: ClassVar[str] = "release"
    slot: str = ""
    """The slot meant; empty: the actor's own. An administrator releases those of others."""
    reason: str = ""


@dataclass(frozen=True)
class RouteAgain(DocumentCommand):
    """Ask anew who may decide a step that is blocked, now that the cause is mended."""

    NAME: ClassVar[str] = "route_again"
    step: str = ""
    """The step meant; empty: the one that is blocked."""


@dataclass(frozen=True)
class RejectStep(DocumentCommand):
    """Reject the revision that the actor saw; what follows is the definition's to say."""

    NAME: ClassVar[str] = "reject"
    revision: str
    reason: str
    step: str = ""
    """The step meant; empty: the one that waits for the actor."""


#: What somebody says of a step that waits for them.
VoteCommand = ApproveStep | RejectStep | AbstainFromStep | RecuseFromStep


@dataclass(frozen=True)
class WithdrawDocument(DocumentCommand):
    """Take a pending or a returned document back."""

    NAME: ClassVar[str] = "withdraw"
    reason: str = ""


@dataclass(frozen=True)
class DiscardDocument(DocumentCommand):
    """Give up a draft that was never submitted, for good."""

    NAME: ClassVar[str] = "discard"


@dataclass(frozen=True)
class AddComment(DocumentCommand):
    """Say something about a document."""

    NAME: ClassVar[str] = "comment"
    text: str


@dataclass(frozen=True)
class ReachMilestone(DocumentCommand):
    """Report that a milestone of an approved document took place."""

    NAME: ClassVar[str] = "reach_milestone"
    milestone: str
