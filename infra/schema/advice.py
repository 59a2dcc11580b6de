"""What to do about the errors that a migration meets on a server that was not prepared for it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pymysql
from eventsourcing.persistence import ProgrammingError

#: MariaDB error to advice, with the words of a migration in it.
ADVICE = {
    1044: "the migration's account may not do this: an administrator must GRANT ALL ON "
    "`{pattern}`.* to it WITH GRANT OPTION, as infra.schema.accounts does",
    1133: "an account is missing: MARIADB_OPERATION names {operation}, the user of MARIADB_URL is "
    "{application}; create both, as infra.schema.accounts does, then migrate again",
    1419: "set log_bin_trust_function_creators = 1 on the server: the log's triggers are made by "
    "an account without SUPER; it may be 0 again afterwards",
}
ADVICE[1142] = ADVICE[1227] = ADVICE[1044]
ADVICE[1410] = ADVICE[1133]


@contextmanager
def advised(words: Mapping[str, str]) -> Iterator[None]:
    """Turn the errors of the block that an operator can mend into ones that say how.

    Raises:
        ProgrammingError: with MariaDB's message and the advice. Other errors pass as they are.
    """
    try:
        yield
    except pymysql.MySQLError as error:
        code = error.args[0] if error.args else None
        if code not in ADVICE:
            raise
        advice = ADVICE[code].format_map(words)
        raise ProgrammingError(f"MariaDB error {code}: {error.args[1]}; {advice}") from error
