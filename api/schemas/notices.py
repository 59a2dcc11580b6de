"""Bodies of requests about notices."""

from api.schemas.members import Body, Flag, Text
from domain.notices import NoticeKind

Wanted = Body.from_dict({kind.value: Flag() for kind in NoticeKind}, name="Wanted")
"""PUT /v1/people/{login}/notices: a member for each kind; those that are missing stay so."""


class Address(Body):
    """PUT /v1/people/{login}/address; null: none."""

    address = Text(required=True, allow_none=True)
