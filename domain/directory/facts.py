"""What the directory tells those who decide: people, who holds a role, chains of managers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.directory.absence import USUAL_ZONE, Absence
from domain.directory.authority import Limit
from domain.errors import Reason, RefusedError

#: Managers above a person who are looked at: no organisation has more levels.
LONGEST_CHAIN = 20

#: People whom a flow can ask by one role.
MOST_MEMBERS = 1000


@dataclass(frozen=True)
class Needs:
    """Of whom a flow needs to know."""

    people: frozenset[str] = frozenset()
    """These, their managers and their substitutes."""
    roles: frozenset[str] = frozenset()
    """Who holds these, with their substitutes."""
    chains: frozenset[str] = frozenset()
    """These and all managers above them, with their substitutes."""

    def __bool__(self) -> bool:
        return bool(self.people or self.roles or self.chains)


@dataclass(frozen=True)
class PersonFacts:
    """What the directory knows of a person."""

    active: bool
    """Who is not leaves a vacancy: chains of managers lead on past it."""
    manager: str | None = None
    level: int | None = None
    """The job level: the higher, the more senior."""
    department: str = ""
    limits: tuple[Limit, ...] = ()
    zone: str = USUAL_ZONE
    """The person's time zone, as the IANA database calls it."""
    absences: tuple[Absence, ...] = ()
    """Those that are not over yet, at least, in their order of precedence."""


@dataclass(frozen=True)
class DirectoryFacts:
    """What the directory knows of those whom a flow names."""

    people: Mapping[str, PersonFacts] = field(default_factory=dict)
    """By login; who is missing does not exist."""
    roles: frozenset[str] = frozenset()
    """The roles that somebody holds who is active, and may decide: not the requester, unless the
    definition lets requesters decide."""
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By role, who holds it and is active, by login. Read them by `members_of`."""
    crowded: frozenset[str] = frozenset()
    """The roles that more people hold than can be asked; they have no members here."""
    seen: Mapping[int, int] = field(default_factory=dict, compare=False)
    """By lane, the position in the log as of which the directory was read."""


def members_of(facts: DirectoryFacts, role: str) -> tuple[str, ...]:
    """Return the active people who hold the role, by login.

    Raises:
        RefusedError: NO_APPROVER, where more people hold it than can be asked one by one.
    """
    if role in facts.crowded:
        raise RefusedError(
            Reason.NO_APPROVER,
            f"more than {MOST_MEMBERS} active people hold the role {role}: they cannot be asked"
            " one by one",
            "directory.roles",
        )
    return facts.members.get(role, ())
