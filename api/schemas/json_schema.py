"""The JSON Schema of definitions (draft 2020-12), made of the bodies' own descriptions.

So it cannot say anything else than what is checked. It describes the form alone; what conditions,
names and quorums may be is found by `ringi definition lint`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import Schema, fields

from api.schemas.definitions import Allowed, Bound, Kind, NewDefinition
from api.schemas.flow import ApproverBody, RowBody, WhoDecides, Word
from api.schemas.members import Flag, Several, Text, Whole
from domain.definition.approvers import ApproverKind
from domain.definition.content import FieldKind
from domain.definition.steps import SelfApproval

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_Described = dict[str, Any]


def definition_schema() -> _Described:
    """Return the schema of a definition as a text or a body has it."""
    return {
        "$schema": DIALECT,
        "title": "A definition",
        **_Writer().whole(NewDefinition()),
    }


class _Writer:
    """Writes each body once, below `$defs`; bodies may be within themselves."""

    def __init__(self) -> None:
        self._defs: dict[str, _Described] = {}

    def whole(self, body: Schema) -> _Described:
        described = self._body(body)
        # The name may be in the path or the file's, instead.
        described["required"] = [name for name in described["required"] if name != "definition"]
        return {**described, "$defs": dict(sorted(self._defs.items()))}

    def _body(self, body: Schema) -> _Described:
        description = (type(body).__doc__ or "").strip().partition("\n")[0]
        return {
            "description": description,
            "type": "object",
            "properties": {name: self._field(each) for name, each in body.fields.items()},
            "required": [name for name, each in body.fields.items() if each.required],
            "additionalProperties": False,
        }

    def _reference(self, body: Schema) -> _Described:
        name = type(body).__name__.removesuffix("Body")
        if name not in self._defs:
            self._defs[name] = {}  # it may meet itself
            self._defs[name] = self._body(body)
        return {"$ref": f"#/$defs/{name}"}

    def _field(self, field: fields.Field[Any]) -> _Described:
        for kind, describe in _FORMS.items():
            if isinstance(field, kind):
                described = describe(self, field)
                break
        else:
            raise TypeError(f"no JSON Schema is known of {type(field).__name__}")
        return {"anyOf": [described, {"type": "null"}]} if field.allow_none else described

    def nested(self, field: Any) -> _Described:  # noqa: ANN401  # one of marshmallow's
        return self._reference(field.schema)

    def several(self, field: Any) -> _Described:  # noqa: ANN401
        return {"type": "array", "items": self._field(field.inner)}

    def approver(self, _: object) -> _Described:
        """Describe the forms of an approver: one for each member that says its kind."""
        if "Approver" not in self._defs:
            self._defs["Approver"] = {}
            beside = self._body(ApproverBody())["properties"]
            self._defs["Approver"] = {
                "oneOf": [
                    {
                        "type": "object",
                        "properties": {kind.value: self._names(kind), **beside},
                        "required": [kind.value],
                        "additionalProperties": False,
                    }
                    for kind in ApproverKind
                ]
            }
        return {"$ref": "#/$defs/Approver"}

    def _names(self, kind: ApproverKind) -> _Described:
        if kind is not ApproverKind.TABLE:
            return {"type": "string"}
        row = self._reference(RowBody())
        self._defs["Row"]["properties"]["approver"] = {"$ref": "#/$defs/Approver"}
        return {"type": "array", "items": row}


def _of_type(name: str) -> Callable[[_Writer, Any], _Described]:
    return lambda _writer, _field: {"type": name}


def _of_words(words: type[Any]) -> Callable[[_Writer, Any], _Described]:
    return lambda _writer, _field: {"enum": [word.value for word in words]}


#: What each kind of member looks like; the first that fits counts.
_FORMS: Mapping[type[fields.Field[Any]], Callable[[_Writer, Any], _Described]] = {
    Kind: _of_words(FieldKind),
    Allowed: lambda _writer, _field: {
        "enum": [True, False, *(each.value for each in SelfApproval)]
    },
    Bound: lambda _writer, _field: {"type": ["string", "integer"]},
    Word: lambda _writer, field: {"enum": [word.value for word in field.words]},
    WhoDecides: _Writer.approver,
    Text: _of_type("string"),
    Whole: _of_type("integer"),
    Flag: _of_type("boolean"),
    Several: _Writer.several,
    fields.Nested: _Writer.nested,
    fields.Raw: lambda _writer, _field: {},
}
