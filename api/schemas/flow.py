"""The steps of a definition: the words of a body, and the parts of the domain that they are."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from marshmallow import ValidationError, fields, post_load

from api.schemas.members import MISSING, Body, Flag, Part, Several, Text, Whole
from domain.definition.approvers import Approver, ApproverKind, Row
from domain.definition.counting import Counting, Rejecting, Rule
from domain.definition.steps import Missing, Rejection, Return, Step
from projections.workspace.flow_words import REQUESTER

#: Kinds whose word names whose manager, not who decides.
_OF_SOMEBODY = frozenset({ApproverKind.MANAGER, ApproverKind.CHAIN})


class Word(fields.Field[str]):
    """One of some words."""

    default_error_messages = {**Text.default_error_messages}  # noqa: RUF012  # as marshmallow has it

    def __init__(self, words: type[StrEnum], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words = words
        self.error_messages["invalid"] = f"the value is one of {', '.join(words)}"

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401  # as it was sent
        attr: str | None,  # noqa: ARG002  # marshmallow's signature
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **_: Any,
    ) -> str:
        if not isinstance(value, str) or value not in list(self.words):
            raise self.make_error("invalid")
        return self.words(value)


class RowBody(Body):
    """A row of a table."""

    condition = Text(load_default="")
    approver = fields.Raw(required=True, error_messages={"required": MISSING})

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Row:
        try:
            return Row(data["condition"], load_approver(data["approver"]))
        except ValidationError as error:
            raise ValidationError({"approver": error.messages}) from None


class ApproverBody(Body):
    """What may stand beside the member that says of which kind an approver is."""

    levels = Whole()
    up_to_level = Whole()
    until = Text()
    only_last = Flag()
    first_row = Flag()
    condition = Text()
    group = Text()
    weight = Whole()
    veto = Flag()
    mandatory = Flag()


class CountingBody(Body):
    """How votes add up."""

    rule = Word(Rule)
    number = Whole()
    percent = Text()
    persons = Whole()
    rejecting = Word(Rejecting)
    every_vote = Flag()
    abstentions_count = Flag()

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Counting:
        return Counting(**data)


class RejectionBody(Body):
    """What follows when a step is rejected."""

    to = Word(Return)
    step = Text()
    most_times = Whole()

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Rejection:
        return Rejection(**data)


class WhoDecides(fields.Field[Approver]):
    """An approver: one member says of which kind it is, such as `{"role": "finance"}`."""

    default_error_messages = {**Text.default_error_messages}  # noqa: RUF012

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401
        attr: str | None,  # noqa: ARG002
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **_: Any,
    ) -> Approver:
        return load_approver(value)


def load_approver(value: object) -> Approver:
    """Return the approver that a body describes.

    Raises:
        ValidationError
    """
    kinds = [kind for kind in ApproverKind if isinstance(value, dict) and kind.value in value]
    if not isinstance(value, dict) or len(kinds) != 1:
        raise ValidationError(
            f"an approver is an object with one of {', '.join(ApproverKind)}:"
            f' {{"role": "finance"}}, {{"manager": "{REQUESTER}"}}'
        )
    (kind,) = kinds
    rest = {name: each for name, each in value.items() if name != kind.value}
    errors: dict[str, Any] = {}
    found = Approver(kind)
    try:
        found = replace(found, **_OPTIONS.load(rest))
    except ValidationError as error:
        errors.update(error.messages_dict)
    try:
        found = replace(found, **_named(kind, value[kind.value]))
    except ValidationError as error:
        errors[kind.value] = error.messages
    if errors:
        raise ValidationError(errors)
    return found


def _named(kind: ApproverKind, given: object) -> dict[str, Any]:
    """Return what the member of the kind's name says."""
    if kind is ApproverKind.TABLE:
        return {"rows": tuple(_ROWS.deserialize(given))}
    if not isinstance(given, str):
        raise ValidationError("the value is a text, in quotes")
    if kind in _OF_SOMEBODY:
        return {"of": "" if given == REQUESTER else given}
    return {"name": given}


class StepBody(Body):
    """One stage of the flow."""

    name = Text(required=True)
    approver = WhoDecides()
    approvers = Several(WhoDecides())
    label = Text()
    condition = Text()
    counting = Part(CountingBody)
    in_order = Flag()
    rejection = Part(RejectionBody)
    missing = Word(Missing)
    watches = Several(Text())
    branches = Several(Several(Part(lambda: StepBody())))  # noqa: PLW0108  # it is not there yet

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Step:
        if "approver" in data and "approvers" in data:
            raise ValidationError({"approver": ["either approver or approvers"]})
        single = data.pop("approver", None)
        if single is not None:
            data["approvers"] = [single]
        for name in ("approvers", "watches"):
            if name in data:
                data[name] = tuple(data[name])
        if "branches" in data:
            data["branches"] = tuple(map(tuple, data["branches"]))
        return Step(**data)


_OPTIONS = ApproverBody()
_ROWS = Several(Part(RowBody))
