"""Bodies of requests to people."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from marshmallow import fields, post_load

from api.schemas.members import MISSING, Body, Day, Flag, Instant, Part, Several, Text, Whole
from domain.directory.authority import Limit

#: What stands for an amount without a bound.
UNLIMITED = "unlimited"

_AMOUNT = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")


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


class Level(Body):
    """PUT /v1/people/{login}/level; null: none."""

    level = Whole(required=True, allow_none=True)


class Department(Body):
    """PUT /v1/people/{login}/department; null: none."""

    department = Text(required=True, allow_none=True)


class Zone(Body):
    """PUT /v1/people/{login}/zone."""

    zone = Text(required=True)


class Amount(fields.Field[Decimal | None]):
    """An amount as a text, or that there is no bound: None."""

    default_error_messages = {  # noqa: RUF012  # as marshmallow has it
        "required": MISSING,
        "null": "this field cannot be null",
        "invalid": 'the value is an amount in quotes, as "5000.00", or "unlimited"',
    }

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401  # as it was sent
        attr: str | None,  # noqa: ARG002  # marshmallow's signature
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **_: Any,
    ) -> Decimal | None:
        if value == UNLIMITED:
            return None
        if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
            raise self.make_error("invalid")
        return Decimal(value)


class OneLimit(Body):
    """A limit of authority."""

    amount = Amount(required=True)
    currency = Text(load_default=None, allow_none=True)
    definition = Text(load_default=None, allow_none=True)

    @post_load
    def _limit(self, data: Mapping[str, Any], **_: Any) -> Limit:
        return Limit(data["amount"], data["currency"] or "", data["definition"] or "")


class Limits(Body):
    """PUT /v1/people/{login}/limits: all that the person shall have."""

    limits = Several(Part(OneLimit), required=True)


class NewAbsence(Body):
    """POST /v1/people/{login}/absences; without days: away unexpectedly."""

    first = Day(load_default=None, allow_none=True)
    last = Day(load_default=None, allow_none=True)
    substitute = Text(load_default=None, allow_none=True)
    open_tasks = Flag(load_default=True)
    definitions = Several(Text(), load_default=list)
