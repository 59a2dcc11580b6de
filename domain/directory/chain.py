"""The managers above a person, one after the other, and where their chain breaks off."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.directory.facts import LONGEST_CHAIN, DirectoryFacts, PersonFacts


class LinkState(StrEnum):
    """What there is to say of a place in a chain of managers."""

    ACTIVE = "active"
    """Somebody who may act."""
    VACANT = "vacant"
    """Somebody who may not: nobody fills the position. The chain goes on."""
    UNKNOWN = "unknown"
    """Nobody of this login is in the directory. The chain ends here."""
    CIRCLE = "circle"
    """Somebody who is below in the same chain. It ends here."""
    TOO_LONG = "too_long"
    """There are more than LONGEST_CHAIN levels. It ends here."""


@dataclass(frozen=True)
class Link:
    """One place in a chain of managers."""

    login: str
    state: LinkState
    depth: int
    """1 for the person's own manager."""
    why: str
    """How the chain comes here, in words."""
    person: PersonFacts | None = None
    """None where the chain ends unknown."""

    @property
    def is_broken(self) -> bool:
        """Tell whether the chain ends here, though somebody should be above."""
        return self.state not in (LinkState.ACTIVE, LinkState.VACANT)


def chain(facts: DirectoryFacts, login: str) -> Sequence[Link]:
    """Return the managers above a person, the nearest first; empty for who has none.

    At most LONGEST_CHAIN, and one more that says why there is no more: only a last link is broken.
    Who is asked for and not known is a broken link alone, of depth 0. Whether somebody is away
    depends on a definition and an instant: see `stands_in`.
    """
    if login not in facts.people:
        return (Link(login, LinkState.UNKNOWN, 0, f"{login} is not in the directory"),)
    return tuple(_above(facts, login))


def _above(facts: DirectoryFacts, login: str) -> Iterator[Link]:
    below, passed = login, {login}
    for depth in range(1, LONGEST_CHAIN + 2):
        manager = facts.people[below].manager
        if manager is None:
            return
        link = _link(facts, below, manager, depth, passed)
        yield link
        if link.is_broken:
            return
        passed.add(manager)
        below = manager


def _link(facts: DirectoryFacts, below: str, manager: str, depth: int, passed: set[str]) -> Link:
    why, person = f"{manager} is the manager of {below}", facts.people.get(manager)
    if manager in passed:
        return Link(manager, LinkState.CIRCLE, depth, f"{why}, and below in the chain", person)
    if depth > LONGEST_CHAIN:
        words = f"{why}, and the chain has more than {LONGEST_CHAIN} levels"
        return Link(manager, LinkState.TOO_LONG, depth, words, person)
    if person is None:
        words = f"{why}, but not in the directory"
        return Link(manager, LinkState.UNKNOWN, depth, words)
    if not person.active:
        words = f"{why}, but not active: the position is vacant"
        return Link(manager, LinkState.VACANT, depth, words, person)
    return Link(manager, LinkState.ACTIVE, depth, why, person)
