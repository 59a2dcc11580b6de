"""Who somebody is, and what they may read: asked at every entry."""

from dataclasses import dataclass
from uuid import UUID

from domain.actor import ADMIN, AUDITOR, Actor
from infra.tickets import Tickets
from infra.tokens import hash_of
from infra.views.directory import DirectoryView
from infra.views.remembered import Remembered

#: Whoever holds one of these reads everything.
READS_ALL = frozenset({ADMIN, AUDITOR})


@dataclass(frozen=True)
class Access:
    """Answers from the views on the primary: a right that was taken is gone when they show it."""

    directory: DirectoryView
    tickets: Tickets

    def authenticate(self, token: str) -> Actor | None:
        """Return whom this secret stands for; None if for nobody."""
        return self.directory.actor_of(token)

    def redeem(self, ticket: str) -> Actor | None:
        """Return for whom this one-use ticket was made; None if it is unknown, old or used."""
        login = self.tickets.redeem(ticket)
        return None if login is None else self.directory.actor(login)

    def actor(self, login: str) -> Actor | None:
        """Return the person with the roles held now; None if there is none, or not active."""
        return self.directory.actor(login)

    def may_read(self, actor: Actor, document: UUID) -> bool:
        """Tell whether the actor may read the document and what happened to it."""
        return reads_all(actor) or self.directory.is_party(actor, document.bytes)


@dataclass(frozen=True)
class SignIn:
    """Says who comes with a token, as the views had it some milliseconds ago, or a second.

    A token that was revoked may be good for so long after the views show it; for who names the
    position of that, never (`Remembered.forget`).
    """

    directory: DirectoryView
    remembered: Remembered

    def __call__(self, token: str) -> Actor | None:
        """Return whom this secret stands for; None if for nobody."""
        key = hash_of(token)
        return self.remembered.recall(("token", key), lambda: self.directory.signed_in(key))


def reads_all(actor: Actor) -> bool:
    """Tell whether the actor may read everything."""
    return bool(READS_ALL & actor.roles)
