"""Random runs, each from a seed, in real processes on a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.stack import MariaDBServer
from tests.fault.storm import Storm
from tests.servers import TestStore, prepared_server


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[MariaDBServer]:
    """Give a server that may be killed: nobody else's test is on it."""
    server = prepared_server(tmp_path / "m")
    yield server
    server.stop()


@pytest.mark.parametrize("seed", [1, 2])
def test_kills_lose_nothing_double_nothing_and_reorder_nothing(
    own_server: MariaDBServer, tmp_path: Path, seed: int
) -> None:
    events = Storm(TestStore(own_server, "storm"), tmp_path / "run", seed).run(seconds=12)
    print(f"seed {seed}: {events} events")
    assert events > 500


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_a_million_events_through_the_storm(own_server: MariaDBServer, tmp_path: Path) -> None:
    total, seed = 0, 100
    while total < 1_000_000:
        seed += 1
        store = TestStore(own_server, f"storm{seed}")
        total += Storm(store, tmp_path / str(seed), seed).run(seconds=45)
        store.drop()
        print(f"seed {seed}: {total} events so far")
        assert seed < 200, "too slow to reach a million events"
