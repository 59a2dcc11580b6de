"""What a Redis server must be for the roles that it is to serve."""

import re
from collections.abc import Collection, Iterator, Mapping
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError
from redis.retry import Retry

#: Seconds until a server is said not to answer.
ANSWER_S = 3.0

#: The oldest with GETDEL, which tickets need: used once means gone.
OLDEST_VERSION = (6, 2)


class Role(Enum):
    """What a Redis is used for, each with the name of its setting."""

    QUEUE = "queues (RINGI_BROKER_URL)"
    PUBSUB = "announcements (RINGI_PUBSUB_URL)"
    CACHE = "the cache (RINGI_CACHE_URL)"


def redis_problems(url: str, roles: Collection[Role]) -> Iterator[str]:
    """Give everything that is wrong with the server at `url`; nothing is shown but where it is."""
    client = Redis.from_url(
        url,
        socket_timeout=ANSWER_S,
        socket_connect_timeout=ANSWER_S,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        client.ping()
        found: Mapping[str, Any] = client.info()
    except NoPermissionError:
        return  # it answers, and does not let us look
    except AuthenticationError as error:
        yield f"the server refuses the account or the password in its URL: {error}"
    except ResponseError as error:
        yield f"the server answers with an error: {error}"
    except (RedisError, OSError, ValueError) as error:
        said = f"{type(error).__name__}: {error}"
        yield f"no answer at {place_of(url)} within {ANSWER_S:.0f} s: {said}"
    else:
        yield from unfit(found, roles)
    finally:
        client.close()


def place_of(url: str) -> str:
    """Return the socket's file, or host and port, that a URL of redis-py leads to."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return parts.path
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":
        return "a place that cannot be told"  # an unquoted password may be anywhere in it
    # By hand: `parts.port` raises where it is no number.
    place = parts.netloc.rpartition("@")[2] or "localhost"
    return place if re.search(r":[^\]:]*$", place) else f"{place}:6379"


def unfit(found: Mapping[str, Any], roles: Collection[Role]) -> Iterator[str]:
    """Give why a server is not fit for these roles, by what its INFO says."""
    version = str(found.get("redis_version", ""))
    if _numbers(version) < OLDEST_VERSION:
        yield f"it is Redis {version}: 6.2 or later is needed"
    if found.get("role", "master") != "master":
        yield "it is a replica, which takes no writes: name its master"
    if int(found.get("cluster_enabled", 0)):
        yield "it is a cluster: scripts over several keys need one server (a Sentinel's is one)"
    policy = str(found.get("maxmemory_policy", "noeviction"))
    if Role.QUEUE in roles and policy != "noeviction":
        yield (
            f"maxmemory-policy is {policy}, must be noeviction for the queues: messages would be "
            "dropped in silence; set it, or give the cache a server of its own"
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
