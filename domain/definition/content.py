"""The content of one version of a definition: fields, steps, milestones."""

from dataclasses import dataclass
from enum import StrEnum

from domain.definition.canonical import hash_of
from domain.definition.steps import Duplicates, SelfApproval, Step, walk


class FieldKind(StrEnum):
    """What a field may hold."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    CHOICE = "choice"
    PERSON = "person"
    ROLE = "role"
    DATE = "date"
    TRUTH = "truth"
    LINES = "lines"


@dataclass(frozen=True)
class LineField:
    """One field of each line of a field of kind lines."""

    name: str
    kind: FieldKind
    label: str = ""
    required: bool = False
    """Must be filled when the document is submitted; a draft may lack it."""
    choices: tuple[str, ...] = ()
    """What a field of kind choice may be."""
    decimals: int = 2
    """Digits after the point, of kinds decimal and money; 0 to 6."""
    least: str = ""
    """The least number, amount or date it may hold; of lines, how many there are at least when
    the document is submitted. Empty: any."""
    most: str = ""
    """The greatest number, amount, date, or number of lines. Empty: any."""
    longest: int = 0
    """Characters of a text, at most; 0: as many as any text may have."""
    pattern: str = ""
    """What a text must look like as a whole, a regular expression. Empty: anyhow."""
    personal: bool = False
    """Is it about a person? Who exports, shows or erases personal data goes by this."""

    def __hash__(self) -> int:
        """Return the name's: conditions look their fields up for each decision."""
        return hash(self.name)


@dataclass(frozen=True)
class Field(LineField):
    """One field of a document."""

    fields: tuple[LineField, ...] = ()
    """What each line of a field of kind lines consists of."""

    def __hash__(self) -> int:
        """Return the name's, as every field does."""
        return hash(self.name)


@dataclass(frozen=True)
class Rule:
    """What the values must be for a document to be submitted."""

    condition: str
    """An expression over the fields that must be true."""
    message: str
    """What is said to whom it refuses."""


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
    self_approval: SelfApproval = SelfApproval.FORBID
    """What happens where the requester would decide."""
    duplicates: Duplicates = Duplicates.ASK
    """What happens where somebody would decide twice in a round."""
    rules: tuple[Rule, ...] = ()
    """What must be true at each submission."""
    four_eyes: bool = False
    """Does publishing need a second person? See `domain.definition.publishing`."""

    @property
    def hash(self) -> str:
        """The name of this content: SHA-256 of its canonical JSON, in hexadecimals."""
        return hash_of(self)

    def step(self, name: str) -> Step | None:
        """Return the step of this name, wherever in the flow; None if there is none."""
        return next((step for step in walk(self.steps) if step.name == name), None)

    def field(self, name: str) -> Field | None:
        """Return the field of this name, None if there is none."""
        return next((field for field in self.fields if field.name == name), None)
