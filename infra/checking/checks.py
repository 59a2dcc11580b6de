"""What was looked at, and what is wrong with it. `checks` is the one list."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from infra.checking.database import database_problems, log_problems, replica_problems
from infra.checking.redis import Role, redis_problems
from infra.replicas.servers import shown
from infra.settings import Settings


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    what: str
    problems: tuple[str, ...] = ()
    """Each with what to do about it; empty if all is well."""


def checks(
    settings: Settings, *, but_database: bool = False, but_redis: Collection[str] = ()
) -> Iterator[Check]:
    """Look at every server that the settings name, one after the other; each takes seconds at most.

    But for those that are known not to run: the database, and the Redis servers of these URLs. A
    later check is not made where an earlier one shows that it cannot say more.
    """
    if not but_database:
        database = server_check(settings)
        yield database
        if not database.problems:
            yield Check("the log and the views", tuple(log_problems(settings)))
            yield from _replica_checks(settings)
    yield from redis_checks(settings, but=but_redis)


def _replica_checks(settings: Settings) -> Iterator[Check]:
    for url in settings.replica_urls:
        problem = replica_problems(settings, url)
        what = f"the replica {shown(url)} (RINGI_REPLICA_URLS)"
        yield Check(what, (problem,) if problem else ())


def server_check(settings: Settings) -> Check:
    """Look at the database server, whether or not there is a log on it."""
    return Check("the database (RINGI_DATABASE_URL)", tuple(database_problems(settings)))


def redis_checks(settings: Settings, *, but: Collection[str] = ()) -> Iterator[Check]:
    """Look at each Redis once, with all the roles that it serves; not at those of `but`."""
    roles = {
        Role.QUEUE: settings.broker_url,
        Role.PUBSUB: settings.pubsub_url,
        Role.CACHE: settings.cache_url,
    }
    for url in dict.fromkeys(url for url in roles.values() if url not in but):
        served = [role for role, its in roles.items() if its == url]
        what = f"Redis for {', '.join(role.value for role in served)}"
        yield Check(what, tuple(redis_problems(url, served)))
