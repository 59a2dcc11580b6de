"""Who somebody is, and what they may read: asked at every entry."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from domain.actor import ADMIN, AUDITOR, Actor
from infra.tickets import Tickets
from infra.tokens import hash_of
from infra.views.directory import DirectoryView
from infra.views.remembered import Remembered
from infra.views.substitutes import Substitutes

#: Whoever holds one of these reads everything.
READS_ALL = frozenset({ADMIN, AUDITOR})


class Proof(StrEnum):
    """What somebody shows who they are by."""

    TOKEN = "token"  # noqa: S105  # the word
    SESSION = "session"


def credential(proof: Proof, secret_hash: str) -> str:
    """Return what stands for a secret; `Access.holder` says for whom that stands."""
    return f"{proof}:{secret_hash}"


@dataclass(frozen=True)
class Access:
    """Answers from the views on the primary: a right that was taken is gone when they show it."""

    directory: DirectoryView
    tickets: Tickets
    of_session: Callable[[bytes], Actor | None]
    """Returns who is signed in by a session, of whose secret this is the hash."""
    substitutes: Substitutes

    @staticmethod
    def credential_of(token: str) -> str:
        """Return what stands for this secret where the secret must not be kept: its hash."""
        return credential(Proof.TOKEN, hash_of(token))

    def redeem(self, ticket: str) -> str | None:
        """Return the credential that fetched this one-use ticket; None if the ticket is void."""
        return self.tickets.redeem(ticket)

    def holder(self, credential: str) -> Actor | None:
        """Return whose credential this is, with the roles held now; None if it counts no more."""
        proof, _, of = credential.partition(":")
        if proof == Proof.TOKEN:
            return self.directory.signed_in(of)[0]
        return self.of_session(bytes.fromhex(of)) if proof == Proof.SESSION else None

    def actor(self, login: str) -> Actor | None:
        """Return the person with the roles held now; None if there is none, or not active."""
        return self.directory.actor(login)

    def may_read(self, actor: Actor, document: UUID) -> bool:
        """Tell whether the actor may read the document and what happened to it."""
        return (
            reads_all(actor)
            or self.directory.is_party(actor, document.bytes)
            or self.substitutes.sees(actor, document.bytes)
        )


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
