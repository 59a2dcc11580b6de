"""Settings: each one parsed, each bad one refused by its name, no secret ever shown."""

import traceback
from dataclasses import MISSING, fields

import pytest
from eventsourcing.persistence import ProgrammingError
from eventsourcing.utils import Environment

from infra.eventstore.settings import StoreSettings
from infra.schema.accounts import Account, Accounts

SECRET = "hunter2"
URL = f"mysql+pymysql://clerk:{SECRET}@db.example:3306/"

#: Field to text and value: a complete table, see the first test.
GIVEN = {
    "url": (URL, URL.removesuffix("/")),
    "migration_url": (URL, URL.removesuffix("/")),
    "log": ("cases", "cases"),
    "views": ("readers", "readers"),
    "operation": ("night_shift", "night_shift"),
    "lanes": ("255", 255),
    "pool_size": ("1000", 1000),
    "max_overflow": ("0", 0),
    "pool_timeout": ("0.25", 0.25),
    "lock_timeout": ("3600", 3600),
    "stall_timeout": ("3600", 3600.0),
    "widest_hole": ("1000000000000", 10**12),
}

DEFAULTS = {
    "migration_url": None,
    "operation": "ringi_operation",
    "lanes": None,
    "pool_size": 5,
    "max_overflow": 10,
    "pool_timeout": 30.0,
    "lock_timeout": 5,
    "stall_timeout": 10.0,
    "widest_hole": 100_000,
}

BAD_NAMES = ("Upper", "with-hyphen", "with space", "1st", "_", "back`tick", "dot.ted", "é")
BAD_URLS = (
    SECRET,
    f"clerk:{SECRET}@db.example",
    f"mysql://clerk:{SECRET}@db.example/",
    f"postgresql+psycopg://clerk:{SECRET}@db.example/",
    f"mysql+pymysql://clerk:{SECRET}@db.example:port/",
    f"mysql+pymysql://clerk:{SECRET}@[::1/",
    f"{URL}?nonsense=1",
    f"{URL}?ssl_ca=/nope",
    f"{URL}?connect_timeout=soon",
    f"{URL}?unix_socket=/run/db.sock&autocommmit=1",
)
BAD_NUMBERS = ("", "x", "1.5", "0x10", "1e3", "-1")
BAD_SECONDS = ("x", "0", "-1", "nan", "inf", "3600.1")

BAD = [
    *(("url", text) for text in BAD_URLS),
    *(("migration_url", text) for text in BAD_URLS),
    *(("log", text) for text in (*BAD_NAMES, "x" * 65)),
    *(("views", text) for text in (*BAD_NAMES, "x" * 65)),
    *(("operation", text) for text in (*BAD_NAMES, "x" * 81)),
    *(("lanes", text) for text in (*BAD_NUMBERS[1:], "0", "256")),
    *(("pool_size", text) for text in (*BAD_NUMBERS[1:], "0", "1001")),
    *(("max_overflow", text) for text in (*BAD_NUMBERS[1:], "1001")),
    *(("lock_timeout", text) for text in (*BAD_NUMBERS[1:], "0", "3601")),
    *(("widest_hole", text) for text in (*BAD_NUMBERS[1:], "0", "1000000000001")),
    *(("pool_timeout", text) for text in BAD_SECONDS),
    *(("stall_timeout", text) for text in BAD_SECONDS),
]


def settings(application: str = "Approvals", **given: str) -> StoreSettings:
    env = {"MARIADB_URL": URL} | {f"MARIADB_{name.upper()}": text for name, text in given.items()}
    return StoreSettings.from_env(Environment(application, env))


def test_the_tables_of_this_test_know_every_setting() -> None:
    names = {field.name for field in fields(StoreSettings)}
    assert set(GIVEN) == {name for name, _ in BAD} == names
    assert {f.name: f.default for f in fields(StoreSettings) if f.default is not MISSING} == (
        DEFAULTS
    )


@pytest.mark.parametrize("name", GIVEN)
def test_a_setting_is_read_from_the_environment(name: str) -> None:
    text, value = GIVEN[name]
    found = getattr(settings(**{name: text}), name)
    if name.endswith("url"):
        found = found.render_as_string(hide_password=False)
    assert found == value
    assert found != DEFAULTS.get(name, "no default")


def test_settings_that_are_not_given_have_their_defaults() -> None:
    found = settings()
    assert {name: getattr(found, name) for name in DEFAULTS} == DEFAULTS


def test_an_empty_setting_is_one_that_is_not_given() -> None:
    assert settings(lanes="", migration_url="", log="") == settings()


def test_a_setting_of_one_application_wins_over_the_common_one() -> None:
    env = {"MARIADB_URL": URL, "MARIADB_LANES": "2", "APPROVALS_MARIADB_LANES": "3"}
    assert StoreSettings.from_env(Environment("Approvals", env)).lanes == 3
    assert StoreSettings.from_env(Environment("Other", env)).lanes == 2


@pytest.mark.parametrize(
    ("application", "prefix"),
    [("Approvals", "approvals"), ("my_app_2", "my_app_2"), ("", "ringi")],
)
def test_databases_are_named_after_the_application(application: str, prefix: str) -> None:
    found = settings(application)
    assert (found.log, found.views) == (f"{prefix}_log", f"{prefix}_views")


@pytest.mark.parametrize(
    "application", ["a" * 61, "9 Lives", "Orders.EU", "orders eu", "Orders-EU", "--", "_x"]
)
def test_an_application_whose_name_makes_no_database_is_told_to_name_them(
    application: str,
) -> None:
    with pytest.raises(ProgrammingError, match="MARIADB_LOG"):
        settings(application)
    assert settings(application, log="cases", views="readers").log == "cases"


SLIPS = {
    "LANE": "LANES",
    "POOLSIZE": "POOL_SIZE",
    "POOL_MAX_OVERFLOW": "MAX_OVERFLOW",
    "LOCK_TIME_OUT": "LOCK_TIMEOUT",
    "CONNECT_TIMEOUT": "LOCK_TIMEOUT",
    "MIGRATIONS_URL": "MIGRATION_URL",
    "MIGRATION": "MIGRATION_URL",
    "VIEW": "VIEWS",
    "URI": "URL",
    "url": "URL",
    "Lanes": "LANES",
}

#: What MariaDB's programs and container images, and others of this kind, read.
OF_OTHERS = (
    *("ROOT_PASSWORD", "ROOT_PASSWORD_HASH", "ROOT_HOST", "ALLOW_EMPTY_ROOT_PASSWORD"),
    *("RANDOM_ROOT_PASSWORD", "DATABASE", "USER", "PASSWORD", "PASSWORD_HASH", "HOST", "PORT"),
    *("MYSQL_LOCALHOST_USER", "MYSQL_LOCALHOST_GRANTS", "HEALTHCHECK_GRANTS", "AUTO_UPGRADE"),
    *("DISABLE_UPGRADE_BACKUP", "INITDB_SKIP_TZINFO", "MASTER_HOST", "MASTER_PORT"),
    *("REPLICATION_USER", "REPLICATION_PASSWORD", "REPLICATION_PASSWORD_HASH", "VERSION"),
    *("HOME", "GROUP_SUFFIX", "UNIX_PORT", "TCP_PORT", "PLUGIN_DIR", "CONFIG", "MAJOR"),
    *("TLS_DISABLE_PEER_VERIFICATION", "CHARSET", "COLLATE", "EXTRA_FLAGS", "DATA_DIR"),
)


@pytest.mark.parametrize("prefix", ["", "APPROVALS_"])
@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_a_settings_name_is_refused_with_the_name_that_was_meant(
    slip: str, prefix: str
) -> None:
    env = Environment("Approvals", {"MARIADB_URL": URL, f"{prefix}MARIADB_{slip}": SECRET})
    with pytest.raises(ProgrammingError) as refused:
        StoreSettings.from_env(env)
    assert f"did you mean {prefix}MARIADB_{SLIPS[slip]}?" in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("prefix", ["MARIADB_", "APPROVALS_MARIADB_", "OTHER_MARIADB_LANE_", ""])
@pytest.mark.parametrize("name", OF_OTHERS)
def test_what_others_read_from_the_environment_is_left_to_them(name: str, prefix: str) -> None:
    env = Environment("Approvals", {"MARIADB_URL": URL, prefix + name: "x"})
    assert StoreSettings.from_env(env) == settings()


def test_without_a_url_the_message_shows_what_one_looks_like() -> None:
    with pytest.raises(ProgrammingError, match=r"MARIADB_URL.*mysql\+pymysql://user:secret@"):
        StoreSettings.from_env(Environment("Approvals", {}))


@pytest.mark.parametrize(("name", "text"), BAD)
def test_a_bad_setting_is_refused_by_its_name(name: str, text: str) -> None:
    with pytest.raises(ProgrammingError, match=rf"^MARIADB_{name.upper()}\b") as refused:
        settings(**{name: text})
    assert SECRET not in "".join(traceback.format_exception(refused.value))


def test_a_database_in_the_url_is_left_out() -> None:
    assert settings(url=URL + "elsewhere").url.database is None


def test_a_socket_in_the_url_is_kept() -> None:
    assert settings(url=URL + "?unix_socket=/run/db.sock").url.query == {
        "unix_socket": "/run/db.sock"
    }


@pytest.mark.parametrize("query", ["unix_socket=/run/db.sock", "charset=utf8mb4", "ssl_cipher=AES"])
def test_parameters_that_pymysql_knows_are_taken(query: str) -> None:
    key, value = query.split("=")
    assert settings(url=f"{URL}?{query}").url.query == {key: value}


@pytest.mark.parametrize("parameter", ["nonsense", "ssl_ca"])
def test_a_parameter_that_cannot_be_used_is_named(parameter: str) -> None:
    with pytest.raises(ProgrammingError, match=f"^MARIADB_URL: .*{parameter}.*cannot be used"):
        settings(url=f"{URL}?{parameter}=/nope")


def test_no_secret_is_shown() -> None:
    account = Account("clerk", SECRET)
    shown = settings(migration_url=URL)
    for thing in (shown, shown.url, account, Accounts(account, account, account), [account]):
        for text in (repr(thing), str(thing), f"{thing}"):
            assert "clerk" in text
            assert SECRET not in text
