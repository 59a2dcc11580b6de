"""The content of one version of a definition: fields, steps, milestones."""

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum


class FieldKind(StrEnum):
    """What a field may hold."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    CHOICE = "choice"
    PERSON = "person"
    ROLE = "role"


@dataclass(frozen=True)
class Field:
    """One field of a document."""

    name: str
    kind: FieldKind
    label: str = ""
    required: bool = False
    """Must be filled when the document is submitted; a draft may lack it."""
    choices: tuple[str, ...] = ()
    """What a field of kind choice may be."""
    decimals: int = 2
    """Digits after the point, of kinds decimal and money; 0 to 6."""

    def __hash__(self) -> int:
        """Return the name's: conditions look their fields up for each decision."""
        return hash(self.name)


class ApproverKind(StrEnum):
    """How a step finds who decides it."""

    PERSON = "person"
    ROLE = "role"
    FIELD = "field"
    MANAGER = "manager"


@dataclass(frozen=True)
class Approver:
    """Who decides a step."""

    kind: ApproverKind
    name: str = ""
    """The login, the role, or the field of kind person or role; empty for the requester's
    manager."""


@dataclass(frozen=True)
class Step:
    """One stage of the flow; steps are taken in order."""

    name: str
    approver: Approver
    label: str = ""
    condition: str = ""
    """A CEL expression over the fields; the step is skipped where it is false. Empty: always."""


@dataclass(frozen=True)
class Milestone:
    """What is awaited after approval, in order."""

    name: str
    role: str
    """Who may report it."""
    label: str = ""


@dataclass(frozen=True)
class Content:
    """A definition as it was published."""

    fields: tuple[Field, ...]
    steps: tuple[Step, ...]
    milestones: tuple[Milestone, ...] = ()
    label: str = ""
    self_approval: bool = False
    """May the requester decide a step of their own document?"""

    @property
    def hash(self) -> str:
        """The name of this content: SHA-256 of its canonical JSON, in hexadecimals."""
        canonical = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def field(self, name: str) -> Field | None:
        """Return the field of this name, None if there is none."""
        return next((field for field in self.fields if field.name == name), None)
