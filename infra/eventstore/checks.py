"""What a server, a schema and an account must be for the log's promises to hold.

The facts are gathered in a few statements; judging them is pure, so every refusal is tested
without a server that is wrong in that way.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from pymysql.cursors import Cursor

from infra.eventstore.errors import ForeignSchemaError, UnsafeServerError
from infra.eventstore.grants import (
    FORBIDDEN,
    excess_on,
    own_grants,
    possible_grants,
    privileges_on,
)
from infra.schema.migrations import Schema, migrations, pending

#: Room for the largest event (16 MiB), escaped at worst to twice its size, and the text round it.
SMALLEST_PACKET = 64 * 1024 * 1024

#: Oldest MariaDB with SKIP LOCKED, which projections need.
OLDEST_VERSION = (10, 6)

#: The number of lanes, from the expression of the column: "crc32(`stream`) MOD 4".
LANES_OF_COLUMN = "CAST(REGEXP_SUBSTR(generation_expression, '[0-9]+$') AS UNSIGNED)"

#: The triggers of `infra/schema/log`: they refuse what no account should do.
GUARDS = frozenset(
    {
        "event_is_never_changed BEFORE UPDATE ON event",
        "event_is_never_deleted BEFORE DELETE ON event",
        "settled_only_grows BEFORE UPDATE ON settled",
        "settled_is_never_deleted BEFORE DELETE ON settled",
        "epoch_is_never_changed BEFORE UPDATE ON epoch",
        "epoch_is_never_deleted BEFORE DELETE ON epoch",
    }
)

_VARIABLES = (
    "version",
    "read_only",
    "log_bin",
    "sync_binlog",
    "innodb_flush_log_at_trx_commit",
    "binlog_format",
    "auto_increment_increment",
    "auto_increment_offset",
    "max_allowed_packet",
    "wsrep_on",
    "rpl_semi_sync_master_enabled",
    "rpl_semi_sync_master_wait_point",
)


@dataclass(frozen=True)
class LogFacts:
    """What was found at the start."""

    variables: Mapping[str, str]
    """Global variables by name; one that the server does not have is missing."""
    guards: frozenset[str]
    """The triggers of the log's database, each with its time, its event and its table."""
    privileges: frozenset[str]
    """What the account may do to the table of events, by whichever grant or role."""
    excess: frozenset[str]
    """What the account may do to the log's other tables and need not, "DELETE on settled"."""
    process: bool
    """The account may see who blocks whom."""
    mark: int
    """The settled mark."""
    auto_increment: int
    """The position that the next event will get."""
    epoch: UUID
    """The lineage of the positions."""
    lanes: int
    """The number of lanes that this log was made with."""

    @property
    def read_only(self) -> bool:
        """Whether this server is a replica, or a primary that takes no writes."""
        return self.variables["read_only"] != "OFF"

    @property
    def max_allowed_packet(self) -> int:
        """Bytes of the largest statement that the server takes."""
        return int(self.variables["max_allowed_packet"])


def gather(cursor: Cursor, log: str) -> LogFacts:
    """Return the facts about the log in database `log`.

    Raises:
        ForeignSchemaError: the database is not a log at this code's version.
    """
    check_schema(cursor, "log", log)
    variables = server_variables(cursor)
    cursor.execute(
        f"SELECT (SELECT mark FROM {log}.settled), epoch, lanes, (SELECT auto_increment"
        " FROM information_schema.tables WHERE table_schema = %s AND table_name = 'event'),"
        " (SELECT GROUP_CONCAT(CONCAT_WS(' ', name, timing, event, 'ON', on_table))"
        f" FROM {log}.guard), (SELECT {LANES_OF_COLUMN} FROM information_schema.columns"
        " WHERE table_schema = %s AND table_name = 'event' AND column_name = 'lane')"
        f" FROM {log}.epoch ORDER BY number DESC LIMIT 1",
        (log, log),
    )
    row = cursor.fetchone()
    if row is None or row[0] is None:
        raise ForeignSchemaError(f"the log {log!r} has lost its epoch or its settled mark")
    mark, epoch, lanes, auto_increment, guards, really = row
    if lanes != really:
        raise ForeignSchemaError(
            f"the log {log!r} was made with {really} lanes, and its epoch says {lanes}: start an "
            f"epoch with {really}"
        )
    grants = own_grants(cursor)
    process = privileges_on(grants, log, "event") & {"PROCESS", "SUPER"}
    grants += possible_grants(cursor)
    return LogFacts(
        variables=variables,
        guards=frozenset((guards or "").split(",")),
        privileges=privileges_on(grants, log, "event"),
        excess=excess_on(grants, log),
        process=bool(process),
        mark=mark,
        auto_increment=auto_increment or 1,
        epoch=UUID(bytes=epoch),
        lanes=lanes,
    )


def server_variables(cursor: Cursor) -> Mapping[str, str]:
    """Return the global variables that matter to a log, whether or not there is one."""
    names = ", ".join(["%s"] * len(_VARIABLES))
    cursor.execute(f"SHOW GLOBAL VARIABLES WHERE variable_name IN ({names})", _VARIABLES)
    return dict(cursor.fetchall())


def check_schema(cursor: Cursor, schema: Schema, database: str) -> None:
    """Refuse a database that is not at this code's version of `schema`.

    Raises:
        ForeignSchemaError: missing, somebody else's, older or newer.
    """
    cursor.execute(f"SELECT number, checksum FROM {database}.migration ORDER BY number")
    missing = pending(migrations(schema), dict(cursor.fetchall()), database)
    if missing:
        raise ForeignSchemaError(
            f"database {database!r} lacks the migrations "
            f"{', '.join(migration.name for migration in missing)}: migrate it first"
        )


def require_safe(facts: LogFacts) -> None:
    """Refuse a server on which a promise of the log would not hold.

    A read-only server is held to less: nothing is appended to it.

    Raises:
        UnsafeServerError: with every reason, and what to set.
    """
    reasons = list(_reader_reasons(facts))
    if not facts.read_only:
        reasons += _writer_reasons(facts)
    if reasons:
        raise UnsafeServerError(_listed(reasons))


def unsafe_variables(variables: Mapping[str, str]) -> list[str]:
    """Return why no log could be on a server with these variables; empty if one could."""
    facts = LogFacts(
        variables=variables,
        guards=GUARDS,
        privileges=frozenset(),
        excess=frozenset(),
        process=True,
        mark=0,
        auto_increment=1,
        epoch=UUID(int=0),
        lanes=1,
    )
    return [*_reader_reasons(facts), *_writer_reasons(facts)]


def unsafe_to_write(facts: LogFacts) -> str:
    """Return why nothing may be written here even if the server took it; empty if all is well."""
    reasons = list(_writer_reasons(facts))
    return _listed(reasons) if reasons else ""


def _listed(reasons: Iterable[str]) -> str:
    return "this log cannot be used safely:\n- " + "\n- ".join(reasons)


def _reader_reasons(facts: LogFacts) -> Iterator[str]:
    version = facts.variables["version"]
    if "MariaDB" not in version or _numbers(version) < OLDEST_VERSION:
        yield f"the server is {version}: MariaDB 10.6 or later is needed"
    missing = GUARDS - facts.guards
    if missing and not facts.read_only:
        yield f"triggers are missing ({', '.join(sorted(missing))}): the log could be changed"
    powers = FORBIDDEN & facts.privileges
    if powers:
        yield (
            f"the application's account may {', '.join(sorted(powers))} events: "
            "use an account that may only SELECT and INSERT"
        )
    elif facts.excess:
        yield f"the application's account may {', '.join(sorted(facts.excess))}: revoke it"


def _writer_reasons(facts: LogFacts) -> Iterator[str]:
    for name, wanted, why in _SAFE_VALUES:
        found = facts.variables.get(name, "absent")
        if found.upper() not in wanted:
            yield f"{name} is {found}, must be {wanted[0]}: {why}"
    if facts.max_allowed_packet < SMALLEST_PACKET:
        yield (
            f"max_allowed_packet is {facts.max_allowed_packet}, must be at least "
            f"{SMALLEST_PACKET}: the largest event would not fit"
        )
    if facts.variables.get("wsrep_on", "OFF") == "ON":
        yield (
            "wsrep_on is ON: an INSERT does not wait for another Galera node's uncommitted row, "
            "so positions could be skipped; use a single primary"
        )
    if (
        facts.variables.get("rpl_semi_sync_master_enabled") == "ON"
        and facts.variables.get("rpl_semi_sync_master_wait_point") != "AFTER_SYNC"
    ):
        yield (
            "rpl_semi_sync_master_wait_point must be AFTER_SYNC: "
            "AFTER_COMMIT shows events before a replica has them"
        )
    if not facts.process:
        yield "the account lacks PROCESS: a stalled head could not be explained"
    if facts.auto_increment <= facts.mark:
        yield (
            f"the next position would be {facts.auto_increment}, but everything up to "
            f"{facts.mark} is settled: the table was restored without its mark, or its counter "
            f"was reset; ALTER TABLE event AUTO_INCREMENT = {facts.mark + 1}, and start an epoch"
        )


_VISIBLE = "an event could be seen before it is durable, and its position given out again"
_SAFE_VALUES = (
    ("log_bin", ("ON",), _VISIBLE),
    ("sync_binlog", ("1",), _VISIBLE),
    ("innodb_flush_log_at_trx_commit", ("1", "3"), _VISIBLE),
    ("binlog_format", ("ROW",), "a replica could compute other positions and times"),
    ("auto_increment_increment", ("1",), "a save's positions must be consecutive"),
    ("auto_increment_offset", ("1",), "a save's positions must be consecutive"),
)


def _numbers(version: str) -> tuple[int, int]:
    major, minor = version.split(".")[:2]
    return int(major), int(minor)
