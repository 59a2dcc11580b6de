"""The feed: kept rows, and what is published of them."""

import json
import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from redis import Redis

from infra import redis_clients
from infra.feed import LARGEST_PAYLOAD, Feed, FeedRow, Publisher
from infra.redis_clients import blocking_client, quick_client
from infra.redis_server import RedisServer
from tests.integration.observing import rows
from tests.servers import TestStore
from tests.toys import Bench, Put, encode, some_log, stream_in


@pytest.fixture
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(Path(tmp_path_factory.mktemp("redis")))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis(redis_server: RedisServer) -> Iterator[Redis]:
    client = quick_client(redis_server.url)
    yield client
    client.close()


def test_the_feed_tells_its_heads_its_oldest_rows_and_what_came_since(store: TestStore) -> None:
    bench = Bench(store)
    feed = Feed(bench.datastore, "toy")
    assert feed.heads() == dict.fromkeys(range(4), 0)
    assert feed.oldest() == dict.fromkeys(range(4), 1)
    bench.append(some_log(1, 200))
    bench.catch_up()
    told = bench.feed()
    assert feed.heads() == {lane: len(told.get(lane, [])) for lane in range(4)}
    lane = max(told, key=lambda lane: len(told[lane]))
    assert [row.seq for row in feed.since(lane, 5, 10)] == list(range(6, 16))
    assert [json.loads(row.message) for row in feed.since(lane, 0, 1000)] == [
        message for _, message in told[lane]
    ]
    rows(store.server, f"DELETE FROM {store.views}.feed WHERE lane = {lane} AND seq <= 7")
    assert feed.oldest()[lane] == 8
    rows(store.server, f"DELETE FROM {store.views}.feed WHERE lane = {lane}")
    assert feed.oldest()[lane] == feed.heads()[lane] + 1


def test_the_epoch_names_the_log_and_the_feed(store: TestStore) -> None:
    bench = Bench(store)
    (log,) = rows(store.server, f"SELECT epoch FROM {store.log}.epoch")[0]
    (feed,) = rows(store.server, f"SELECT feed_epoch FROM {store.views}.projection")[0]
    assert Feed(bench.datastore, "toy").epoch() == log.hex()[:8] + feed.hex()[:8]
    with pytest.raises(KeyError):
        Feed(bench.datastore, "other").epoch()


def listening(redis: Redis, *channels: str):
    pubsub = redis.pubsub(ignore_subscribe_messages=True)
    pubsub.subscribe(*channels)
    deadline = monotonic() + 5
    while redis.pubsub_numsub(channels[0])[0][1] == 0:
        assert monotonic() < deadline
    return pubsub


def heard(pubsub, patience_s: float = 5) -> dict:
    deadline = monotonic() + patience_s
    while monotonic() < deadline:
        message = pubsub.get_message(timeout=0.05)
        if message:
            return json.loads(message["data"])
    raise AssertionError("nothing was published")


def test_a_batch_is_one_message(store: TestStore, redis: Redis) -> None:
    bench, publisher = Bench(store), Publisher(redis)
    bench.publish = lambda lane, rows: publisher.publish("toy", lane, rows)  # type: ignore[method-assign]
    with listening(redis, "ringi:feed:toy:3") as pubsub:
        streams = [stream_in(3, seed) for seed in range(20)]
        bench.append([encode(stream, 1, Put("é", 2)) for stream in streams])
        bench.catch_up()
        found = heard(pubsub)
    assert (found["lane"], found["from"], found["to"]) == (3, 1, 40)
    assert found["messages"] == [message for _, message in bench.feed()[3]]


def test_what_is_too_large_is_announced_without_its_messages(redis: Redis) -> None:
    with listening(redis, "ringi:feed:toy:0") as pubsub:
        message = b'"' + b"x" * (LARGEST_PAYLOAD // 2) + b'"'
        many = [FeedRow(0, seq, message) for seq in (7, 8, 9)]
        Publisher(redis).publish("toy", 0, many)
        assert heard(pubsub) == {"lane": 0, "from": 7, "to": 9}
        Publisher(redis).publish("toy", 0, many[:1])
        assert heard(pubsub)["from"] == 7


def test_a_redis_that_is_away_costs_little_and_is_logged_once(
    redis_server: RedisServer, redis: Redis, caplog: pytest.LogCaptureFixture, monkeypatch
) -> None:
    publisher, row = Publisher(redis), [FeedRow(0, 1, b"{}")]
    publisher.publish("toy", 0, row)
    redis_server.kill()
    with caplog.at_level(logging.INFO, redis_clients.__name__):
        began = monotonic()
        for _ in range(50):
            publisher.publish("toy", 0, row)
        assert monotonic() - began < 1.0
        monkeypatch.setattr(redis_clients, "PAUSE_S", 0)
        publisher._outage._until = 0.0  # the pause is over
        publisher.publish("toy", 0, row)
        redis_server.start()
        with listening(redis, "ringi:feed:toy:0") as pubsub:
            publisher.publish("toy", 0, row)
            assert heard(pubsub)["messages"] == [{}]
    assert ["away" in record.message for record in caplog.records] == [True, True]
    assert "is back" in caplog.records[1].message


def test_a_redis_that_hangs_costs_a_tenth_of_a_second(
    redis_server: RedisServer, redis: Redis
) -> None:
    redis.ping()
    assert redis_server.pid is not None
    os.kill(redis_server.pid, signal.SIGSTOP)
    try:
        publisher, began = Publisher(redis), monotonic()
        for _ in range(20):
            publisher.publish("toy", 0, [FeedRow(0, 1, b"{}")])
        took = monotonic() - began
    finally:
        os.kill(redis_server.pid, signal.SIGCONT)
    assert 0.05 < took < 0.6


def test_a_blocking_client_blocks_no_longer_than_it_is_told(redis_server: RedisServer) -> None:
    client = blocking_client(redis_server.url, 0.2)
    began = monotonic()
    assert client.blpop(["nothing"], timeout=0.2) is None
    assert monotonic() - began < 1.0
    client.close()
