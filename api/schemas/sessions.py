"""Bodies of requests to sessions."""

from api.schemas.members import Body, Text


class SignIn(Body):
    """POST /v1/session."""

    token = Text(required=True)
