"""Projections with effects outside: they begin at the log's end and are never built anew."""

from dataclasses import replace
from uuid import uuid4

import pytest

from infra.projecting.checkpoint import RebuildNeededError
from infra.projecting.preparing import prepare
from infra.projecting.rebuild import EffectsError, rebuild
from projections.base import Projection
from tests.integration.observing import rows
from tests.servers import TestStore
from tests.toys import TOY, Bench, decode, some_log

ORDERS = replace(TOY, name="orders", effects=True)


@pytest.fixture
def bench(store: TestStore) -> Bench:
    return Bench(store)


def positions(bench: Bench) -> set[int]:
    found = rows(
        bench.store.server,
        f"SELECT position FROM {bench.store.views}.checkpoint WHERE projection = 'orders'",
    )
    return {position for (position,) in found}


def orders(bench: Bench) -> int:
    found = rows(bench.store.server, f"SELECT COUNT(*) FROM {bench.store.views}.orders_step_1")
    return int(found[0][0])


def test_it_begins_at_the_end_of_the_log_that_it_finds(bench: Bench) -> None:
    bench.append(some_log(61, 50))
    end = bench.recorder.settle()
    assert prepare(bench.datastore, ORDERS)
    assert positions(bench) == {end}
    assert bench.catch_up(ORDERS) == 0
    assert orders(bench) == 0
    bench.append(some_log(62, 30))
    assert bench.catch_up(ORDERS) == orders(bench) > 0


def test_preparing_it_again_loses_nothing_that_it_has_not_seen(bench: Bench) -> None:
    prepare(bench.datastore, ORDERS)
    bench.append(some_log(63, 30))
    bench.recorder.settle()
    assert prepare(bench.datastore, ORDERS)
    assert positions(bench) == {0}
    assert bench.catch_up(ORDERS) == orders(bench) > 0


@pytest.mark.parametrize("projection", [ORDERS, replace(ORDERS, version=2)])
def test_it_is_never_rebuilt(bench: Bench, projection: Projection) -> None:
    prepare(bench.datastore, ORDERS)
    bench.append(some_log(64, 30))
    bench.catch_up(ORDERS)
    before = orders(bench)
    with pytest.raises(EffectsError, match=r"'orders' has effects outside.*never rebuilt"):
        rebuild(projection, bench.datastore, bench.recorder, decode)
    assert orders(bench) == before > 0


def test_after_another_history_of_the_log_it_goes_on_at_its_end(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    prepare(bench.datastore, ORDERS)
    bench.append(some_log(65, 30))
    bench.catch_up(ORDERS)
    before = orders(bench)
    rows(
        bench.store.server,
        f"INSERT INTO {bench.store.log}.epoch (epoch, lanes, reason) VALUES (%s, 4, 'restored')",
        uuid4().bytes,
    )
    bench = Bench(bench.store)
    bench.append(some_log(66, 30))
    end = bench.recorder.settle()
    with pytest.raises(RebuildNeededError, match="run `ringi migrate`"):
        bench.catch_up(ORDERS)
    assert prepare(bench.datastore, ORDERS)
    assert "goes on at the end of the log's new history" in caplog.text
    assert positions(bench) == {end}
    assert bench.catch_up(ORDERS) == 0
    bench.append(some_log(67, 30))
    assert bench.catch_up(ORDERS) > 0
    assert orders(bench) > before
    assert prepare(bench.datastore, ORDERS)
    assert bench.catch_up(ORDERS) == 0
