"""What can be done with a document: a route for each command."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import falcon
from marshmallow import Schema

from api.body import read_body
from api.commanding import Commanding
from api.schemas.documents import (
    Approval,
    Claim,
    Comment,
    Delegation,
    Nothing,
    Reassignment,
    Recall,
    Recusal,
    Rejection,
    Release,
    Withdrawal,
)
from domain.document.commands import (
    AbstainFromStep,
    AddComment,
    ApproveStep,
    ClaimTask,
    DelegateTask,
    DiscardDocument,
    DocumentCommand,
    HandBackTask,
    ReachMilestone,
    ReassignTask,
    RecallVote,
    RecuseFromStep,
    RejectStep,
    ReleaseTask,
    RouteAgain,
    SubmitDocument,
    WithdrawDocument,
)


@dataclass(frozen=True)
class Doing:
    """POST /v1/documents/{document}/…: one command, made of the path and the body."""

    commanding: Commanding
    command: Callable[..., DocumentCommand]
    body: Schema

    def on_post(self, req: falcon.Request, resp: falcon.Response, **path: Any) -> None:
        """Let the command take effect."""
        headers = self.commanding.headers(req)
        command = self.command(**path, **read_body(req, self.body))
        self.commanding.answer(req, resp, headers, command)


def document_commands(commanding: Commanding) -> dict[str, Doing]:
    """Return what answers each route below a document."""
    nothing = Nothing()
    return {
        "submit": Doing(commanding, SubmitDocument, nothing),
        "approve": Doing(commanding, ApproveStep, Approval()),
        "reject": Doing(commanding, RejectStep, Rejection()),
        "abstain": Doing(commanding, AbstainFromStep, Approval()),
        "recuse": Doing(commanding, RecuseFromStep, Recusal()),
        "recall": Doing(commanding, RecallVote, Recall()),
        "delegate": Doing(commanding, DelegateTask, Delegation()),
        "hand_back": Doing(commanding, HandBackTask, Recall()),
        "reassign": Doing(commanding, ReassignTask, Reassignment()),
        "route_again": Doing(commanding, RouteAgain, Claim()),
        "claim": Doing(commanding, ClaimTask, Claim()),
        "release": Doing(commanding, ReleaseTask, Release()),
        "withdraw": Doing(commanding, WithdrawDocument, Withdrawal()),
        "discard": Doing(commanding, DiscardDocument, nothing),
        "comments": Doing(commanding, AddComment, Comment()),
        "milestones/{milestone}": Doing(commanding, ReachMilestone, nothing),
    }
