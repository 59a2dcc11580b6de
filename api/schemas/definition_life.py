"""Bodies of what becomes of a definition's versions."""

from api.schemas.members import Body, Instant, Text, Whole


class FromDraft(Body):
    """POST …/publish and …/propose."""

    draft = Whole(required=True)
    effective_from = Instant(load_default=None, allow_none=True)


class Approval(Body):
    """POST …/approve."""

    content_hash = Text(required=True)


class Deprecation(Body):
    """POST …/deprecate."""

    version = Whole(required=True)
    reason = Text(load_default="")
