"""Which migrations are missing, judged from the ledger alone."""

import pytest
from eventsourcing.persistence import ProgrammingError

from infra.schema.migrations import Migration, migrations, pending

ONE, TWO, THREE = (Migration(number, f"000{number}_x", f"text {number}") for number in (1, 2, 3))
WANTED = [ONE, TWO, THREE]


def ledger(*applied: Migration) -> dict[int, bytes]:
    return {migration.number: migration.checksum for migration in applied}


@pytest.mark.parametrize(
    ("applied", "missing"),
    [
        ((), [ONE, TWO, THREE]),
        ((ONE,), [TWO, THREE]),
        ((ONE, TWO), [THREE]),
        ((ONE, TWO, THREE), []),
        ((ONE, THREE), [TWO]),
    ],
)
def test_what_is_not_in_the_ledger_is_missing_in_order(applied, missing) -> None:
    assert pending(WANTED, ledger(*applied), "cases_log") == missing


def test_a_number_from_the_future_is_refused_with_what_to_run() -> None:
    with pytest.raises(ProgrammingError, match=r"'cases_log' is at migration 4.*newer one"):
        pending(WANTED, ledger(*WANTED) | {4: bytes(32)}, "cases_log")


def test_a_file_that_was_edited_after_it_was_applied_is_refused_by_its_name() -> None:
    applied = ledger(ONE, Migration(2, "0002_x", "text 2, edited"))
    with pytest.raises(ProgrammingError, match=r"'cases_log': migration 0002_x was edited.*new"):
        pending(WANTED, applied, "cases_log")


def test_a_checksum_stands_for_every_character() -> None:
    assert Migration(1, "a", "x").checksum == Migration(9, "b", "x").checksum
    assert Migration(1, "a", "x").checksum != Migration(1, "a", "x ").checksum
    assert len(ONE.checksum) == 32


@pytest.mark.parametrize("schema", ["log", "views"])
def test_the_files_of_a_schema_are_numbered_without_a_gap(schema) -> None:
    found = migrations(schema)
    assert [migration.number for migration in found] == list(range(1, len(found) + 1))
    assert all(m.name.startswith(f"{m.number:04}_") and m.text.strip() for m in found)
    assert found


@pytest.mark.parametrize("schema", ["log", "views"])
def test_every_statement_of_a_migration_may_be_run_again(schema) -> None:
    repeatable = ("CREATE TABLE IF NOT EXISTS", "CREATE OR REPLACE", "INSERT IGNORE")
    for migration in migrations(schema):
        for statement in migration.text.split(";\n\n"):
            lines = [line for line in statement.splitlines() if not line.startswith("--")]
            sql = "\n".join(lines).strip()
            assert sql.startswith(repeatable) or "WHERE NOT EXISTS" in sql or alters_once(sql), sql


def alters_once(sql) -> bool:
    """Tell whether each change of a table is made only where it is not there yet."""
    head, *changes = sql.rstrip(";").replace(",\n", "\n").splitlines()
    words = ("DROP COLUMN IF EXISTS", "ADD INDEX IF NOT EXISTS")
    is_alter = head.startswith("ALTER TABLE") and bool(changes)
    return is_alter and all(change.strip().startswith(words) for change in changes)
