"""Everything that can be asked of the directory. Each command concerns one person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar

from domain.command import Command
from domain.directory.authority import Limit


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


@dataclass(frozen=True)
class SetLevel(PersonCommand):
    """Say which job level a person has; None: none."""

    NAME: ClassVar[str] = "set_level"
    level: int | None


@dataclass(frozen=True)
class SetDepartment(PersonCommand):
    """Say which department a person belongs to; empty: none."""

    NAME: ClassVar[str] = "set_department"
    department: str


@dataclass(frozen=True)
class SetLimits(PersonCommand):
    """Say up to which amounts a person may decide, instead of what was said before."""

    NAME: ClassVar[str] = "set_limits"
    limits: tuple[Limit, ...]


@dataclass(frozen=True)
class SetZone(PersonCommand):
    """Say in which time zone a person lives."""

    NAME: ClassVar[str] = "set_zone"
    zone: str


@dataclass(frozen=True)
class PlanAbsence(PersonCommand):
    """Say that a person will be away on these days, the last one inclusive."""

    NAME: ClassVar[str] = "plan_absence"
    absence: str = field(compare=False)
    """An id for it, that the person has not used."""
    first: date
    last: date
    substitute: str | None = None
    open_tasks: bool = True
    definitions: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReportAbsence(PersonCommand):
    """Say that a person is away unexpectedly, and who is to take over."""

    NAME: ClassVar[str] = "report_absence"
    absence: str = field(compare=False)
    substitute: str
    open_tasks: bool = True
    definitions: tuple[str, ...] = ()


@dataclass(frozen=True)
class TakeOver(PersonCommand):
    """Stand in for a person who is away unexpectedly."""

    NAME: ClassVar[str] = "take_over"
    absence: str


@dataclass(frozen=True)
class EndAbsence(PersonCommand):
    """Say that a person is back, or will not be away at all."""

    NAME: ClassVar[str] = "end_absence"
    absence: str
