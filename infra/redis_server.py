"""Private Redis servers, each in a folder of its own, on a unix socket and no port."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from infra.private_server import PrivateServer, program

#: Nothing in this Redis is the only copy of anything: wake-ups, published feed rows, the cache
#: and rate limits may be lost at any time. So nothing is written to disk. Full, it refuses new
#: keys, which is seen, instead of dropping queued messages, which is not.
SETTINGS: Mapping[str, str] = {
    "port": "0",
    "unixsocketperm": "700",
    "save": '""',
    "appendonly": "no",
    "maxmemory": "256mb",
    "maxmemory-policy": "noeviction",
    "daemonize": "no",
    "set-proc-title": "no",  # it would write over the arguments and environment that name us
    "databases": "4",
}

#: Seconds until a server that runs is taken for one that does not answer.
PING_TIMEOUT_S = 2


@dataclass
class RedisServer(PrivateServer):
    """One Redis server; what is in it ends with it."""

    name = "redis"
    title = "Redis"
    executable = "redis"  # Debian's redis-server is a link to redis-check-rdb

    @property
    def url(self) -> str:
        """Where redis-py and dramatiq find this server."""
        return f"unix://{quote(str(self.socket))}"

    @property
    def command(self) -> list[str]:
        """The server's program on the settings that `prepare` wrote."""
        return [program("redis-server", "the package redis-server"), self._mark]

    @property
    def _mark(self) -> str:
        return str(self.folder / "redis.conf")

    def is_ready(self) -> bool:
        """Tell whether the server answers a PING."""
        client = redis.Redis(
            unix_socket_path=str(self.socket),
            socket_timeout=PING_TIMEOUT_S,
            retry=Retry(NoBackoff(), retries=0),  # the caller asks again by himself
        )
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def _make_files(self) -> None:
        settings = {
            "dir": _quoted(str(self.folder)),
            "unixsocket": _quoted(str(self.socket)),
            "pidfile": _quoted(str(self.folder / "redis.pid")),
            **SETTINGS,
        }
        lines = [f"{name} {value}" for name, value in settings.items()]
        path = self.folder / "redis.conf"
        path.write_bytes(os.fsencode("\n".join([*lines, ""])))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
