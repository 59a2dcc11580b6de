"""Each rule of the log broken on purpose, in a copy of this tree: a test must notice.

python -m tests.mutants [WORD …]    only the mutants whose change contains a word
"""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: What a copy needs to run tests.
COPIED = ("domain", "commands", "projections", "api", "realtime", "workers", "infra", "tests")

HOLES = "tests/fault/test_holes.py"
RIVALS = "tests/fault/test_hung_and_rival_writers.py"
CONTRACTS = "tests/integration/test_contracts.py"
SUITES = "tests/integration/test_published_suites.py"
SETTLING = "infra/eventstore/settling.py"
APPEND = "infra/eventstore/append.py"
CHECKS = "infra/eventstore/checks.py"
READING = "infra/eventstore/reading.py"
DATASTORE = "infra/eventstore/datastore.py"
LOG_SQL = "infra/schema/log/0001_log.sql"


@dataclass(frozen=True)
class Mutant:
    """One change that breaks a rule, and the test that must fail for it."""

    rule: str
    change: str
    file: str
    old: str
    new: str
    test: str


MUTANTS = (
    Mutant(
        "1", "sync_binlog is not looked at", CHECKS,
        '    ("sync_binlog", ("1",), _VISIBLE),\n', "",
        "tests/integration/test_unsafe_servers.py",
    ),
    Mutant(
        "1", "log_bin is not looked at", CHECKS,
        '    ("log_bin", ("ON",), _VISIBLE),\n', "",
        "tests/integration/test_unsafe_servers.py",
    ),
    Mutant(
        "2", "readers see what is uncommitted", DATASTORE,
        "tx_isolation = 'READ-COMMITTED'", "tx_isolation = 'READ-UNCOMMITTED'",
        f"{CONTRACTS}::TestMariaDBLog::test_nothing_uncommitted_is_ever_read",
    ),
    Mutant(
        "2", "holes are filled together without proof that they are dead", SETTLING,
        "if holes and self._all_dead(cursor, holes):", "if holes:",
        f"{HOLES}::test_a_dead_hole_below_a_transaction_in_flight_is_settled_at_once",
    ),
    Mutant(
        "2", "the filler waits for a transaction as long as a writer would", DATASTORE,
        "lock_timeout_s=1, pool_size=1", "lock_timeout_s=5, pool_size=1",
        f"{RIVALS}::test_a_hung_writer_is_named_within_two_seconds"
        "_and_its_connection_ended_by_the_server",
    ),
    Mutant(
        "3", "a position in flight is passed after the wait", SETTLING,
        "            self._wait_for(cursor, connection_id, hole[0], wait)\n",
        "            self._wait_for(cursor, connection_id, hole[0], wait)\n"
        "            self._move(cursor, hole[0])\n",
        f"{HOLES}::test_no_clock_lets_a_reader_pass_a_transaction_in_flight",
    ),
    Mutant(
        "3", "positions are passed as soon as a higher one is seen", SETTLING,
        "if visible == reach - mark:", "if visible >= 0:",
        f"{CONTRACTS}::TestMariaDBLog",
    ),
    Mutant(
        "3", "a replica is read by the mark of another one", READING,
        "found_mark_by(cursor)[0] < upto:", "found_mark_by(cursor)[0] < 0:",
        "tests/integration/test_read_only.py",
    ),
    Mutant(
        "3", "nobody is told of a stall", SETTLING,
        "        alarm(self._stall)\n", "",
        f"{RIVALS}::test_a_hung_writer_is_named_within_two_seconds"
        "_and_its_connection_ended_by_the_server",
    ),
    Mutant(
        "3", "a hung writer keeps its transaction", DATASTORE,
        "IDLE_TRANSACTION_TIMEOUT_S = 5", "IDLE_TRANSACTION_TIMEOUT_S = 0",
        f"{RIVALS}::test_a_hung_writer_is_named_within_two_seconds"
        "_and_its_connection_ended_by_the_server",
    ),
    Mutant(
        "4", "a stolen position is taken for a version conflict", APPEND,
        'if key == "stream_version":', 'if key in ("stream_version", "PRIMARY"):',
        f"{HOLES}::test_a_late_writer_whose_position_was_settled_takes_a_new_one",
    ),
    Mutant(
        "4", "a repeated key is taken for a conflict", APPEND,
        'if key == "command_id" and idempotency is not None:', "if key is None:",
        f"{CONTRACTS}::TestMariaDBIdempotency",
    ),
    Mutant(
        "4", "the key and the events are not one transaction", APPEND,
        '" START TRANSACTION; "', '" "',
        f"{CONTRACTS}::TestMariaDBIdempotency::test_a_refused_append_leaves_no_key",
    ),
    Mutant(
        "4", "the key that 1062 names is read from the duplicate entry",
        "infra/eventstore/errors.py",
        'rpartition(" for key ")[2]', 'partition(" for key ")[2]',
        "tests/unit/test_errors.py",
    ),
    Mutant(
        "4", "an append that is ended after its COMMIT is called a failure", APPEND,
        "    while cursor.nextset():\n        pass\n", "",
        "tests/fault/test_ended_statements.py",
    ),
    Mutant(
        "5", "a page of events has no bound in bytes", READING,
        "LENGTH(state)) <= {ROOM}", "LENGTH(state)) <= {2**40}",
        "tests/integration/test_large_events.py",
    ),
    Mutant(
        "5", "a save is several INSERTs", APPEND,
        'statements.append(self._insert + ", ".join(["(%s, %s, %s, %s)"] * len(events)))',
        'statements += [self._insert + "(%s, %s, %s, %s)"] * len(events)',
        f"{SUITES}::TestNonInterleaving",
    ),
    Mutant(
        "5", "a hole of any width is filled", SETTLING,
        "if following - run[0] > self._datastore.settings.widest_hole", "if run[0] < 0",
        f"{HOLES}::test_a_hole_wider_than_the_bound_stops_with_an_alarm",
    ),
    Mutant(
        "6", "the application may change events", "infra/schema/log/grants.sql",
        "GRANT SELECT, INSERT ON `{database}`.event", "GRANT ALL ON `{database}`.event",
        "tests/integration/test_schema.py",
    ),
    Mutant(
        "6", "a role that is not taken yet is not looked at", CHECKS,
        "    grants += possible_grants(cursor)\n", "",
        "tests/integration/test_unsafe_servers.py",
    ),
    Mutant(
        "6", "a trigger is known by its name alone", CHECKS,
        'frozenset((guards or "").split(","))',
        "frozenset(g for g in GUARDS if g.split()[0] + ' ' in (guards or ''))",
        "tests/integration/test_unsafe_servers.py",
    ),
    Mutant(
        "6", "the mark may be lowered", LOG_SQL,
        "IF NEW.mark < OLD.mark OR", "IF",
        "tests/integration/test_accounts.py",
    ),
    Mutant(
        "6", "a counter at or below the mark is not noticed", CHECKS,
        "if facts.auto_increment <= facts.mark:", "if facts.auto_increment < 0:",
        "tests/integration/test_unsafe_servers.py",
    ),
    Mutant(
        "6", "two may be let through one tracking position", "infra/eventstore/tracking.py",
        "IF(VALUES(position) > position,", "IF(VALUES(position) >= position,",
        f"{CONTRACTS}::TestMariaDBTracking",
    ),
    Mutant(
        "7", "an epoch may have other lanes than the table", CHECKS,
        "    if lanes != really:", "    if lanes == 0:",
        "tests/integration/test_schema.py::test_an_epoch_with_other_lanes_than_the_table_is_refused",
    ),
    Mutant(
        "7", "another epoch is not noticed", DATASTORE,
        "if found != expected:", "if found is None:",
        "tests/integration/test_epoch.py",
    ),
    Mutant(
        "8", "a late writer does not try again", APPEND,
        'raise _TooLateError("a reader settled',
        'raise ContentionError("a reader settled',
        f"{HOLES}::test_a_late_writer_whose_position_was_settled_takes_a_new_one",
    ),
)  # fmt: skip


def survives(mutant: Mutant) -> str | None:
    """Return None if the test notices the mutant, else what pytest said.

    Raises:
        AssertionError: the code no longer has the text that the mutant changes.
    """
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        for name in COPIED:
            shutil.copytree(ROOT / name, Path(folder) / name)
        shutil.copy(ROOT / "pyproject.toml", folder)
        path = Path(folder) / mutant.file
        text = path.read_text()
        assert text.count(mutant.old) == 1, f"{mutant.file} has {mutant.old!r} not exactly once"
        path.write_text(text.replace(mutant.old, mutant.new))
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", mutant.test],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    # 1: a test failed. Anything else (none ran, the code does not load) is no proof.
    return None if done.returncode == 1 else f"exit {done.returncode}\n{done.stdout[-2000:]}"


def main(words: list[str]) -> int:
    survivors = 0
    for mutant in MUTANTS:
        if words and not any(word in mutant.change for word in words):
            continue
        said = survives(mutant)
        survivors += said is not None
        print(
            f"rule {mutant.rule}  {'SURVIVES' if said else 'noticed '}  {mutant.change}", flush=True
        )
        if said:
            print(said)
    return min(survivors, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
