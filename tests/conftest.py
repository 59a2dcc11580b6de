"""Fixtures of every test: one private MariaDB server a session, fresh databases a test."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from infra.stack import MariaDBServer
from tests.servers import ReplicaPair, TestStore, prepared_server, replica_pair

settings.register_profile("fast", max_examples=25, deadline=None)
settings.register_profile(
    "ci", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "long", max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run what only `make test-long` runs")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    skip = pytest.mark.skip(reason="takes minutes; `make test-long` runs it")
    for item in items:
        if "long" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDBServer]:
    """Give a private server with the three accounts."""
    server = prepared_server(Path(tmp_path_factory.mktemp("mariadb")))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplicaPair]:
    """Give a private server and its replica; a test that disturbs them mends them."""
    pair = replica_pair(Path(tmp_path_factory.mktemp("pair")))
    yield pair
    pair.stop()


_numbers = count(1)


@pytest.fixture
def store(server: MariaDBServer) -> Iterator[TestStore]:
    """Give a store of its own: two fresh databases, dropped afterwards."""
    store = TestStore(server, f"t{next(_numbers)}")
    yield store
    store.drop()
