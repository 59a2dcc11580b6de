"""Everything that can happen to a person in the directory."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

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
)
