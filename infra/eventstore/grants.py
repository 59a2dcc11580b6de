"""What an account may do to a log: read from its grants, and those of the roles it could take."""

import re
from collections.abc import Iterable, Sequence

from pymysql.cursors import Cursor

#: What the application's account must not be able to do to the log.
FORBIDDEN = frozenset(
    {
        "UPDATE",
        "DELETE",
        "DROP",
        "ALTER",
        "CREATE",
        "TRIGGER",
        "INDEX",
        "SUPER",
        "READ_ONLY ADMIN",  # writes on a replica
        "BINLOG ADMIN",  # writes what no replica gets
        "SET USER",
    }
)

#: What it needs of the log's other tables; more could forge a history, or repeat an effect.
NEEDED = {
    "settled": {"SELECT", "UPDATE"},
    "idempotency": {"SELECT", "INSERT"},
    "epoch": {"SELECT"},
    "migration": {"SELECT"},
    "granted": {"SELECT"},
}

#: What ALL means only on `*.*`.
_GLOBAL = frozenset({"SUPER", "PROCESS", "READ_ONLY ADMIN", "BINLOG ADMIN", "SET USER"})


def own_grants(cursor: Cursor) -> list[str]:
    """Return the lines of SHOW GRANTS: of the account, of its default role, of PUBLIC."""
    cursor.execute("SHOW GRANTS")
    return [line for (line,) in cursor.fetchall()]


def possible_grants(cursor: Cursor) -> list[str]:
    """Return the lines for each role that the account has and did not begin with.

    It may take one at any time, by SET ROLE. Only who has a role sees its grants, so each is
    taken for a moment.
    """
    cursor.execute(
        "SELECT role_name, CURRENT_ROLE() FROM information_schema.applicable_roles"
        " WHERE grantee = CURRENT_USER() AND role_name <> COALESCE(CURRENT_ROLE(), '')"
    )
    roles = cursor.fetchall()
    lines: list[str] = []
    try:
        for role, _ in roles:
            cursor.execute("SET ROLE %s", (role,))
            lines += own_grants(cursor)
    finally:
        for _, usual in roles[:1]:
            if usual is None:
                cursor.execute("SET ROLE NONE")
            else:
                cursor.execute("SET ROLE %s", (usual,))
    return lines


def privileges_on(grants: Iterable[str], database: str, table: str) -> frozenset[str]:
    """Return what the lines of SHOW GRANTS allow on a table, in capitals, globally included."""
    found: set[str] = set()
    for line in grants:
        match = re.match(r"GRANT (.+?) ON (?:TABLE )?(\S+) TO ", line)
        if match and _covers(match[2].replace("`", ""), database, table):
            privileges = {
                privilege.strip().upper()
                for privilege in re.sub(r"\([^)]*\)", "", match[1]).split(",")
            }
            if "ALL PRIVILEGES" in privileges:
                privileges |= FORBIDDEN - _GLOBAL
                if match[2] == "*.*":
                    privileges |= _GLOBAL
            found |= privileges
    return frozenset(found)


def excess_on(grants: Sequence[str], log: str) -> frozenset[str]:
    """Return what the lines of SHOW GRANTS allow on the log's other tables beyond `NEEDED`."""
    return frozenset(
        f"{power} on {table}"
        for table, needed in NEEDED.items()
        for power in privileges_on(grants, log, table) & (FORBIDDEN - _GLOBAL | {"INSERT"})
        if power not in needed
    )


def _covers(granted: str, database: str, table: str) -> bool:
    """Tell whether `*.*`, a pattern of databases with `.*`, or `database.table` covers a table."""
    on_database, _, on_table = granted.rpartition(".")
    if on_table not in ("*", table):
        return False
    if on_database == "*":
        return True
    like = re.sub(
        r"\\(.)|(%)|(_)|(.)",
        lambda at: ".*" if at[2] else "." if at[3] else re.escape(at[1] or at[4]),
        on_database,
    )
    return re.fullmatch(like, database) is not None
