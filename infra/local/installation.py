"""One local installation: its servers, its programs, its settings."""

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import monotonic, sleep

from infra.home import CHECKOUT, Home
from infra.local import config
from infra.local.config import Program
from infra.local.errors import InstallationError
from infra.local.procfile import Role, read_procfile
from infra.local.replicas import REPLICA_NAMES, replicas_in
from infra.local.supervisor import Supervisor
from infra.private_server import PrivateServer
from infra.redis_server import CacheRedis, PubsubRedis, RedisServer
from infra.replica_server import ReplicaServer
from infra.settings import Settings, with_local
from infra.stack import MariaDBServer

#: The programs that the others need; every other program is a role.
SERVERS = REPLICA_NAMES | {
    server.name for server in (MariaDBServer, RedisServer, PubsubRedis, CacheRedis)
}

#: Seconds that a server and a role have to end when asked to; then they are killed. MariaDB
#: writes its changed pages first; a role finishes what it has begun.
SERVER_STOP_S = 60
ROLE_STOP_S = 20

#: Seconds to wait for another `ringi up` or `ringi down` of this installation.
LOCK_TIMEOUT_S = 180

Say = Callable[[str], None]
"""Tells whoever waits what is going on, a line at a time."""


@dataclass(frozen=True)
class Installation:
    """What is to run in `home`: private servers where none are given, and the Procfile's roles."""

    home: Home
    environ: Mapping[str, str]
    """The environment that servers and settings are given in, and that the programs inherit."""
    directory: Path = CHECKOUT
    """Where the Procfile is, and where the programs run."""

    @classmethod
    def here(cls) -> "Installation":
        """Return the installation that this process's environment means."""
        return cls(Home.of(os.environ), os.environ)

    @cached_property
    def mariadb(self) -> MariaDBServer:
        """The private MariaDB; it runs only if RINGI_DATABASE_URL is not given."""
        return MariaDBServer(self.home.folder / "mariadb", sockets=self.home.sockets)

    @cached_property
    def redis(self) -> RedisServer:
        """The private Redis; it runs only if RINGI_REDIS_URL is not given."""
        return RedisServer(self.home.folder / "redis", sockets=self.home.sockets)

    @cached_property
    def split_redis(self) -> Mapping[str, RedisServer]:
        """The private servers of single roles, each by its variable, whether they run or not."""
        kinds = {"RINGI_PUBSUB_URL": PubsubRedis, "RINGI_CACHE_URL": CacheRedis}
        return {
            variable: kind(self.home.folder / kind.name, sockets=self.home.sockets)
            for variable, kind in kinds.items()
        }

    @property
    def has_own_mariadb(self) -> bool:
        """Whether no other database server is given."""
        return not self.environ.get("RINGI_DATABASE_URL")

    @property
    def has_own_redis(self) -> bool:
        """Whether no other Redis is given."""
        return not self.environ.get("RINGI_REDIS_URL")

    @property
    def has_split_redis(self) -> bool:
        """Whether three private Redis servers serve the three roles, as the last `up` decided."""
        return self.has_own_redis and self.split_redis.keys() <= self.home.read_environment().keys()

    @property
    def replicas(self) -> list[ReplicaServer]:
        """The private replicas that are to run, as the last `up` decided."""
        return replicas_in(self.home) if self.has_own_mariadb else []

    @property
    def servers(self) -> list[PrivateServer]:
        """The private servers that are to run, in the order of their start."""
        wanted = (
            (self.mariadb, self.has_own_mariadb),
            (self.redis, self.has_own_redis),
            *((server, self.has_split_redis) for server in self.split_redis.values()),
            *((replica, True) for replica in self.replicas),
        )
        return [server for server, is_own in wanted if is_own]

    @cached_property
    def roles(self) -> tuple[Role, ...]:
        """The roles that are to run, in the order of their start."""
        return read_procfile(self.directory / "Procfile")

    @cached_property
    def supervisor(self) -> Supervisor:
        """The supervisord of this installation, whether it runs or not."""
        return Supervisor(self.home.sockets / "supervisor.sock")

    def programs(self) -> list[Program]:
        """Return everything to supervise; servers stop last."""
        servers = [
            Program(
                server.name, tuple(server.command), number, config.SERVER_START_S, SERVER_STOP_S
            )
            for number, server in enumerate(self.servers, 1)
        ]
        roles = [
            Program(role.name, role.command, number, config.ROLE_START_S, ROLE_STOP_S)
            for number, role in enumerate(self.roles, 100)
        ]
        return servers + roles

    def settings(self) -> Settings:
        """Return the settings that the programs of this installation get."""
        environ = {**self.environ, "RINGI_HOME": str(self.home.folder)}
        return Settings.from_env(with_local(self.home.read_environment(), environ))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other `ringi up` and `ringi down` of this installation waiting.

        Raises:
            InstallationError: another one is still at work after LOCK_TIMEOUT_S, or the folder
                cannot be made or written to.
        """
        try:
            self.home.make()
            (self.home.folder / "lock").touch()
        except OSError as error:
            raise InstallationError(
                f"{self.home.folder} cannot be used ({error.strerror or error}): name another "
                "folder by RINGI_HOME"
            ) from error
        deadline = monotonic() + LOCK_TIMEOUT_S
        with (self.home.folder / "lock").open("w") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if monotonic() > deadline:
                        raise InstallationError(
                            f"another `ringi up` or `ringi down` of {self.home.folder} has been "
                            f"at work for {LOCK_TIMEOUT_S} s"
                        ) from None
                sleep(0.1)
            yield
