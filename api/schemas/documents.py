"""Bodies of requests to documents."""

from api.schemas.members import Body, Members, Text


class NewDocument(Body):
    """POST /v1/documents."""

    definition = Text(required=True)
    values = Members(load_default=dict)


class Values(Body):
    """PATCH /v1/documents/{document}."""

    values = Members(required=True)


class Approval(Body):
    """POST …/approve and …/abstain."""

    revision = Text(required=True)
    step = Text(load_default="")
    comment = Text(load_default="")


class Rejection(Body):
    """POST …/reject."""

    revision = Text(required=True)
    reason = Text(required=True)
    step = Text(load_default="")


class Recusal(Body):
    """POST …/recuse."""

    reason = Text(required=True)
    step = Text(load_default="")


class Recall(Body):
    """POST …/recall and …/hand_back."""

    reason = Text(load_default="")
    step = Text(load_default="")


class Delegation(Body):
    """POST …/delegate."""

    to = Text(required=True)
    reason = Text(required=True)
    step = Text(load_default="")


class Reassignment(Body):
    """POST …/reassign."""

    slot = Text(required=True)
    to = Text(required=True)
    reason = Text(required=True)


class Claim(Body):
    """POST …/claim and …/route_again."""

    step = Text(load_default="")


class Release(Body):
    """POST …/release."""

    slot = Text(load_default="")
    reason = Text(load_default="")


class Withdrawal(Body):
    """POST …/withdraw."""

    reason = Text(load_default="")


class Comment(Body):
    """POST …/comments."""

    text = Text(required=True)


class Nothing(Body):
    """A request that is said by its path."""
