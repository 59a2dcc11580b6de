"""How a step finds who decides it."""

from dataclasses import dataclass
from enum import StrEnum


class ApproverKind(StrEnum):
    """Where the names come from."""

    PERSON = "person"
    """The login `name`."""
    ROLE = "role"
    """Whoever holds the role `name` when they decide: one place for all of them."""
    MEMBERS = "members"
    """Everybody who holds the role `name` when the step starts: a place for each."""
    FIELD = "field"
    """Whom the field `name` of kind person or role names; a role is one place."""
    MANAGER = "manager"
    """The manager of `of`."""
    CHAIN = "chain"
    """The managers above `of`, one after the other, up to where the chain ends."""
    EXPRESSION = "expression"
    """The login that the expression `name` gives."""
    TABLE = "table"
    """The approvers of the rows whose condition holds."""


@dataclass(frozen=True)
class Approver:
    """One source of places. What belongs to another kind has its default."""

    kind: ApproverKind
    name: str = ""
    of: str = ""
    """Whose manager or chain: a field of kind person; empty: the requester's."""
    levels: int = 0
    """A chain has so many managers at most; 0: as many as there are."""
    up_to_level: int = 0
    """A chain ends with the first manager of this job level, or above it; 0: whatever the level."""
    until: str = ""
    """A chain ends with the first manager whose authority covers this field of kind money."""
    only_last: bool = False
    """Of the chain, only the manager who ends it decides."""
    rows: tuple["Row", ...] = ()
    first_row: bool = True
    """Of a table, does only the first row count whose condition holds, or each?"""
    condition: str = ""
    """The source counts only where this holds. Empty: always."""
    group: str = ""
    """What its places belong to where groups are counted; empty: `name`."""
    weight: int = 1
    """What each of its votes weighs."""
    veto: bool = False
    """Does each of its votes against end the step?"""
    mandatory: bool = False
    """Must each of its votes approve?"""


@dataclass(frozen=True)
class Row:
    """A row of a table: who decides where a condition holds."""

    condition: str
    """Empty: always."""
    approver: Approver
