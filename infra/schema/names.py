"""Names that become part of SQL text, where no parameter can stand."""

import re

from eventsourcing.persistence import ProgrammingError

#: MariaDB's limit for a database's name, in characters; in a GRANT each `_` is escaped and counts
#: twice, or it would stand for any character.
LONGEST_DATABASE = 64

#: MariaDB's limit for an account's name, in characters.
LONGEST_ACCOUNT = 80

_PLAIN = re.compile(r"[a-z][a-z0-9_]*")


def database_name(name: str) -> str:
    """Return `name` if it may stand in SQL text as a database.

    Raises:
        ProgrammingError: too long for MariaDB, or more than lower-case letters, digits and `_`.
    """
    return _plain(name, LONGEST_DATABASE - name.count("_"), "database")


def account_name(name: str) -> str:
    """Return `name` if it may stand in SQL text as an account.

    Raises:
        ProgrammingError: too long for MariaDB, or more than lower-case letters, digits and `_`.
    """
    return _plain(name, LONGEST_ACCOUNT, "account")


def _plain(name: str, longest: int, what: str) -> str:
    if len(name) > longest:
        raise ProgrammingError(
            f"{what} name too long: {name!r} has {len(name)} characters, MariaDB takes {longest}"
        )
    if not _PLAIN.fullmatch(name):
        raise ProgrammingError(
            f"not a {what} name: {name!r}; use lower-case letters, digits and _, a letter first"
        )
    return name
