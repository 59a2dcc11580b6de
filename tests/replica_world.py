"""A company that is read through a replica, and what tests do to the replica."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy.engine import URL

from infra.bootstrap import Parts
from infra.replica_server import ReplicaServer
from infra.replicas.counters import Why
from infra.replicas.servers import Replica
from infra.stack import MariaDBServer
from tests.integration.api_world import World, a_company
from tests.integration.observing import rows, wait_until
from tests.servers import ACCOUNTS, ReplicaPair


def url_of(server: MariaDBServer) -> URL:
    """Return where the application's account finds a server."""
    return server.url(ACCOUNTS.application.name, ACCOUNTS.application.password)


@dataclass
class Replicated(World):
    """A company whose questions go to the replica of a pair."""

    pair: ReplicaPair | None = None

    @property
    def server(self) -> ReplicaServer:
        assert self.pair is not None
        return self.pair.replica

    @property
    def replica(self) -> Replica:
        (found,) = self.parts.router.replicas
        return found

    def in_use(self) -> bool:
        self.parts.router.watch.begin()
        return self.replica.state.is_usable

    def wait_until_used(self) -> None:
        """Wait until the replica lacks nothing and is asked."""
        wait_until(self.in_use, "the replica is in use")
        wait_until(self.level, "the replica lacks nothing")

    def level(self) -> bool:
        """Tell whether the replica has executed all that the primary has written."""
        assert self.pair is not None
        ((wanted,),) = rows(self.pair.primary, "SELECT @@gtid_binlog_pos")
        ((reached,),) = rows(self.pair.replica, "SELECT @@gtid_slave_pos")
        return bool(wanted == reached)

    def fallbacks(self, why: Why | None = None) -> int:
        counted = self.parts.router.counters.fallbacks
        return sum(counted.values()) if why is None else counted[why]

    @property
    def reads(self) -> int:
        return self.parts.router.counters.reads


@contextmanager
def replicated_company(pair: ReplicaPair, folder: Path, name: str) -> Iterator[Replicated]:
    """Give a company whose views are up to date, also on the replica."""
    with a_company(pair.primary, folder, name) as writing:
        world = read_through(writing, pair, (url_of(pair.replica),))
        try:
            world.wait_until_used()
            yield world
        finally:
            world.parts.close()


def read_through(
    world: World, pair: ReplicaPair, urls: tuple[URL, ...], lag_s: int = 3600
) -> Replicated:
    """Return the same company as a process sees it that has these replicas."""
    settings = replace(world.settings, replica_urls=urls, replica_lag_s=lag_s)
    return Replicated(world.store, world.redis, settings, Parts(settings), world.secrets, pair=pair)


@contextmanager
def standing_still(server: ReplicaServer) -> Iterator[None]:
    """Let the replica receive what comes, and apply nothing."""
    rows(server, "STOP SLAVE SQL_THREAD")
    try:
        yield
    finally:
        rows(server, "START SLAVE")
