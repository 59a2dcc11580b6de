"""Each way in which a server or an account is unsafe has an explanation of its own."""

import re
from dataclasses import replace
from uuid import UUID

import pytest

from infra.eventstore.checks import GUARDS, SMALLEST_PACKET, LogFacts, require_safe
from infra.eventstore.errors import UnsafeServerError

SAFE = LogFacts(
    excess=frozenset(),
    variables={
        "version": "10.11.6-MariaDB-0+deb12u1-log",
        "read_only": "OFF",
        "log_bin": "ON",
        "sync_binlog": "1",
        "innodb_flush_log_at_trx_commit": "1",
        "binlog_format": "ROW",
        "auto_increment_increment": "1",
        "auto_increment_offset": "1",
        "max_allowed_packet": str(SMALLEST_PACKET),
    },
    guards=GUARDS,
    privileges=frozenset({"SELECT", "INSERT", "PROCESS"}),
    process=True,
    mark=41,
    auto_increment=42,
    epoch=UUID(int=1),
    lanes=4,
)


def variables(**differing: str) -> LogFacts:
    return replace(SAFE, variables={**SAFE.variables, **differing})


def without(name: str) -> LogFacts:
    kept = {key: value for key, value in SAFE.variables.items() if key != name}
    return replace(SAFE, variables=kept)


def read_only(facts: LogFacts) -> LogFacts:
    return replace(facts, variables={**facts.variables, "read_only": "ON"})


VISIBLE = "seen before it is durable"

#: Facts that differ from safe ones in one thing, and what the refusal says.
TO_WRITERS = {
    "no binlog": (variables(log_bin="OFF"), f"log_bin is OFF, must be ON.*{VISIBLE}"),
    "binlog not synced": (variables(sync_binlog="0"), f"sync_binlog is 0, must be 1.*{VISIBLE}"),
    "binlog synced late": (variables(sync_binlog="100"), "sync_binlog is 100, must be 1"),
    "redo not flushed": (
        variables(innodb_flush_log_at_trx_commit="0"),
        f"innodb_flush_log_at_trx_commit is 0, must be 1.*{VISIBLE}",
    ),
    "redo flushed late": (
        variables(innodb_flush_log_at_trx_commit="2"),
        "innodb_flush_log_at_trx_commit is 2, must be 1",
    ),
    "mixed binlog": (variables(binlog_format="MIXED"), "binlog_format is MIXED, must be ROW"),
    "binlog of statements": (variables(binlog_format="STATEMENT"), "is STATEMENT, must be ROW"),
    "steps of two": (
        variables(auto_increment_increment="2"),
        "auto_increment_increment is 2, must be 1.*consecutive",
    ),
    "begin at two": (
        variables(auto_increment_offset="2"),
        "auto_increment_offset is 2, must be 1.*consecutive",
    ),
    "small packet": (
        variables(max_allowed_packet=str(SMALLEST_PACKET - 1)),
        f"max_allowed_packet is {SMALLEST_PACKET - 1}, must be at least {SMALLEST_PACKET}",
    ),
    "galera": (variables(wsrep_on="ON"), "wsrep_on is ON.*single primary"),
    "seen before replicated": (
        variables(
            rpl_semi_sync_master_enabled="ON", rpl_semi_sync_master_wait_point="AFTER_COMMIT"
        ),
        "rpl_semi_sync_master_wait_point must be AFTER_SYNC",
    ),
    "wait point unknown": (
        variables(rpl_semi_sync_master_enabled="ON"),
        "rpl_semi_sync_master_wait_point must be AFTER_SYNC",
    ),
    "no PROCESS": (replace(SAFE, process=False), "lacks PROCESS.*stalled head"),
    "next position settled": (
        replace(SAFE, auto_increment=41),
        r"next position would be 41.*up to 41 is settled.*AUTO_INCREMENT = 42, and start an epoch",
    ),
    "counter reset": (replace(SAFE, auto_increment=1), "next position would be 1, but.*41"),
    **{
        f"no {name}": (without(name), f"{name} is absent, must be")
        for name in (
            "log_bin",
            "sync_binlog",
            "innodb_flush_log_at_trx_commit",
            "binlog_format",
            "auto_increment_increment",
            "auto_increment_offset",
        )
    },
    **{
        f"no trigger {name}": (
            replace(SAFE, guards=GUARDS - {name}),
            rf"triggers are missing \({name}\)",
        )
        for name in sorted(GUARDS)
    },
}

TO_EVERYONE = {
    "old server": (variables(version="10.5.29-MariaDB"), "10.5.29-MariaDB: MariaDB 10.6 or later"),
    "very old server": (variables(version="5.5.68-MariaDB"), "MariaDB 10.6 or later"),
    "another server": (variables(version="8.4.3"), "the server is 8.4.3: MariaDB 10.6"),
    **{
        f"may {power}": (
            replace(SAFE, privileges=SAFE.privileges | {power}),
            f"account may {power} events.*only SELECT and INSERT",
        )
        for power in ("UPDATE", "DELETE", "DROP", "ALTER", "CREATE", "TRIGGER", "INDEX", "SUPER")
    },
}

UNSAFE = TO_WRITERS | TO_EVERYONE


def reasons(facts: LogFacts) -> list[str]:
    with pytest.raises(UnsafeServerError) as refused:
        require_safe(facts)
    heading, *found = str(refused.value).split("\n- ")
    assert heading == "this log cannot be used safely:"
    return found


@pytest.mark.parametrize(
    "facts",
    [
        SAFE,
        variables(version="10.6.0-MariaDB"),
        variables(version="11.4.2-MariaDB-log"),
        variables(innodb_flush_log_at_trx_commit="3"),
        variables(binlog_format="row"),
        variables(wsrep_on="OFF"),
        variables(rpl_semi_sync_master_enabled="OFF"),
        variables(rpl_semi_sync_master_enabled="ON", rpl_semi_sync_master_wait_point="AFTER_SYNC"),
        replace(SAFE, guards=GUARDS | {"somebody_elses_trigger"}),
        replace(SAFE, mark=0, auto_increment=1),
    ],
)
def test_what_is_safe_is_not_refused(facts: LogFacts) -> None:
    require_safe(facts)


@pytest.mark.parametrize("name", UNSAFE)
def test_one_unsafe_thing_is_refused_for_that_one_reason(name: str) -> None:
    facts, explanation = UNSAFE[name]
    (reason,) = reasons(facts)
    assert re.search(explanation, reason)


@pytest.mark.parametrize("name", TO_WRITERS)
def test_a_read_only_server_is_held_to_less(name: str) -> None:
    facts, _ = TO_WRITERS[name]
    require_safe(read_only(facts))


@pytest.mark.parametrize("name", TO_EVERYONE)
def test_a_read_only_server_is_held_to_the_readers_rules(name: str) -> None:
    facts, _ = TO_EVERYONE[name]
    assert reasons(read_only(facts)) == reasons(facts)


def test_all_reasons_are_listed_together() -> None:
    facts = replace(
        variables(log_bin="OFF", sync_binlog="0", max_allowed_packet="1024", wsrep_on="ON"),
        guards=frozenset(
            g for g in GUARDS if "only_grows" not in g and "BEFORE DELETE ON event" not in g
        ),
        privileges=frozenset({"SELECT", "INSERT", "UPDATE", "DROP"}),
        process=False,
        auto_increment=7,
    )
    found = reasons(facts)
    assert len(found) == 8
    assert "(event_is_never_deleted BEFORE DELETE ON event, settled_only_grows" in found[0]
    assert "DROP, UPDATE" in found[1]
    for name, reason in zip(("log_bin", "sync_binlog"), found[2:4], strict=True):
        assert reason.startswith(name)
