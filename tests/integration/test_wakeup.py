"""Wake-ups: one at a time, to whoever lingers, and never in the way of a command."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from redis import Redis, RedisError

from infra.broker import catch_up_sender, make_broker
from infra.redis_clients import blocking_client, quick_client
from infra.redis_server import RedisServer
from infra.wakeup import BLOCK_S, MOST_TICKS_QUEUED, QUEUE_KEY, Lingerer, Wakeup, lingering


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(Path(tmp_path_factory.mktemp("redis")))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis(redis_server: RedisServer) -> Iterator[Redis]:
    redis_server.start()
    client = quick_client(redis_server.url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def sent() -> list[int]:
    return []


@pytest.fixture
def wakeup(redis: Redis, sent: list[int]) -> Wakeup:
    return Wakeup(redis, sent.append)


@pytest.fixture
def lingerer(redis_server: RedisServer, redis: Redis) -> Iterator[Lingerer]:
    with lingering(blocking_client(redis_server.url, BLOCK_S), 1, None) as lingerer:
        assert lingerer is not None
        yield lingerer


def test_of_many_wakeups_one_is_sent_until_the_actor_has_begun(
    wakeup: Wakeup, sent: list[int]
) -> None:
    for _ in range(10):
        wakeup.grown({0, 2})
    assert sent == [0, 2]
    wakeup.begun(2)
    wakeup.grown({0, 2})
    wakeup.grown({0, 2})
    assert sent == [0, 2, 2]


def test_who_lingers_gets_the_news_and_no_message_is_sent(
    wakeup: Wakeup, sent: list[int], lingerer: Lingerer, redis: Redis
) -> None:
    for _ in range(5):
        wakeup.grown({0, 1})
    assert sent == [0]
    assert redis.llen("ringi:news:1") == 1, "at most one waits"
    began = monotonic()
    lingerer.wait()
    assert monotonic() - began < BLOCK_S / 2
    assert redis.llen("ringi:news:1") == 0


def test_one_lingers_at_a_time(redis_server: RedisServer, lingerer: Lingerer, redis: Redis) -> None:
    with lingering(blocking_client(redis_server.url, BLOCK_S), 1, None) as second:
        assert second is None
    assert lingerer.keep()
    with lingering(blocking_client(redis_server.url, BLOCK_S), 1, "somebody") as second:
        assert second is None


def test_a_lingerer_is_relieved_by_the_one_it_asked_for(
    redis_server: RedisServer, lingerer: Lingerer, redis: Redis
) -> None:
    client = blocking_client(redis_server.url, BLOCK_S)
    with lingering(client, 1, lingerer.token) as second:
        assert second is not None
        assert not lingerer.keep()
        lingerer.give_up()
        assert second.keep()
    assert redis.exists("ringi:lingers:1") == 0


def test_the_claim_of_a_dead_lingerer_is_void_after_two_seconds(
    lingerer: Lingerer, redis: Redis
) -> None:
    assert lingerer.keep()
    assert 0 < redis.pttl("ringi:lingers:1") <= 2000


def test_the_tick_wakes_every_lane_where_nobody_lingers_whatever_was_sent(
    wakeup: Wakeup, sent: list[int], lingerer: Lingerer
) -> None:
    wakeup.grown({0})
    wakeup.tick(4)
    assert sent == [0, 0, 2, 3]


def test_a_flag_that_never_ends_is_nobodys(wakeup: Wakeup, sent: list[int], redis: Redis) -> None:
    redis.set("ringi:lingers:0", "somebody")
    redis.hset("ringi:lingers:1", "not", "a claim")
    wakeup.tick(2)
    wakeup.grown({0, 1})
    assert sent == [0, 1, 0, 1]


def test_the_queue_does_not_grow_for_ever_where_no_worker_runs(redis: Redis) -> None:
    wakeup = Wakeup(redis, catch_up_sender(make_broker(redis)))
    for _ in range(20):
        wakeup.tick(4)
    assert 4 <= redis.llen(QUEUE_KEY) <= (MOST_TICKS_QUEUED + 1) * 4


def test_a_redis_that_is_away_is_swallowed_and_left_alone_for_a_second(
    wakeup: Wakeup, redis_server: RedisServer, sent: list[int], redis: Redis
) -> None:
    redis_server.kill()
    began = monotonic()
    for _ in range(200):
        wakeup.grown({0})
        wakeup.begun(0)
    assert monotonic() - began < 0.5
    with pytest.raises(RedisError):
        wakeup.tick(4)
    redis_server.start()
    wakeup._outage._until = 0.0  # the second is over
    wakeup.grown({0})
    assert sent == [0], "also an empty Redis knows the script again"


def test_a_redis_that_hangs_costs_a_command_a_tenth_of_a_second(
    wakeup: Wakeup, redis_server: RedisServer, redis: Redis
) -> None:
    wakeup.grown({0})
    assert redis_server.pid is not None
    os.kill(redis_server.pid, signal.SIGSTOP)
    try:
        began = monotonic()
        for _ in range(20):
            wakeup.grown({0})
        assert 0.05 < monotonic() - began < 0.6
    finally:
        os.kill(redis_server.pid, signal.SIGCONT)
