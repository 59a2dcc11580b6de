"""Every setting of a store, each with its meaning; read once, checked at the start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches

import pymysql
import sqlalchemy
from eventsourcing.persistence import ProgrammingError
from eventsourcing.utils import Environment
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from infra.schema.names import account_name, database_name

#: Lanes of a new log if no setting gives another number.
LANES = 4

#: How alike an unknown name and a setting's must be, by `difflib`, to be taken for a slip. What
#: MariaDB's own tools and images read stays below (`tests/unit/test_settings.py` lists it).
_A_SLIP = 0.65


@dataclass(frozen=True, kw_only=True)
class StoreSettings:
    """Where a log is and how it is used.

    Read from the environment as `MARIADB_<NAME>`, or `<APPLICATION>_MARIADB_<NAME>` for one
    application, as in every persistence module of eventsourcing.
    """

    url: URL
    """The application's account and server: `mysql+pymysql://user:secret@host:port/`, or with
    `?unix_socket=/path`. No database: `log` and `views` name them."""
    migration_url: URL | None = None
    """The migration's account on the same server. With it, missing tables are created."""
    log: str
    """The database of the log. Default: `<application>_log`."""
    views: str
    """The database of tracking, snapshots and read models. Default: `<application>_views`."""
    operation: str = "ringi_operation"
    """The account that migrations grant operators' rights to."""
    lanes: int | None = None
    """Lanes of a new log, 1 to 255; `LANES` unless given. An existing log keeps the number it was
    made with, and another one is refused."""
    pool_size: int = 5
    """Connections kept open, for each process."""
    max_overflow: int = 10
    """Further connections under load, closed when returned."""
    pool_timeout: float = 30.0
    """Seconds to wait for a connection of the pool."""
    lock_timeout: int = 5
    """Seconds an append waits for a rival's transaction (innodb_lock_wait_timeout)."""
    stall_timeout: float = 10.0
    """Seconds a reader waits for one transaction in flight before it gives up with its name."""
    widest_hole: int = 100_000
    """Unused positions in a row that a settler fills by itself; more stop it, with an alarm.
    A failed save burns as many positions as it had events."""

    @classmethod
    def from_env(cls, env: Environment) -> "StoreSettings":
        """Return the settings that `env` gives.

        Raises:
            ProgrammingError: one is missing, misspelt, or not of its kind; the message names it.
        """
        _refuse_slips(env)
        prefix = env.name.lower() or "ringi"
        texts = {"log": f"{prefix}_log", "views": f"{prefix}_views"}
        for field in fields(cls):
            texts[field.name] = env.get(f"MARIADB_{field.name.upper()}") or texts.get(
                field.name, ""
            )
        if not texts["url"]:
            raise ProgrammingError(
                "MARIADB_URL is not set: give the application's account and server, "
                "such as mysql+pymysql://user:secret@127.0.0.1:3306/"
            )
        values = {
            name: _PARSERS[name](f"MARIADB_{name.upper()}", text)
            for name, text in texts.items()
            if text
        }
        return cls(**values)  # type: ignore[arg-type]  # each value was parsed by its field


def _refuse_slips(env: Environment) -> None:
    """Refuse names that are nearly a setting's: they would be ignored in silence."""
    known = {field.name.upper() for field in fields(StoreSettings)}
    for key in env:
        prefix, ours, name = key.partition("MARIADB_")
        if not ours or prefix not in ("", f"{env.name.upper()}_") or name in known:
            continue
        nearest = get_close_matches(name.upper(), known, n=1, cutoff=_A_SLIP)
        if nearest:
            raise ProgrammingError(
                f"{key} is no setting: did you mean {prefix}MARIADB_{nearest[0]}?"
            )


def _try(name: str, url: URL) -> None:
    """Refuse parameters that PyMySQL does not know, or cannot use. Connects to nothing."""
    try:
        arguments = url.get_dialect()().create_connect_args(url)[1]
        if url.query:
            pymysql.Connection(**{**arguments, "defer_connect": True})
    except (TypeError, ValueError, OSError, sqlalchemy.exc.SQLAlchemyError) as error:
        raise ProgrammingError(
            f"{name}: its parameters {', '.join(sorted(url.query))} cannot be used: {error}"
        ) from None


def _url(name: str, text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ProgrammingError(f"{name} is not a URL (not shown: it may hold a secret)") from None
    if url.drivername not in ("mysql+pymysql", "mariadb+pymysql"):
        raise ProgrammingError(f"{name} must begin with mysql+pymysql://, not {url.drivername}://")
    _try(name, url)
    # Not url.set(), which takes a database of None as "unchanged".
    return url._replace(database=None)


def _name_by(check: Callable[[str], str]) -> Callable[[str, str], str]:
    def parse(name: str, text: str) -> str:
        try:
            return check(text)
        except ProgrammingError as error:
            raise ProgrammingError(f"{name}: {error}") from None

    return parse


def _whole(lowest: int, highest: int) -> Callable[[str, str], int]:
    def parse(name: str, text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = lowest - 1
        if not lowest <= value <= highest:
            raise ProgrammingError(
                f"{name} must be a whole number from {lowest} to {highest}, not {text!r}"
            )
        return value

    return parse


def _seconds(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 3600:  # noqa: PLR2004  # an hour is no time-out any more
        raise ProgrammingError(f"{name} must be seconds above 0 and up to 3600, not {text!r}")
    return value


_PARSERS: Mapping[str, Callable[[str, str], object]] = {
    "url": _url,
    "migration_url": _url,
    "log": _name_by(database_name),
    "views": _name_by(database_name),
    "operation": _name_by(account_name),
    "lanes": _whole(1, 255),
    "pool_size": _whole(1, 1000),
    "max_overflow": _whole(0, 1000),
    "pool_timeout": _seconds,
    "lock_timeout": _whole(1, 3600),
    "stall_timeout": _seconds,
    "widest_hole": _whole(1, 10**12),
}
