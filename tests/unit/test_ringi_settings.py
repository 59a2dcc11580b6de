"""Settings are read once, checked by name, and keep their secrets."""

import re
import traceback
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from infra.settings import SettingError, Settings, store_env, variable, with_local

ROOT = Path(__file__).parents[2]
SECRET = "hunter2-do-not-show"
DATABASE = f"mysql+pymysql://clerk:{SECRET}@127.0.0.1:3306/"
REDIS = f"redis://:{SECRET}@127.0.0.1:6379/0"

BAD = [
    ("database_url", "nonsense"),
    ("database_url", f"postgresql://clerk:{SECRET}@127.0.0.1/"),
    ("database_url", "mysql+pymysql://127.0.0.1/"),
    ("migration_url", f"://{SECRET}"),
    ("replica_urls", f"mysql+pymysql://clerk@h/ mysql://clerk:{SECRET}@h/"),
    ("replica_urls", f"{DATABASE},{DATABASE}"),
    ("replica_lag_s", "0"),
    ("log", "Ringi"),
    ("log", "x" * 65),
    ("views", "a-b"),
    ("lanes", "0"),
    ("lanes", "256"),
    ("lanes", "four"),
    ("lanes", "4.0"),
    ("lanes", "٤"),
    ("redis_url", f"http://{SECRET}@h/"),
    ("redis_url", f"redis://:{SECRET}@h:port/"),
    ("broker_url", "unix://"),
    ("pubsub_url", "redis://"),
    ("cache_url", "localhost:6379"),
    ("api_host", "http://here/"),
    ("api_port", "0"),
    ("api_port", "65536"),
    ("api_threads", "-1"),
    ("gateway_host", "a b"),
    ("gateway_port", "8401 "),
    ("worker_threads", "0"),
    ("job_threads", "0"),
    ("results_folder", "results"),
    ("result_days", "0"),
    ("smtp_url", f"http://u:{SECRET}@h/"),
    ("smtp_url", f"smtp://{SECRET}@h/"),
    ("smtp_url", f"smtp://u:{SECRET}@h:x/"),
    ("smtp_url", f"smtp://u:{SECRET}@h/?starttls=never"),
    ("smtp_url", f"smtp://u:{SECRET}@h/?starttls=maybe"),
    ("mail_from", "ringi"),
    ("mail_folder", "mail"),
    ("public_url", "ringi.example"),
    ("public_url", "https://ringi.example/?a=b"),
    ("operation_url", f"://{SECRET}"),
    ("feed_days", "0"),
    ("key_days", "-1"),
    ("metrics_host", "a b"),
    ("scheduler_metrics_port", "65536"),
    ("log_level", "LOUD"),
    ("log_format", "xml"),
]


def settings(**differing: str) -> Settings:
    given = {"database_url": DATABASE, "redis_url": REDIS} | differing
    return Settings.from_env({variable(name): text for name, text in given.items()})


def test_what_is_not_given_has_its_default() -> None:
    found = settings()
    assert {found.broker_url, found.pubsub_url, found.cache_url} == {REDIS}
    assert found.worker_threads == 2 * found.lanes
    for each in fields(Settings):
        if each.default is not MISSING:
            assert getattr(found, each.name) == each.default, each.name


def test_every_setting_that_is_given_is_the_one_that_is_used() -> None:
    given = {
        "database_url": "mysql+pymysql://a@h1/",
        "migration_url": "mysql+pymysql://b@h2/",
        "replica_urls": "mysql+pymysql://c@h3/ mysql+pymysql://d@h4/",
        "replica_lag_s": "9",
        "log": "l",
        "views": "v",
        "lanes": "7",
        "redis_url": "redis://r1/",
        "broker_url": "redis://r2/",
        "pubsub_url": "rediss://r3/",
        "cache_url": "unix:///r4.sock",
        "api_host": "::1",
        "api_port": "1",
        "api_threads": "2",
        "gateway_host": "0.0.0.0",
        "gateway_port": "3",
        "public_gateway_url": "wss://ringi.example/ws",
        "worker_threads": "5",
        "job_threads": "6",
        "results_folder": "/somewhere/results",
        "result_days": "7",
        "smtp_url": "smtps://h5:465",
        "mail_from": "ringi@example.org",
        "mail_folder": "/somewhere/mail",
        "public_url": "https://ringi.example",
        "operation_url": "mysql+pymysql://o@h6/",
        "feed_days": "8",
        "key_days": "9",
        "metrics_host": "10.0.0.1",
        "api_metrics_port": "10",
        "gateway_metrics_port": "11",
        "worker_metrics_port": "12",
        "jobs_metrics_port": "13",
        "scheduler_metrics_port": "14",
        "log_level": "DEBUG",
        "log_format": "json",
    }
    found = settings(**given)
    shown = {each.name: getattr(found, each.name) for each in fields(Settings)}
    shown["replica_urls"] = " ".join(map(str, found.replica_urls))
    assert {name: str(value) for name, value in shown.items()} == given


def test_threads_of_a_worker_follow_the_lanes() -> None:
    assert settings(lanes="9").worker_threads == 18
    assert settings(lanes="9", worker_threads="3").worker_threads == 3


def test_an_empty_setting_is_one_that_is_not_given() -> None:
    assert settings(lanes="", migration_url="", broker_url="") == settings()


@pytest.mark.parametrize("name", ["database_url", "redis_url"])
def test_a_missing_setting_is_named_with_what_it_looks_like(name: str) -> None:
    with pytest.raises(SettingError, match=rf"^{variable(name)} is not set.*://.*ringi up"):
        settings(**{name: ""})


@pytest.mark.parametrize(("name", "text"), BAD)
def test_a_bad_setting_is_refused_by_its_name(name: str, text: str) -> None:
    with pytest.raises(SettingError, match=rf"^{variable(name)}\b") as refused:
        settings(**{name: text})
    assert SECRET not in "".join(traceback.format_exception(refused.value))


def test_two_that_must_differ_are_both_named() -> None:
    with pytest.raises(SettingError, match="RINGI_LOG and RINGI_VIEWS"):
        settings(log="same", views="same")
    with pytest.raises(SettingError, match="RINGI_API_PORT and RINGI_GATEWAY_PORT"):
        settings(api_port="8401")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("RINGI_GATWAY_PORT", "RINGI_GATEWAY_PORT"),
        ("RINGI_LANE", "RINGI_LANES"),
        ("RINGI_DATABASEURL", "RINGI_DATABASE_URL"),
        ("RINGI_lanes", "RINGI_LANES"),
    ],
)
def test_a_slip_of_the_pen_is_told_what_was_meant(name: str, meant: str) -> None:
    environ = {"RINGI_DATABASE_URL": DATABASE, "RINGI_REDIS_URL": REDIS, name: "4"}
    with pytest.raises(SettingError, match=rf"{name} is not a setting.*{meant}"):
        Settings.from_env(environ)


@pytest.mark.parametrize("name", ["RINGI_HOME", "RINGI_DEBUG", "RINGI_SUPERVISED", "LANES"])
def test_names_that_mean_something_else_are_let_be(name: str) -> None:
    environ = {"RINGI_DATABASE_URL": DATABASE, "RINGI_REDIS_URL": REDIS}
    # Else RINGI_HOME says where these are.
    environ |= {"RINGI_RESULTS_FOLDER": "/results", "RINGI_MAIL_FOLDER": "/mail"}
    assert Settings.from_env(environ | {name: "x"}) == Settings.from_env(environ)


def test_no_secret_is_shown() -> None:
    found = settings(migration_url=DATABASE, replica_urls=DATABASE, broker_url=REDIS + "1")
    for text in (repr(found), str(found), f"{found}", repr([found])):
        assert "clerk" in text
        assert SECRET not in text


def test_the_stores_environment_says_what_the_settings_say() -> None:
    found = store_env(settings(log="cases", migration_url=DATABASE, api_threads="40"))
    assert found["PERSISTENCE_MODULE"] == "infra.eventstore"
    assert found["MARIADB_URL"] == found["MARIADB_MIGRATION_URL"] == DATABASE
    assert (found["MARIADB_LOG"], found["MARIADB_VIEWS"]) == ("cases", "ringi_views")
    assert found["MARIADB_LANES"] == "4"
    assert int(found["MARIADB_POOL_SIZE"]) == 40
    assert "MARIADB_MIGRATION_URL" not in store_env(settings())


# ---- beside a local installation

LOCAL = {
    "RINGI_DATABASE_URL": "mysql+pymysql://local@here/",
    "RINGI_MIGRATION_URL": "mysql+pymysql://local_migration@here/",
    "RINGI_REDIS_URL": "unix:///local.sock",
    "RINGI_API_PORT": "8500",
}


def test_a_local_installation_gives_what_the_environment_does_not() -> None:
    found = Settings.from_env(with_local(LOCAL, {"RINGI_LANES": "2", "RINGI_REDIS_URL": ""}))
    assert found.database_url.username == "local"
    assert (found.api_port, found.lanes, found.redis_url) == (8500, 2, "unix:///local.sock")


def test_the_environment_wins_over_the_local_installation() -> None:
    assert Settings.from_env(with_local(LOCAL, {"RINGI_API_PORT": "8600"})).api_port == 8600


def test_another_database_server_takes_none_of_the_local_accounts() -> None:
    found = Settings.from_env(with_local(LOCAL, {"RINGI_DATABASE_URL": DATABASE}))
    assert found.database_url.username == "clerk"
    assert found.migration_url is None
    assert found.redis_url == "unix:///local.sock"


def test_settings_are_loaded_from_the_file_of_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.environ", {"RINGI_HOME": str(tmp_path)})
    with pytest.raises(SettingError, match="RINGI_DATABASE_URL is not set"):
        Settings.load()
    text = "\n".join(f"{name}={value}" for name, value in LOCAL.items())
    (tmp_path / "environment").write_text(text)
    assert Settings.load().api_port == 8500


# ---- what is written about them


def test_every_setting_is_documented_with_its_default_and_no_other() -> None:
    rows = re.findall(
        r"^\| `(RINGI_\w+)` \| ([^|]+) \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE
    )
    documented = dict(rows)
    assert len(documented) == len(rows)
    assert set(documented) == {variable(each.name) for each in fields(Settings)}
    for each in fields(Settings):
        if each.default is not MISSING and each.default not in (None, ()):
            assert f"`{each.default}`" in documented[variable(each.name)], each.name


def test_every_setting_says_what_it_means_where_it_is_defined() -> None:
    source = (ROOT / "infra/settings.py").read_text()
    for each in fields(Settings):
        assert re.search(rf'^    {each.name}: .*\n    """', source, re.MULTILINE), each.name
