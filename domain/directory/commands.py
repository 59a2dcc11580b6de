"""Everything that can be asked of the directory. Each command concerns one person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from domain.command import Command


@dataclass(frozen=True)
class PersonCommand(Command):
    """A request about the person with this login."""

    login: str


@dataclass(frozen=True)
class AddPerson(PersonCommand):
    """Make a person known."""

    NAME: ClassVar[str] = "add_person"
    name: str


@dataclass(frozen=True)
class GrantRole(PersonCommand):
    """Let a person hold a role."""

    NAME: ClassVar[str] = "grant_role"
    role: str


@dataclass(frozen=True)
class RevokeRole(PersonCommand):
    """Take a role from a person."""

    NAME: ClassVar[str] = "revoke_role"
    role: str


@dataclass(frozen=True)
class AssignManager(PersonCommand):
    """Say who a person's manager is; None: nobody."""

    NAME: ClassVar[str] = "assign_manager"
    manager: str | None


@dataclass(frozen=True)
class DeactivatePerson(PersonCommand):
    """Let a person no longer act."""

    NAME: ClassVar[str] = "deactivate_person"


@dataclass(frozen=True)
class ReactivatePerson(PersonCommand):
    """Let a person act again."""

    NAME: ClassVar[str] = "reactivate_person"


@dataclass(frozen=True)
class IssueToken(PersonCommand):
    """Let whoever has a secret act as the person. Only the secret's hash gets here."""

    NAME: ClassVar[str] = "issue_token"
    expires_at: datetime | None = None
    label: str = ""
    token: str = field(default="", compare=False)
    token_hash: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True)
class RevokeToken(PersonCommand):
    """Make a token void."""

    NAME: ClassVar[str] = "revoke_token"
    token: str


@dataclass(frozen=True)
class SetMailAddress(PersonCommand):
    """Say where notices for a person go; None: nowhere."""

    NAME: ClassVar[str] = "set_mail_address"
    address: str | None


@dataclass(frozen=True)
class SetNotices(PersonCommand):
    """Say which kinds of notices a person wants; kinds that are not named stay as they are."""

    NAME: ClassVar[str] = "set_notices"
    notices: Mapping[str, bool]
