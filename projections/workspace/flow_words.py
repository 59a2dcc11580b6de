"""The fields and steps of a definition in the words in which they are sent.

What is usual is left out.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from domain.definition.approvers import Approver, ApproverKind
from domain.definition.content import Field
from domain.definition.counting import Counting
from domain.definition.steps import Rejection, Step

#: What stands where an approver needs no name: whose manager is meant.
REQUESTER = "requester"

_OF_SOMEBODY = frozenset({ApproverKind.MANAGER, ApproverKind.CHAIN})
#: Members that every step is shown with.
_ALWAYS = ("name", "label", "condition")
#: Members that every field is shown with.
_OF_FIELDS = ("name", "kind", "label", "required", "choices", "decimals")
#: Members that are written in words of their own.
_PARTS = frozenset({"approvers", "counting", "rejection", "branches"})


def field_as_sent(field: Mapping[str, Any]) -> dict[str, object]:
    """Return a field as a body has it."""
    unusual = _unusual(field, Field)
    columns = [field_as_sent(each) for each in field.get("fields", ())]
    rest = {name: unusual[name] for name in unusual if name != "fields"}
    if columns:
        rest["fields"] = columns
    return {name: field[name] for name in _OF_FIELDS} | rest


def step_as_sent(step: Mapping[str, Any]) -> dict[str, object]:
    """Return a step as a body has it; a single approver is not put into a list."""
    unusual = _unusual(step, Step)
    found = {name: step[name] for name in _ALWAYS}
    found |= {name: unusual[name] for name in unusual if name not in _PARTS}
    if len(step["approvers"]) == 1:
        found["approver"] = approver_as_sent(step["approvers"][0])
    elif step["approvers"]:
        found["approvers"] = [approver_as_sent(each) for each in step["approvers"]]
    for name, kind in (("counting", Counting), ("rejection", Rejection)):
        if part := _unusual(step[name], kind):
            found[name] = part
    if step["branches"]:
        found["branches"] = [[step_as_sent(each) for each in branch] for branch in step["branches"]]
    return found


def approver_as_sent(approver: Mapping[str, Any]) -> dict[str, object]:
    """Return an approver as a body has it: its kind is the name of its first member."""
    kind = ApproverKind(approver["kind"])
    rest = {
        name: value
        for name, value in _unusual(approver, Approver).items()
        if name not in ("kind", "name", "of", "rows")
    }
    if kind is ApproverKind.TABLE:
        rows = [
            {"condition": row["condition"], "approver": approver_as_sent(row["approver"])}
            for row in approver["rows"]
        ]
        return {kind.value: rows, **rest}
    named = approver["of"] or REQUESTER if kind in _OF_SOMEBODY else approver["name"]
    return {kind.value: named, **rest}


def _unusual(part: Mapping[str, Any], kind: type[Any]) -> dict[str, object]:
    """Return what of a part is not its default."""
    usual = {field.name: field.default for field in fields(kind)}
    return {
        name: value
        for name, value in part.items()
        if not (value == usual[name] or (usual[name] == () and not value))
    }
