"""Bodies that describe definitions, both ways: what is published reads as it was sent."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, post_load

from api.schemas.members import Body, Flag, Part, Several, Text, Whole
from domain.definition.content import (
    Approver,
    ApproverKind,
    Content,
    Field,
    FieldKind,
    Milestone,
    Step,
)
from projections.workspace.definitions import REQUESTER


class Kind(fields.Field[FieldKind]):
    """What a field may hold, by its name."""

    default_error_messages = {  # noqa: RUF012  # as marshmallow has it
        **Text.default_error_messages,
        "invalid": f"the kind is one of {', '.join(FieldKind)}",
    }

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401  # as it was sent
        attr: str | None,  # noqa: ARG002  # marshmallow's signature
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **_: Any,
    ) -> FieldKind:
        if not isinstance(value, str) or value not in list(FieldKind):
            raise self.make_error("invalid")
        return FieldKind(value)


class WhoDecides(fields.Field[Approver]):
    """An approver.

    `{"person": "eva"}`, `{"role": …}`, `{"field": …}` or `{"manager": "requester"}`.
    """

    default_error_messages = {  # noqa: RUF012
        **Text.default_error_messages,
        "invalid": "an approver is an object with one member: person, role or field with its name, "
        f'or manager with "{REQUESTER}"',
    }

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401
        attr: str | None,  # noqa: ARG002
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **_: Any,
    ) -> Approver:
        if not isinstance(value, dict) or len(value) != 1:
            raise self.make_error("invalid")
        ((kind, name),) = value.items()
        if kind not in list(ApproverKind) or not isinstance(name, str):
            raise self.make_error("invalid")
        if kind == ApproverKind.MANAGER:
            if name != REQUESTER:
                raise self.make_error("invalid")
            name = ""
        return Approver(ApproverKind(kind), name)


class FieldBody(Body):
    """One field of a document."""

    name = Text(required=True)
    kind = Kind(required=True)
    label = Text()
    required = Flag()
    choices = Several(Text())
    decimals = Whole()

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Field:
        if "choices" in data:
            data["choices"] = tuple(data["choices"])
        return Field(**data)


class StepBody(Body):
    """One stage of the flow."""

    name = Text(required=True)
    approver = WhoDecides(required=True)
    label = Text()
    condition = Text()

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Step:
        return Step(**data)


class MilestoneBody(Body):
    """What is awaited after approval."""

    name = Text(required=True)
    role = Text(required=True)
    label = Text()

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Milestone:
        return Milestone(**data)


class NewDefinition(Body):
    """POST /v1/definitions: the name, and the content of its next version."""

    definition = Text(required=True)
    label = Text()
    fields = Several(Part(FieldBody), required=True)  # type: ignore[assignment]  # marshmallow takes it away
    steps = Several(Part(StepBody), required=True)
    milestones = Several(Part(MilestoneBody))
    self_approval = Flag()

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> tuple[str, Content]:
        name = data.pop("definition")
        parts = {
            part: tuple(value) if isinstance(value, list) else value for part, value in data.items()
        }
        return name, Content(**parts)  # type: ignore[arg-type]  # each part was loaded as its kind
