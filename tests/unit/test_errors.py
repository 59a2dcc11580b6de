"""The errors: the drawn tree is the real one, and every code of MariaDB gets its class."""

import re

import eventsourcing.persistence as es
import pymysql
import pytest

from infra.eventstore import errors
from infra.eventstore.errors import duplicate_of, translated


def drawn() -> dict[str, str]:
    """Return class name to name of its base, as the module's docstring draws them."""
    parents: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        node = re.match(r"([│├└─ ]*)([A-Z]\w+Error)\b", line)
        if node is None:
            continue
        depth = len(node[1])
        while path and path[-1][0] >= depth:
            path.pop()
        parents[node[2]] = path[-1][1] if path else ""
        path.append((depth, node[2]))
    return parents


def test_the_drawn_tree_is_the_real_one() -> None:
    tree = drawn()
    assert tree.pop("PersistenceError") == ""
    for name, base in tree.items():
        found = getattr(errors, name, None) or getattr(es, name)
        assert found.__bases__[0].__name__ == base, name


def test_the_tree_shows_every_error_of_the_log() -> None:
    ours = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and value.__module__.startswith("infra.")
    }
    assert len(ours) > 10
    assert {name for name in drawn() if not hasattr(es, name)} == ours


#: Every code that has a class of its own, and a word of the advice that goes with it.
CODES = {
    1927: (errors.ConnectionLostError, "see that the server runs"),
    1053: (errors.ConnectionLostError, "see that the server runs"),
    2013: (errors.ConnectionLostError, "see that the server runs"),
    1040: (errors.UnreachableError, "nothing was sent"),
    1203: (errors.UnreachableError, "connections to spare"),
    1226: (errors.UnreachableError, "connections to spare"),
    2002: (errors.UnreachableError, "nothing was sent"),
    2003: (errors.UnreachableError, "nothing was sent"),
    2006: (errors.UnreachableError, "nothing was sent"),
    1020: (errors.VictimError, "rolled back, try again"),
    1205: (errors.ContentionError, "rolled back, try again"),
    1213: (errors.VictimError, "rolled back, try again"),
    1290: (es.OperationalError, "the server's words"),
    1836: (errors.ReadOnlyStoreError, "MARIADB_URL must name the primary"),
    1969: (es.OperationalError, "took too long"),
    1045: (es.OperationalError, "password in MARIADB_URL"),
    1044: (errors.ForeignSchemaError, "migrate"),
    1049: (errors.ForeignSchemaError, "migrate"),
    1054: (errors.ForeignSchemaError, "not Ringi's"),
    1142: (errors.ForeignSchemaError, "migrate"),
    1146: (errors.ForeignSchemaError, "migrate"),
    1264: (es.DataError, "nothing was written"),
    1406: (es.DataError, "nothing was written"),
    1644: (es.IntegrityError, "the server's words"),
}


def test_the_table_of_this_test_knows_every_code() -> None:
    assert set(CODES) == set(errors._BY_CODE)


@pytest.mark.parametrize("code", CODES)
def test_a_code_gives_its_class_the_servers_words_and_advice(code: int) -> None:
    expected, advice = CODES[code]
    error = translated(pymysql.OperationalError(code, "the server's words"))
    assert type(error) is expected
    assert str(error).startswith(f"MariaDB error {code}: the server's words")
    assert advice in str(error)


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("--read-only", errors.ReadOnlyStoreError),
        ("--read_only", errors.ReadOnlyStoreError),
        ("--read-only=NO_LOCK", errors.ReadOnlyStoreError),
        ("--secure-file-priv", es.OperationalError),
        ("--skip-grant-tables", es.OperationalError),
        ("--innodb-read-only-compressed", es.OperationalError),
    ],
)
def test_an_option_that_prevents_a_statement_is_read_only_or_another_one(
    option: str, expected: type
) -> None:
    words = f"The MariaDB server is running with the {option} option so it cannot execute this"
    assert type(translated(pymysql.OperationalError(1290, words))) is expected


@pytest.mark.parametrize(
    "name",
    [
        "InterfaceError",
        "DatabaseError",
        "DataError",
        "OperationalError",
        "IntegrityError",
        "InternalError",
        "ProgrammingError",
        "NotSupportedError",
    ],
)
@pytest.mark.parametrize("args", [(4321, "words"), ("words",), (0, ""), ()])
def test_any_other_code_gives_the_class_of_the_same_name(name: str, args: tuple) -> None:
    error = translated(getattr(pymysql, name)(*args))
    assert type(error) is getattr(es, name)
    assert str(error)
    assert ("words" in str(error)) == ("words" in args)


def test_an_error_outside_pep_249_is_still_a_database_error() -> None:
    assert type(translated(pymysql.MySQLError(4321, "words"))) is es.DatabaseError


def duplicate(entry: str, key: str) -> pymysql.MySQLError:
    return pymysql.IntegrityError(1062, f"Duplicate entry '{entry}' for key '{key}'")


@pytest.mark.parametrize("key", ["PRIMARY", "stream_version", "command_id"])
@pytest.mark.parametrize(
    "entry",
    [
        "17",
        "",
        "' for key 'PRIMARY'",
        "x' for key 'PRIMARY",
        "' for key 'stream_version'",
        "' for key 'command_id' for key '",
        "quote's",
        "two\nlines' for key 'PRIMARY'\n",
    ],
)
def test_the_key_of_a_duplicate_is_found_whatever_the_entry_says(entry: str, key: str) -> None:
    assert duplicate_of(duplicate(entry, key)) == key


@pytest.mark.parametrize(
    "error",
    [
        pymysql.OperationalError(1213, "Deadlock found for key 'PRIMARY'"),
        pymysql.IntegrityError("no code for key 'PRIMARY'"),
        pymysql.InterfaceError(0, ""),
        pymysql.MySQLError(),
    ],
)
def test_no_other_error_is_a_duplicate(error: pymysql.MySQLError) -> None:
    assert duplicate_of(error) is None
