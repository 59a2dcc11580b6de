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
from infra.local.supervisor import Supervisor
from infra.private_server import PrivateServer
from infra.redis_server import RedisServer
from infra.settings import Settings, with_local
from infra.stack import MariaDBServer

#: The programs that the others need; every other program is a role.
SERVERS = frozenset({MariaDBServer.name, RedisServer.name})

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

    @property
    def has_own_mariadb(self) -> bool:
        """Whether no other database server is given."""
        return not self.environ.get("RINGI_DATABASE_URL")

    @property
    def has_own_redis(self) -> bool:
        """Whether no other Redis is given."""
        return not self.environ.get("RINGI_REDIS_URL")

    @property
    def servers(self) -> list[PrivateServer]:
        """The private servers that are to run, in the order of their start."""
        wanted = ((self.mariadb, self.has_own_mariadb), (self.redis, self.has_own_redis))
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
        return Settings.from_env(with_local(self.home.read_environment(), self.environ))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other `ringi up` and `ringi down` of this installation waiting.

        Raises:
            InstallationError: another one is still at work after LOCK_TIMEOUT_S.
        """
        self.home.make()
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
