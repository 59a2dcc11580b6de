"""Names that become SQL text."""

import pytest
from eventsourcing.persistence import ProgrammingError

from infra.schema.names import account_name, database_name

BOTH = pytest.mark.parametrize(
    ("check", "longest"), [(database_name, 64), (account_name, 80)], ids=["database", "account"]
)


@BOTH
@pytest.mark.parametrize("name", ["a", "ringi_log", "a1_2", "z__"])
def test_a_plain_name_is_given_back(check, longest: int, name: str) -> None:
    assert check(name) == name


@BOTH
def test_a_name_may_be_as_long_as_mariadb_takes(check, longest: int) -> None:
    assert check("x" * longest) == "x" * longest


@BOTH
def test_a_longer_name_is_refused_with_both_lengths(check, longest: int) -> None:
    with pytest.raises(ProgrammingError, match=rf"{longest + 1} characters.*takes {longest}"):
        check("x" * (longest + 1))


@BOTH
@pytest.mark.parametrize(
    "name",
    ["", "A", "1a", "_a", "a-b", "a b", "a.b", "a`b", "a'b", "a;b", "a\n", "a\0", "é", "a%"],
)
def test_what_could_be_more_than_a_name_is_refused(check, longest: int, name: str) -> None:
    with pytest.raises(ProgrammingError, match="lower-case letters, digits and _"):
        check(name)
