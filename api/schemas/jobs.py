"""Bodies of requests for background jobs: what each kind must be told."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, post_load, validate

from api.schemas.members import Body, Members, Text
from domain.document.state import Status


class Identifier(fields.Field[str]):
    """The id of a stream, as answers show it."""

    default_error_messages = {  # noqa: RUF012  # as marshmallow has it
        **Text.default_error_messages,
        "invalid": "the value is an id, such as 0b7b4a52-4d7c-4f0e-9a5e-3f4f8d1f6a10",
    }

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401  # as it was sent
        attr: str | None,  # noqa: ARG002  # marshmallow's signature
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **_: Any,
    ) -> str:
        try:
            found = UUID(value)
        except (TypeError, ValueError, AttributeError):
            raise self.make_error("invalid") from None
        if str(found) != value:
            raise self.make_error("invalid")
        return str(found)


class PdfParameters(Body):
    """A document with its approval record."""

    document = Identifier(required=True)


class ExportParameters(Body):
    """The documents that who asks may read."""

    format = Text(
        required=True,
        validate=validate.OneOf(("csv", "xlsx"), error="a format is csv or xlsx"),
    )
    definition = Text()
    status = Text(
        validate=validate.OneOf(list(Status), error=f"a status is one of {', '.join(Status)}")
    )


#: What each kind is told. The kinds themselves are the business of who runs them.
PARAMETERS: Mapping[str, Schema] = {"pdf": PdfParameters(), "export": ExportParameters()}


class NewJob(Body):
    """POST /v1/jobs: the kind, and its parameters."""

    kind = Text(required=True)
    parameters = Members(load_default=dict)

    @post_load
    def _checked(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        schema = PARAMETERS.get(data["kind"])
        if schema is None:
            known = ", ".join(PARAMETERS)
            raise ValidationError({"kind": [f"there is no such kind of job; there are {known}"]})
        try:
            return {**data, "parameters": schema.load(data["parameters"])}
        except ValidationError as error:
            raise ValidationError({"parameters": error.messages}) from None
