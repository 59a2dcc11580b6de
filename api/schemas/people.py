"""Bodies of requests to people."""

from api.schemas.members import Body, Instant, Text


class NewPerson(Body):
    """POST /v1/people."""

    login = Text(required=True)
    name = Text(required=True)


class Manager(Body):
    """PUT /v1/people/{login}/manager; null: nobody."""

    manager = Text(required=True, allow_none=True)


class NewToken(Body):
    """POST /v1/people/{login}/tokens."""

    label = Text(load_default="")
    expires_at = Instant(load_default=None, allow_none=True)
