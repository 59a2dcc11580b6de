"""Everything that can happen to a person in the directory."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from domain.directory.authority import Limit
from domain.metadata import Event
from domain.values import Personal


@dataclass(frozen=True)
class PersonAdded(Event):
    """A person is known, under a login that never changes."""

    TOPIC: ClassVar[str] = "person.added"
    login: str
    name: Personal


@dataclass(frozen=True)
class RoleGranted(Event):
    """The person holds a role from now on."""

    TOPIC: ClassVar[str] = "person.role_granted"
    login: str
    role: str


@dataclass(frozen=True)
class RoleRevoked(Event):
    """The person no longer holds a role."""

    TOPIC: ClassVar[str] = "person.role_revoked"
    login: str
    role: str


@dataclass(frozen=True)
class ManagerAssigned(Event):
    """The person has another manager; None: none."""

    TOPIC: ClassVar[str] = "person.manager_assigned"
    login: str
    manager: str | None


@dataclass(frozen=True)
class PersonDeactivated(Event):
    """The person may no longer act; their tokens are void while this lasts."""

    TOPIC: ClassVar[str] = "person.deactivated"
    login: str


@dataclass(frozen=True)
class PersonReactivated(Event):
    """The person may act again."""

    TOPIC: ClassVar[str] = "person.reactivated"
    login: str


@dataclass(frozen=True)
class TokenIssued(Event):
    """Whoever has the secret of this hash may act as the person."""

    TOPIC: ClassVar[str] = "person.token_issued"
    login: str
    token: str
    """The token's public id."""
    token_hash: str
    """SHA-256 of the secret, in hexadecimals; the secret itself is nowhere."""
    expires_at: datetime | None
    label: str = ""


@dataclass(frozen=True)
class TokenRevoked(Event):
    """A token is void."""

    TOPIC: ClassVar[str] = "person.token_revoked"
    login: str
    token: str


@dataclass(frozen=True)
class MailAddressSet(Event):
    """Notices for the person go to another address; None: to none."""

    TOPIC: ClassVar[str] = "person.mail_address_set"
    login: str
    address: Personal | None


@dataclass(frozen=True)
class NoticesSet(Event):
    """The person wants notices of these kinds, or no longer; other kinds are as they were."""

    TOPIC: ClassVar[str] = "person.notices_set"
    login: str
    notices: Mapping[str, bool]
    """By kind, as `domain.notices.NoticeKind` has them."""


@dataclass(frozen=True)
class LevelSet(Event):
    """The person has another job level; None: none."""

    TOPIC: ClassVar[str] = "person.level_set"
    login: str
    level: int | None


@dataclass(frozen=True)
class DepartmentSet(Event):
    """The person belongs to another department; empty: to none."""

    TOPIC: ClassVar[str] = "person.department_set"
    login: str
    department: str


@dataclass(frozen=True)
class LimitsSet(Event):
    """The person may decide up to these amounts, and no others."""

    TOPIC: ClassVar[str] = "person.limits_set"
    login: str
    limits: tuple[Limit, ...]


@dataclass(frozen=True)
class ZoneSet(Event):
    """The person's days are those of another time zone, also in absences that are planned."""

    TOPIC: ClassVar[str] = "person.zone_set"
    login: str
    zone: str
    """As the IANA database calls it."""


@dataclass(frozen=True)
class AbsencePlanned(Event):
    """The person will be away on these days, the last one inclusive."""

    TOPIC: ClassVar[str] = "person.absence_planned"
    login: str
    absence: str
    """The absence's id."""
    first: date
    last: date
    substitute: str | None = None
    open_tasks: bool = True
    """Does the substitute see tasks that are open before it begins?"""
    definitions: tuple[str, ...] = ()
    """Of which definitions the substitute sees tasks; empty: of all."""


@dataclass(frozen=True)
class AbsenceReported(Event):
    """The person is away unexpectedly; the substitute stands in once they have taken over."""

    TOPIC: ClassVar[str] = "person.absence_reported"
    login: str
    absence: str
    since: datetime
    substitute: str
    open_tasks: bool = True
    definitions: tuple[str, ...] = ()


@dataclass(frozen=True)
class AbsenceTakenOver(Event):
    """The substitute of an unplanned absence stands in from now on."""

    TOPIC: ClassVar[str] = "person.absence_taken_over"
    login: str
    absence: str


@dataclass(frozen=True)
class AbsenceEnded(Event):
    """The person is back: nobody stands in from now on."""

    TOPIC: ClassVar[str] = "person.absence_ended"
    login: str
    absence: str
    ended_at: datetime


@dataclass(frozen=True)
class AbsenceCancelled(Event):
    """A planned absence will not be; it had not begun."""

    TOPIC: ClassVar[str] = "person.absence_cancelled"
    login: str
    absence: str


EVENTS: tuple[type[Event], ...] = (
    PersonAdded,
    RoleGranted,
    RoleRevoked,
    ManagerAssigned,
    PersonDeactivated,
    PersonReactivated,
    TokenIssued,
    TokenRevoked,
    MailAddressSet,
    NoticesSet,
    LevelSet,
    DepartmentSet,
    LimitsSet,
    ZoneSet,
    AbsencePlanned,
    AbsenceReported,
    AbsenceTakenOver,
    AbsenceEnded,
    AbsenceCancelled,
)
