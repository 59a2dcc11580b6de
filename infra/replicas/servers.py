"""The servers that questions go to: the primary, and replicas with what is known of each."""

from dataclasses import dataclass, replace
from math import inf
from time import monotonic
from typing import Any

import sqlalchemy
from sqlalchemy.engine import URL, Engine

from infra.eventstore.datastore import Datastore
from infra.eventstore.settings import StoreSettings
from infra.replicas.looking import Seen

#: Seconds until a replica is given up, at connecting and at each answer: the primary can be asked
#: instead. A page of a view takes some milliseconds.
CONNECT_S = 1
ANSWER_S = 2

#: Connections kept open to each replica; further ones, under load, are closed when returned.
POOL = 4

#: Seconds for which a look counts. The next one comes sooner, unless the watch itself is stuck.
LOOK_LASTS_S = 15.0


@dataclass(eq=False)
class Server:
    """One server, with a pool of its own."""

    name: str
    """As it may be shown: no secret is in it."""
    datastore: Datastore


@dataclass(frozen=True)
class State:
    """What is known of a replica; replaced as a whole."""

    reason: str
    """Why it is not asked; empty if it may be."""
    seen: Seen | None = None
    """What the last look found; None if it did not answer."""
    lag_s: float = 0.0
    """For how long the primary has had what it lacks; inf if nobody knows."""
    at: float = -inf
    """When this was found out, on the monotonic clock."""

    @property
    def is_usable(self) -> bool:
        """Whether questions may go there now."""
        return not self.reason and monotonic() - self.at < LOOK_LASTS_S


@dataclass(eq=False)
class Replica(Server):
    """A server that may answer questions. The watch and the router replace its state."""

    state: State = State("it was not looked at yet")


def replica_at(url: URL, store: StoreSettings, threads: int) -> Replica:
    """Return the replica at `url`, with the databases of `store`. Connects to nothing.

    `threads` may ask it at once; none waits for another's connection.
    """
    kept = min(POOL, threads)
    settings = replace(
        store,
        url=url._replace(database=None),
        migration_url=None,
        pool_size=kept,
        max_overflow=threads - kept + 1,  # and the watch
        pool_timeout=float(CONNECT_S),
    )
    return Replica(shown(url), QuickStore(settings))


def shown(url: URL) -> str:
    """Return where a URL leads, without account and secret."""
    place = url.query.get("unix_socket")
    if place is not None:
        return place if isinstance(place, str) else place[0]
    return f"{url.host or 'localhost'}:{url.port or 3306}"


class QuickStore(Datastore):
    """A pool on a server that is not waited for long."""

    def _create_engine(self, *, lock_timeout_s: int, pool_size: int, max_overflow: int) -> Engine:
        engine = super()._create_engine(
            lock_timeout_s=lock_timeout_s, pool_size=pool_size, max_overflow=max_overflow
        )
        sqlalchemy.event.listen(engine, "do_connect", _give_up_soon)
        return engine


def _give_up_soon(
    _dialect: object, _record: object, _positional: object, named: dict[str, Any]
) -> None:
    named.update(connect_timeout=CONNECT_S, read_timeout=ANSWER_S, write_timeout=ANSWER_S)
