"""What is wrong with settings and servers is said, all of it, and no secret with it."""

from collections.abc import Mapping
from typing import Any, NoReturn

import pytest
from hypothesis import given as examples
from hypothesis import strategies

from api.cli.check_config import _stopped
from infra.checking.given import Source, given, masked
from infra.checking.redis import Role, unfit
from infra.eventstore.checks import unsafe_variables
from infra.local.errors import InstallationError
from infra.settings import Settings, mistakes

SOUND = {
    "RINGI_DATABASE_URL": "mysql+pymysql://ann:hidden-1@127.0.0.1/",
    "RINGI_REDIS_URL": "redis://:hidden-2@127.0.0.1/0",
}

FIT = {"redis_version": "7.0.15", "role": "master", "maxmemory_policy": "noeviction"}

SAFE = {
    "version": "10.11.14-MariaDB",
    "read_only": "OFF",
    "log_bin": "ON",
    "sync_binlog": "1",
    "innodb_flush_log_at_trx_commit": "1",
    "binlog_format": "ROW",
    "auto_increment_increment": "1",
    "auto_increment_offset": "1",
    "max_allowed_packet": str(64 * 2**20),
}


def test_each_setting_is_shown_with_where_it_came_from() -> None:
    local = {"RINGI_REDIS_URL": "unix:///a.sock", "RINGI_API_PORT": "8500"}
    environ = {"RINGI_DATABASE_URL": SOUND["RINGI_DATABASE_URL"], "RINGI_API_PORT": "8600"}
    settings = Settings.from_env(local | environ)
    found = {row.name: (row.value, row.source) for row in given(local, environ, settings)}
    assert found["RINGI_API_PORT"] == ("8600", Source.ENVIRONMENT)
    assert found["RINGI_REDIS_URL"] == ("unix:///a.sock", Source.LOCAL)
    assert found["RINGI_BROKER_URL"] == ("unix:///a.sock", Source.DEFAULT)
    assert found["RINGI_GATEWAY_PORT"] == ("8401", Source.DEFAULT)


def test_no_secret_of_a_setting_is_shown() -> None:
    more = {"RINGI_MIGRATION_URL": "mysql+pymysql://bob:hidden-3@127.0.0.1/"}
    shown = str(given({}, SOUND | more, Settings.from_env(SOUND | more)))
    assert "ann:***@127.0.0.1" in shown
    assert "hidden" not in shown


@examples(
    strategies.text(
        strategies.characters(exclude_categories=["Cs", "C"]),
        min_size=1,
    )
)
def test_a_password_of_any_characters_is_masked(password: str) -> None:
    secret = f"{password}hidden"
    for url in (f"redis://:{secret}@host/0", f"redis://host/0?password={secret.replace('&', '')}"):
        assert "hidden" not in masked(url).replace("host", "")
    assert masked(f"redis://:{secret}@host/0").endswith("@host/0")


@pytest.mark.parametrize("name", ["passwd", "password", "pa%73swd", "Secret", "init_command"])
def test_a_secret_among_a_urls_parameters_is_masked(name: str) -> None:
    url = f"mysql+pymysql://ann@host/?charset=utf8mb4&{name}=hidden"
    assert masked(url) == f"mysql+pymysql://ann@host/?charset=utf8mb4&{name}=***"


@pytest.mark.parametrize(
    "url", ["mysql+pymysql://ann:hid@den@127.0.0.1/", "mysql+pymysql://a:b/c@den@h/"]
)
def test_a_password_that_would_be_taken_for_a_part_of_the_host_is_refused(url: str) -> None:
    (found,) = mistakes({**SOUND, "RINGI_DATABASE_URL": url}).values()
    assert "%40" in found
    assert "den" not in found


class Silent:
    """A supervisord that takes connections and answers none; `asked` how often."""

    def __init__(self) -> None:
        self.asked = 0
        self.environ = {"RINGI_DATABASE_URL": "mysql+pymysql://ann@elsewhere/"}

    @property
    def supervisor(self) -> "Silent":
        return self

    def programs(self) -> NoReturn:
        self.asked += 1
        raise InstallationError("supervisord does not answer within 10 s")


def test_what_runs_here_is_asked_only_where_a_server_is_its_own() -> None:
    here: Any = Silent()
    assert _stopped(here, {"RINGI_DATABASE_URL": "mysql+pymysql://ann@127.0.0.1/"}) == ((), ())
    assert here.asked == 0
    stopped, (wrong,) = _stopped(here, {"RINGI_REDIS_URL": "unix:///a.sock"})
    assert (stopped, here.asked) == ((), 1)
    assert "does not answer" in wrong.problems[0]


def test_of_several_urls_each_is_masked_by_itself() -> None:
    assert masked("a://x:1@one/, a://y:2@two/") == "a://x:***@one/ a://y:***@two/"


def test_every_mistake_is_told_not_only_the_first() -> None:
    environ = {
        **SOUND,
        "RINGI_API_PORT": "abc",
        "RINGI_LANES": "0",
        "RINGI_GATWAY_PORT": "1",
        "RINGI_LOG": "same",
        "RINGI_VIEWS": "same",
    }
    found = mistakes(environ)
    assert set(found) == {"RINGI_API_PORT", "RINGI_LANES", "RINGI_GATWAY_PORT", ""}
    assert "RINGI_LOG and RINGI_VIEWS must differ" in found[""]
    assert mistakes(SOUND) == {}


def test_what_is_missing_is_a_mistake() -> None:
    assert "RINGI_DATABASE_URL is not set" in mistakes({})[""]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"redis_version": "5.0.7"}, "6.2 or later"),
        ({"role": "slave"}, "a replica"),
        ({"cluster_enabled": 1}, "a cluster"),
        ({"maxmemory_policy": "allkeys-lru"}, "must be noeviction"),
    ],
)
def test_a_redis_that_is_not_fit_for_the_queues_is_refused(
    found: Mapping[str, object], said: str
) -> None:
    (problem,) = unfit({**FIT, **found}, [Role.QUEUE])
    assert said in problem
    assert list(unfit(FIT, list(Role))) == []


def test_a_redis_for_the_cache_alone_may_evict() -> None:
    assert list(unfit({**FIT, "maxmemory_policy": "allkeys-lru"}, [Role.CACHE, Role.PUBSUB])) == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("log_bin", "OFF", "log_bin is OFF"),
        ("sync_binlog", "0", "sync_binlog is 0"),
        ("version", "10.5.20-MariaDB", "10.6 or later"),
        ("version", "8.0.36", "MariaDB 10.6"),
        ("max_allowed_packet", "16777216", "max_allowed_packet"),
    ],
)
def test_a_database_server_that_is_not_fit_is_refused_before_there_is_a_log(
    name: str, value: str, said: str
) -> None:
    (problem,) = unsafe_variables({**SAFE, name: value})
    assert said in problem
    assert unsafe_variables(SAFE) == []
