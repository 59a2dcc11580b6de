"""Every setting of Ringi, each with its meaning; read once, checked at the start."""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from eventsourcing.persistence import ProgrammingError
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from domain.notices import ADDRESS_FORM, is_address
from infra.home import Home
from infra.mail.server import SmtpServer
from infra.schema.names import database_name

#: What begins the name of every setting in the environment.
PREFIX = "RINGI_"

#: How alike an unknown name must be to be taken for a slip of the pen (difflib's ratio, without
#: the prefix). RINGI_GATWAY_PORT is one (0.96).
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
    operation_url: URL | None = None
    """The operation's account on the same server. With it, the scheduler cleans up old
    idempotency keys; no other process uses it."""
    replica_urls: tuple[URL, ...] = ()
    """Replicas that questions go to, separated by blanks or commas: the application's account on
    each. Without any, the server of `database_url` answers."""
    replica_lag_s: int = 5
    """A replica that lacks what the primary has had for more than so many seconds is left out."""
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
    public_gateway_url: str | None = None
    """Where browsers find the gateway, such as wss://ringi.example/ws. Default: `/ws` of the host
    that the page came from, or the gateway's port beside the API's."""
    worker_threads: int
    """Threads of one projection worker. Default: twice the lanes."""
    job_threads: int = 4
    """Background jobs and mails that one process of jobs handles at once."""
    feed_days: int = 7
    """Days for which a client may be away and still resume: older rows of the feed are cleaned
    away, but for the newest 10 000 of each lane."""
    key_days: int = 30
    """Days for which the repetition of a command is known by its idempotency key, and for which
    mail is shown of which nothing is left to do."""
    metrics_host: str = "127.0.0.1"
    """The address that metrics are served on, of every role."""
    api_metrics_port: int = 0
    """The port of the API's metrics; 0: none are served."""
    gateway_metrics_port: int = 0
    """The port of the gateway's metrics; 0: none are served."""
    worker_metrics_port: int = 0
    """The port of a projection worker's metrics; 0: none are served."""
    jobs_metrics_port: int = 0
    """The port of a job worker's metrics; 0: none are served."""
    scheduler_metrics_port: int = 0
    """The port of the scheduler's metrics; 0: none are served."""
    results_folder: Path
    """Where the files are kept that background jobs made: one folder, which the API and the
    processes of jobs see. Default: `results` in the home folder."""
    result_days: int = 30
    """Days for which the result of a background job is kept."""
    smtp_url: SmtpServer | None = None
    """Where mail is handed in: `smtp://user:secret@host:port` or `smtps://…`; `?starttls=never`
    for a server without TLS. If it is not given, mails become files in `mail_folder`."""
    mail_from: str = "ringi@localhost"
    """The address that mails are from."""
    mail_folder: Path
    """Where mails are written while no SMTP server is given. Default: `mail` in the home folder."""
    public_url: str
    """What links in mails begin with, such as https://ringi.example. Default: the API's address."""
    log_level: str = "INFO"
    """The least severity that is logged: DEBUG, INFO, WARNING, ERROR or CRITICAL."""
    log_format: str = "text"
    """How a line of the log is written: text, for eyes, or json, an object for programs."""

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
        for name in ("broker_url", "pubsub_url", "cache_url"):
            values.setdefault(name, values["redis_url"])
        values.setdefault("results_folder", Home.of(environ).folder / "results")
        values.setdefault("mail_folder", Home.of(environ).folder / "mail")
        listening = [str(values.get(name, getattr(cls, name))) for name in ("api_host", "api_port")]
        values.setdefault("public_url", _own_url(*listening))
        values.setdefault("worker_threads", 2 * cast("int", values.get("lanes", cls.lanes)))
        return cls(**values)  # type: ignore[arg-type]  # each value was parsed by its field

    @property
    def mail_goes_to(self) -> str:
        """Where mails go, in words without secrets."""
        return str(self.smtp_url) if self.smtp_url else f"files in {self.mail_folder}"

    def __post_init__(self) -> None:
        """Refuse what only shows when several settings are seen together."""
        if self.log == self.views:
            raise SettingError(f"RINGI_LOG and RINGI_VIEWS must differ, both are {self.log!r}")
        if (self.api_host, self.api_port) == (self.gateway_host, self.gateway_port):
            raise SettingError(
                f"RINGI_API_PORT and RINGI_GATEWAY_PORT must differ, both are {self.api_port}"
            )


def mistakes(environ: Mapping[str, str]) -> dict[str, str]:
    """Return everything that is wrong with these settings, not only the first, by its variable.

    What only shows when several are seen together is under "", and one of it is told at a time.
    """
    found: dict[str, str] = {}
    for name, text in environ.items():
        try:
            _refuse_slips({name: text})
            parser = _PARSERS.get(name.removeprefix(PREFIX).lower())
            if parser is not None and text and name.startswith(PREFIX):
                parser(name, text)
        except SettingError as error:
            found[name] = str(error)
    if not any(variable(name) in found for name in _REQUIRED):
        try:
            Settings.from_env({name: text for name, text in environ.items() if name not in found})
        except SettingError as error:
            found[""] = str(error)
    return found


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
        "MARIADB_POOL_SIZE": str(
            max(settings.api_threads, settings.worker_threads, settings.job_threads)
        ),
    }
    if settings.operation_url is not None and settings.operation_url.username:
        env["MARIADB_OPERATION"] = settings.operation_url.username
    if settings.migration_url is not None:
        env["MARIADB_MIGRATION_URL"] = settings.migration_url.render_as_string(hide_password=False)
    return env


def _own_url(host: str, port: str) -> str:
    """Return where this machine reaches what listens there."""
    own = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # every address
    return f"http://[{own}]:{port}" if ":" in own else f"http://{own}:{port}"


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
    if "@" in (url.host or ""):  # what is said of a host may be shown
        raise SettingError(f"{name} is not shown: in a password @ is written %40, and / is %2F")
    return url


def _database_urls(name: str, text: str) -> tuple[URL, ...]:
    urls = tuple(_database_url(name, each) for each in text.replace(",", " ").split())
    if len(set(urls)) < len(urls):
        raise SettingError(f"{name} names the same replica twice")
    return urls


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


def _log_format(name: str, text: str) -> str:
    if text not in ("json", "text"):
        raise SettingError(f"{name} must be json or text, not {text!r}")
    return text


def _websocket_url(name: str, text: str) -> str:
    url = urlsplit(text)
    if url.scheme not in ("ws", "wss") or not url.hostname or any(map(str.isspace, text)):
        raise SettingError(f"{name} must be wss://host/ws or ws://host:port/ws, not {text!r}")
    return text


def _folder(name: str, text: str) -> Path:
    # A relative one would be another folder for each process.
    if not text.startswith("/"):
        raise SettingError(f"{name} must be the path of a folder from the root, not {text!r}")
    return Path(text)


def _smtp_url(name: str, text: str) -> SmtpServer:
    try:
        return SmtpServer.of(text)
    except ValueError as error:
        raise SettingError(f"{name} {error} (not shown: it may hold a secret)") from None


def _address(name: str, text: str) -> str:
    if not is_address(text):
        raise SettingError(f"{name} must be {ADDRESS_FORM}, not {text!r}")
    return text


def _public_url(name: str, text: str) -> str:
    try:
        url = urlsplit(text)
        well_formed = url.scheme in ("http", "https") and bool(url.hostname)
        well_formed = well_formed and not (url.query or url.fragment or url.username)
    except ValueError:
        well_formed = False
    if not well_formed or not text.isprintable() or " " in text:
        raise SettingError(f"{name} must be https://host or http://host:port, not {text!r}")
    return text.rstrip("/")


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
    "database_url": ("database_url", "migration_url", "replica_urls", "operation_url"),
    "redis_url": ("redis_url", "broker_url", "pubsub_url", "cache_url"),
}

_PARSERS: Mapping[str, Callable[[str, str], object]] = {
    "database_url": _database_url,
    "migration_url": _database_url,
    "operation_url": _database_url,
    "replica_urls": _database_urls,
    "replica_lag_s": _whole(1, 3600),
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
    "public_gateway_url": _websocket_url,
    "worker_threads": _whole(1, 1000),
    "job_threads": _whole(1, 1000),
    "feed_days": _whole(1, 3650),
    "key_days": _whole(1, 3650),
    "metrics_host": _host,
    "api_metrics_port": _whole(0, 65535),
    "gateway_metrics_port": _whole(0, 65535),
    "worker_metrics_port": _whole(0, 65535),
    "jobs_metrics_port": _whole(0, 65535),
    "scheduler_metrics_port": _whole(0, 65535),
    "results_folder": _folder,
    "result_days": _whole(1, 36500),
    "smtp_url": _smtp_url,
    "mail_from": _address,
    "mail_folder": _folder,
    "public_url": _public_url,
    "log_level": _log_level,
    "log_format": _log_format,
}
