"""What a person may subscribe to. Nothing is allowed that is not named here."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from domain.actor import ADMIN, AUDITOR, Actor
from domain.names import is_login, is_name
from realtime.index import Grant
from realtime.ports import Access
from realtime.protocol import DEACTIVATED, REVOKED, Close
from realtime.row import EVERYTHING


@dataclass(frozen=True)
class Identity:
    """Who a connection is."""

    login: str
    credential: str = field(repr=False)
    """By what they proved it, as `Access.holder` takes it; of a ticket, by what it was fetched."""


@dataclass(frozen=True)
class Verdict:
    """What a person may read of what they asked for, as of one moment."""

    close: Close | None
    """Why the connection must end; None if it may go on."""
    grants: Mapping[str, Grant | None] = field(default_factory=dict)
    """What each topic takes in; None if it is not allowed."""


def review(access: Access, identity: Identity, topics: Iterable[str]) -> Verdict:
    """Ask anew who this is and what they may read. Blocks."""
    actor = access.holder(identity.credential)
    if actor is None or actor.login != identity.login:
        return Verdict(DEACTIVATED if access.actor(identity.login) is None else REVOKED)
    return Verdict(None, {topic: _grant(access, actor, topic) for topic in topics})


def watched(topic: str) -> str | None:
    """Return whose record in the directory decides what the topic takes in; None if nobody's."""
    kind, _, name = topic.partition(":")
    return name if kind == "inbox" else None


def _grant(access: Access, actor: Actor, topic: str) -> Grant | None:
    reads_all = not actor.roles.isdisjoint({ADMIN, AUDITOR})
    kind, _, name = topic.partition(":")
    if kind == "inbox" and is_login(name):
        return _inbox(access, actor, topic, name) if reads_all or name == actor.login else None
    if kind == "document":
        return _one(topic, name, lambda document: access.may_read(actor, document))
    if kind == "job":
        return _one(topic, name, lambda job: access.may_read_job(actor, job))
    if reads_all and (topic == EVERYTHING or (kind == "type" and is_name(name))):
        return Grant(topic, frozenset({topic}))
    return None


def _inbox(access: Access, actor: Actor, topic: str, login: str) -> Grant | None:
    person = actor if login == actor.login else access.actor(login)
    if person is None:
        return None
    roles = {f"role:{role}" for role in person.roles}
    return Grant(topic, frozenset({f"person:{login}", *roles}), login)


def _one(topic: str, name: str, may_read: Callable[[UUID], bool]) -> Grant | None:
    try:
        found = UUID(name)
    except ValueError:
        return None
    if str(found) != name or not may_read(found):
        return None
    return Grant(topic, frozenset({topic}))
