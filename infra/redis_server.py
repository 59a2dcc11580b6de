"""Private Redis servers, each in a folder of its own, on a unix socket and no port.

One serves all three roles, or three serve one each. The queues' server is the same in both cases,
so that what is queued survives a change of mind.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from infra.private_server import PrivateServer, program

_OWN: Mapping[str, str] = {
    "port": "0",
    "unixsocketperm": "700",
    "save": '""',
    "daemonize": "no",
    "set-proc-title": "no",  # it would write over the arguments and environment that name us
    "databases": "4",
}

#: A subscriber that does not read is cut off, and reads the feed itself afterwards.
_PUBSUB = {"client-output-buffer-limit": "pubsub 32mb 8mb 60"}

#: Dramatiq's queues. What is queued is a hint of what the log has, and comes again by itself; kept
#: on disk it comes at once, also after a power cut (less its last second). Full, the server refuses
#: new keys, which is seen, instead of dropping messages, which is not.
QUEUE: Mapping[str, str] = {
    **_OWN,
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory": "256mb",
    "maxmemory-policy": "noeviction",
}

#: All three roles in one server: the queues ask for the most, and the others can do with it. What
#: is cached has an end of its own, and a full server refuses it.
ALL_ROLES: Mapping[str, str] = {**QUEUE, **_PUBSUB}

#: Announcements of the feed: nothing is stored at all.
PUBSUB: Mapping[str, str] = {
    **_OWN,
    **_PUBSUB,
    "appendonly": "no",
    "maxmemory": "64mb",
    "maxmemory-policy": "noeviction",
}

#: What can be asked for again: full, it drops what was used the longest time ago.
CACHE: Mapping[str, str] = {
    **_OWN,
    "appendonly": "no",
    "maxmemory": "128mb",
    "maxmemory-policy": "allkeys-lru",
}

#: Seconds until a server that runs is taken for one that does not answer.
PING_TIMEOUT_S = 2


@dataclass
class RedisServer(PrivateServer):
    """The server of the queues, and of the other two roles unless they have their own."""

    name = "redis"
    title = "Redis"
    settings: ClassVar[Mapping[str, str]] = ALL_ROLES
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
            "pidfile": _quoted(str(self.folder / f"{self.name}.pid")),
            **self.settings,
        }
        lines = [f"{name} {value}" for name, value in settings.items()]
        path = self.folder / "redis.conf"
        path.write_bytes(os.fsencode("\n".join([*lines, ""])))


class PubsubRedis(RedisServer):
    """A server for announcements alone."""

    name = "redis-pubsub"
    title = "Redis for announcements"
    settings = PUBSUB


class CacheRedis(RedisServer):
    """A server for the cache alone."""

    name = "redis-cache"
    title = "Redis for the cache"
    settings = CACHE


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
