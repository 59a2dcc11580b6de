"""Bodies that describe definitions, both ways: what is published reads as it was sent."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, post_load

from api.schemas.flow import StepBody, Word
from api.schemas.members import Body, Flag, Part, Several, Text, Whole
from domain.definition.cells import LARGEST_INTEGER
from domain.definition.content import Content, Field, FieldKind, LineField, Milestone, Rule
from domain.definition.steps import Duplicates, SelfApproval


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


class Bound(fields.Field[str]):
    """The least or the most that a field may hold: an integer, or a number or a date as text."""

    default_error_messages = {  # noqa: RUF012
        **Text.default_error_messages,
        "invalid": 'the value is an integer, or a text as "12.50" or "2026-11-23"',
    }

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401
        attr: str | None,  # noqa: ARG002
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **_: Any,
    ) -> str:
        if isinstance(value, str):
            return value
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > LARGEST_INTEGER:
            raise self.make_error("invalid")
        return str(value)


class LineFieldBody(Body):
    """One field of each line."""

    name = Text(required=True)
    kind = Kind(required=True)
    label = Text()
    required = Flag()
    choices = Several(Text())
    decimals = Whole()
    least = Bound()
    most = Bound()
    longest = Whole()
    pattern = Text()
    personal = Flag()

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> LineField:
        return LineField(**_with_tuples(data))


class FieldBody(LineFieldBody):
    """One field of a document."""

    fields = Several(Part(LineFieldBody))  # type: ignore[assignment]  # marshmallow takes it away

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Field:
        return Field(**_with_tuples(data))


class RuleBody(Body):
    """What must be true at each submission."""

    condition = Text(required=True)
    message = Text(required=True)

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Rule:
        return Rule(**data)


def _with_tuples(data: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(each) if isinstance(each, list) else each for name, each in data.items()}


class MilestoneBody(Body):
    """What is awaited after approval."""

    name = Text(required=True)
    role = Text(required=True)
    label = Text()

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Milestone:
        return Milestone(**data)


class Allowed(fields.Field[SelfApproval]):
    """What happens where the requester would decide; true and false as well as a word."""

    default_error_messages = {  # noqa: RUF012
        **Text.default_error_messages,
        "invalid": f"the value is true, false or one of {', '.join(SelfApproval)}",
    }

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401
        attr: str | None,  # noqa: ARG002
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **_: Any,
    ) -> SelfApproval:
        if isinstance(value, bool):
            return SelfApproval.ALLOW if value else SelfApproval.FORBID
        if not isinstance(value, str) or value not in list(SelfApproval):
            raise self.make_error("invalid")
        return SelfApproval(value)


class NewDefinition(Body):
    """A definition: its name, and the content of its next version."""

    definition = Text(required=True)
    label = Text()
    fields = Several(Part(FieldBody), required=True)  # type: ignore[assignment]  # marshmallow takes it away
    steps = Several(Part(StepBody), required=True)
    milestones = Several(Part(MilestoneBody))
    self_approval = Allowed()
    duplicates = Word(Duplicates)
    four_eyes = Flag()
    rules = Several(Part(RuleBody))

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> tuple[str, Content]:
        name = data.pop("definition")
        parts = {
            part: tuple(value) if isinstance(value, list) else value for part, value in data.items()
        }
        return name, Content(**parts)  # type: ignore[arg-type]  # each part was loaded as its kind
