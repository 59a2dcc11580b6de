"""Every setting of Ringi, each with its meaning; read once, checked at the start."""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import cast
from urllib.parse import urlsplit

from eventsourcing.persistence import ProgrammingError
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from infra.home import Home
from infra.schema.names import database_name

#: What begins the name of every setting in the environment.
PREFIX = "RINGI_"

#: How alike an unknown name must be to be taken for a slip of the pen (difflib's ratio, without
#: the prefix). RINGI_GATWAY_PORT is one (0.96); RINGI_OPERATION_URL, which `ringi up` keeps for
#: operators, is none (0.77 to RINGI_MIGRATION_URL).
_SLIP = 0.85


class SettingError(ProgrammingError):
    """A setting is missing or not of its kind; the message names it and shows no secret."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What every process of Ringi is told from outside: `RINGI_<NAME>` in the environment."""

    database_url: URL
    """The application's account and server, `mysql+pymysql://user:secret@host:port/`, or with
    `?unix_socket=/path`. No database: `log` and `views` name them."""
    migration_url: URL | None = None
    """The migration's account on the same server. With it, tables are created and upgraded."""
    reading_url: URL
    """Where queries go: a replica, or (the default) the server of `database_url`."""
    log: str = "ringi_log"
    """The database of the log."""
    views: str = "ringi_views"
    """The database of read models, checkpoints and feeds."""
    lanes: int = 4
    """Lanes of a new log, 1 to 255. An existing log keeps the number it was made with."""
    redis_url: str = field(repr=False)
    """The Redis server of everything below: `redis://…`, `rediss://…` or `unix://…`."""
    broker_url: str = field(repr=False)
    """The Redis of Dramatiq's queues. Default: `redis_url`."""
    pubsub_url: str = field(repr=False)
    """The Redis that the feed is published on. Default: `redis_url`."""
    cache_url: str = field(repr=False)
    """The Redis of the tickets for the gateway. Default: `redis_url`."""
    api_host: str = "127.0.0.1"
    """The address that the API listens on."""
    api_port: int = 8400
    """The port that the API listens on."""
    api_threads: int = 16
    """Requests that one API process handles at once."""
    gateway_host: str = "127.0.0.1"
    """The address that the gateway listens on."""
    gateway_port: int = 8401
    """The port that the gateway listens on."""
    worker_threads: int
    """Threads of one projection worker. Default: twice the lanes."""
    log_level: str = "INFO"
    """The least severity that is logged: DEBUG, INFO, WARNING, ERROR or CRITICAL."""

    @classmethod
    def load(cls) -> "Settings":
        """Return this process's settings.

        From its environment, and beside it from what `ringi up` decided for the local
        installation, if there is one; a variable of the environment wins.

        Raises:
            SettingError: one is missing or not of its kind; the message names it.
        """
        return cls.from_env(with_local(Home.of(os.environ).read_environment(), os.environ))

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Return the settings that `environ` alone gives; an empty one is one not given.

        Raises:
            SettingError: one is missing or not of its kind; the message names it.
        """
        _refuse_slips(environ)
        values: dict[str, object] = {}
        for each in fields(cls):
            text = environ.get(variable(each.name)) or None
            if text is not None:
                values[each.name] = _PARSERS[each.name](variable(each.name), text)
        for name, example in _REQUIRED.items():
            if name not in values:
                raise SettingError(
                    f"{variable(name)} is not set: give {example}, or start a local installation "
                    "with `ringi up`"
                )
        values.setdefault("reading_url", values["database_url"])
        for name in ("broker_url", "pubsub_url", "cache_url"):
            values.setdefault(name, values["redis_url"])
        values.setdefault("worker_threads", 2 * cast("int", values.get("lanes", cls.lanes)))
        return cls(**values)  # type: ignore[arg-type]  # each value was parsed by its field

    def __post_init__(self) -> None:
        """Refuse what only shows when several settings are seen together."""
        if self.log == self.views:
            raise SettingError(f"RINGI_LOG and RINGI_VIEWS must differ, both are {self.log!r}")
        if (self.api_host, self.api_port) == (self.gateway_host, self.gateway_port):
            raise SettingError(
                f"RINGI_API_PORT and RINGI_GATEWAY_PORT must differ, both are {self.api_port}"
            )


def variable(name: str) -> str:
    """Return the environment's name of a setting."""
    return f"{PREFIX}{name.upper()}"


def with_local(local: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` over what the local installation's file says.

    A server that `environ` names takes the place of the local one with all that belongs to it:
    a migration's account for another server than the application's would be of no use.
    """
    superseded: set[str] = set()
    for name, companions in _COMPANIONS.items():
        if environ.get(variable(name)):
            superseded.update(variable(companion) for companion in companions)
    kept = {name: value for name, value in local.items() if name not in superseded}
    return kept | {name: value for name, value in environ.items() if value}


def store_env(settings: Settings) -> dict[str, str]:
    """Return the environment of `infra.eventstore.MariaDBFactory` for these settings.

    Holds secrets. The pool of a process has room for each of its threads.
    """
    env = {
        "PERSISTENCE_MODULE": "infra.eventstore",
        "MARIADB_URL": settings.database_url.render_as_string(hide_password=False),
        "MARIADB_LOG": settings.log,
        "MARIADB_VIEWS": settings.views,
        "MARIADB_LANES": str(settings.lanes),
        "MARIADB_POOL_SIZE": str(max(settings.api_threads, settings.worker_threads)),
    }
    if settings.migration_url is not None:
        env["MARIADB_MIGRATION_URL"] = settings.migration_url.render_as_string(hide_password=False)
    return env


def _refuse_slips(environ: Mapping[str, str]) -> None:
    known = [each.name for each in fields(Settings)]
    for name in environ:
        written = name.removeprefix(PREFIX).lower()
        if name.startswith(PREFIX) and name not in map(variable, known):
            meant = get_close_matches(written, known, n=1, cutoff=_SLIP)
            if meant:
                raise SettingError(f"{name} is not a setting; did you mean {variable(meant[0])}?")


def _database_url(name: str, text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise SettingError(f"{name} is not a URL (not shown: it may hold a secret)") from None
    if url.drivername not in ("mysql+pymysql", "mariadb+pymysql"):
        raise SettingError(f"{name} must begin with mysql+pymysql://, not {url.drivername}://")
    if not url.username:
        raise SettingError(f"{name} names no account: mysql+pymysql://user:secret@host:port/")
    return url


def _redis_url(name: str, text: str) -> str:
    try:
        url = urlsplit(text)
        well_formed = bool(url.path) if url.scheme == "unix" else bool(url.hostname)
        well_formed = well_formed and (url.port is None or url.port > 0)
    except ValueError:
        well_formed = False
    if not well_formed or url.scheme not in ("redis", "rediss", "unix"):
        raise SettingError(
            f"{name} must be redis://host:port/, rediss://… or unix:///path/of/the.sock "
            "(not shown: it may hold a secret)"
        )
    return text


def _database(name: str, text: str) -> str:
    try:
        return database_name(text)
    except ProgrammingError as error:
        raise SettingError(f"{name}: {error}") from None


def _whole(lowest: int, highest: int) -> Callable[[str, str], int]:
    def parse(name: str, text: str) -> int:
        if not text.isascii() or not text.isdecimal() or not lowest <= int(text) <= highest:
            raise SettingError(
                f"{name} must be a whole number from {lowest} to {highest}, not {text!r}"
            )
        return int(text)

    return parse


def _host(name: str, text: str) -> str:
    if any(letter.isspace() or letter in "/@[]" for letter in text):
        raise SettingError(f"{name} must be an address or a name of a host, not {text!r}")
    return text


def _log_level(name: str, text: str) -> str:
    levels = logging.getLevelNamesMapping().keys() - {"NOTSET", "WARN", "FATAL"}
    if text.upper() not in levels:
        raise SettingError(f"{name} must be one of {', '.join(sorted(levels))}, not {text!r}")
    return text.upper()


_REQUIRED: Mapping[str, str] = {
    "database_url": "the application's account, such as mysql+pymysql://user:secret@host:3306/",
    "redis_url": "a Redis server, such as redis://host:6379/",
}

_COMPANIONS: Mapping[str, tuple[str, ...]] = {
    "database_url": ("database_url", "migration_url", "reading_url", "operation_url"),
    "redis_url": ("redis_url", "broker_url", "pubsub_url", "cache_url"),
}

_PARSERS: Mapping[str, Callable[[str, str], object]] = {
    "database_url": _database_url,
    "migration_url": _database_url,
    "reading_url": _database_url,
    "log": _database,
    "views": _database,
    "lanes": _whole(1, 255),
    "redis_url": _redis_url,
    "broker_url": _redis_url,
    "pubsub_url": _redis_url,
    "cache_url": _redis_url,
    "api_host": _host,
    "api_port": _whole(1, 65535),
    "api_threads": _whole(1, 1000),
    "gateway_host": _host,
    "gateway_port": _whole(1, 65535),
    "worker_threads": _whole(1, 1000),
    "log_level": _log_level,
}
