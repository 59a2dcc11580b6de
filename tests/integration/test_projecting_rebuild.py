"""Rebuilding: tables made from nothing equal those kept live, and take their place unseen."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest

from infra.projecting import rebuild as rebuild_module
from infra.projecting.checkpoint import RebuildNeededError
from infra.projecting.comparing import compare
from infra.projecting.generations import Generations
from infra.projecting.preparing import BusyError, alone, prepare
from infra.projecting.rebuild import Progress, Report, rebuild
from projections.base import Projection
from tests.integration.observing import rows
from tests.servers import TestStore
from tests.toys import TOY, Bench, decode, judge, some_log, toy


@pytest.fixture
def bench(store: TestStore) -> Bench:
    return Bench(store)


def rebuilt(bench: Bench, projection: Projection = TOY, progress=lambda _: None) -> Report:
    return rebuild(projection, bench.datastore, bench.recorder, decode, progress)


def tables(bench: Bench) -> set[str]:
    found = rows(
        bench.store.server,
        "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
        " AND table_name LIKE 'toy%%'",
        bench.store.views,
    )
    return {name for (name,) in found}


def test_what_is_rebuilt_equals_what_was_kept_live(bench: Bench) -> None:
    bench.append(some_log(11, 500, poison=0.01))
    bench.catch_up()
    before, told, published = bench.rows(), bench.feed(), len(bench.published)
    seen: list[Progress] = []
    report = rebuilt(bench, progress=seen.append)
    assert report.generation == 2
    assert report.dropped == 3
    assert seen[-1].events == report.events > 300
    assert bench.rows(2) == before
    assert bench.feed() == told
    assert len(bench.published) == published
    assert tables(bench) == {"toy_box_2", "toy_item_2", "toy_step_2"}
    judge(bench)
    bench.append(some_log(12, 100))
    bench.catch_up()
    judge(bench)


def test_two_generations_are_compared_row_by_row(bench: Bench) -> None:
    bench.append(some_log(13, 60))
    bench.catch_up()
    views = bench.store.views
    for table in ("box", "item", "step"):
        rows(
            bench.store.server,
            f"CREATE TABLE {views}.toy_{table}_7 AS SELECT * FROM {views}.toy_{table}_1",
        )
    with bench.datastore.cursor() as cursor:
        assert compare(cursor, views, TOY, 1, 7) == []
        cursor.execute(f"UPDATE {views}.toy_box_7 SET total = total + 1 ORDER BY id LIMIT 1")
        cursor.execute(f"DELETE FROM {views}.toy_item_7 ORDER BY box, item LIMIT 1")
        box, item = compare(cursor, views, TOY, 1, 7)
    assert (box.table, item.table, item.second) == ("box", "item", None)
    assert box.first is not None
    assert box.second is not None
    assert box.second["total"] == box.first["total"] + 1  # type: ignore[operator]


def test_workers_go_on_while_a_rebuild_runs_and_nothing_is_lost_or_doubled(bench: Bench) -> None:
    log = some_log(14, 2_000, streams=40)
    bench.append(log[:500])
    bench.catch_up()
    rest = log[500:]

    def work() -> None:
        for start in range(0, len(rest), 25):
            bench.append(rest[start : start + 25])
            bench.catch_up()

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        generations = [rebuilt(bench).generation]
        while not working.done():
            generations.append(rebuilt(bench).generation)
        working.result()
    assert generations == list(range(2, 2 + len(generations)))
    assert len(generations) > 1
    bench.catch_up()
    judge(bench)


def test_a_new_version_takes_the_place_of_the_old_one_where_it_stood(bench: Bench) -> None:
    bench.append(some_log(15, 200))
    bench.catch_up()
    bench.append(some_log(16, 50))
    second = toy(2)
    assert not prepare(bench.datastore, second)
    told = bench.feed()
    rebuilt(bench, second)
    assert bench.feed() == told, "what the old version had not told yet is told by the new one"
    with pytest.raises(RebuildNeededError, match="of version 2, this code is of version 1"):
        bench.catch_up()
    assert bench.catch_up(second) > 20
    judge(bench)


def test_after_another_history_of_the_log_the_rows_come_to_its_end(bench: Bench) -> None:
    bench.append(some_log(17, 200))
    bench.catch_up()
    rows(
        bench.store.server,
        f"INSERT INTO {bench.store.log}.epoch (epoch, lanes, reason) VALUES (%s, 4, 'restored')",
        uuid4().bytes,
    )
    rows(bench.store.server, f"UPDATE {bench.store.views}.checkpoint SET position = 100000")
    fresh = Bench(bench.store)
    before = fresh.rows()
    rebuilt(fresh)
    assert fresh.rows() == before
    fresh.append(some_log(18, 50))
    fresh.catch_up()
    judge(fresh)


def test_a_second_rebuild_refuses_while_one_is_on_its_way(bench: Bench) -> None:
    with (
        bench.datastore.cursor() as cursor,
        alone(cursor, bench.datastore, TOY, 0),
        pytest.raises(BusyError, match="'toy'"),
    ):
        rebuilt(bench)
    assert rebuilt(bench).generation == 2


def test_what_a_rebuild_that_broke_off_left_is_removed_by_the_next(bench: Bench) -> None:
    bench.append(some_log(19, 300, poison=0.02))
    bench.catch_up()
    before = bench.rows()

    def break_off(at: Progress) -> None:
        if at.events > 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuilt(bench, progress=break_off)
    assert "toy_box_2" in tables(bench)
    assert bench.rows() == before
    report = rebuilt(bench)
    assert report.dropped == 6
    assert bench.rows() == before
    judge(bench)


def test_a_swap_whose_commit_was_not_acknowledged_is_found_done(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.append(some_log(20, 100))
    bench.catch_up()
    swap, tries = rebuild_module.swap, []

    def lost(*args: object) -> None:
        swap(*args)  # type: ignore[arg-type]
        tries.append(1)
        if len(tries) == 1:
            raise rebuild_module.ConnectionLostError("after the commit")

    monkeypatch.setattr(rebuild_module, "swap", lost)
    assert rebuilt(bench).generation == 2
    assert len(tries) == 2
    judge(bench)


def test_a_value_that_is_refused_in_the_swap_is_parked_before_the_next_try(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.append(some_log(21, 100))
    bench.catch_up()
    monkeypatch.setattr(rebuild_module._Rebuild, "_come_near", narrow(rebuild_module._Rebuild))
    rebuilt(bench)
    monkeypatch.undo()
    found = rows(bench.store.server, f"SELECT COUNT(*), MIN(error) FROM {bench.store.views}.parked")
    assert found[0][0] > 0
    assert "Data too long" in found[0][1]


def narrow(of):
    """Return a `_come_near` that does nothing the first time but make a column too narrow."""
    original, calls = of._come_near, []

    def come_near(self, progress) -> None:
        calls.append(1)
        if len(calls) > 1:
            original(self, progress)
            return
        with self._datastore.cursor() as cursor:
            cursor.execute(
                f"ALTER TABLE {self._datastore.settings.views}.toy_step_2 MODIFY what VARCHAR(20)"
            )

    return come_near


def test_readers_of_a_generation_that_is_gone_read_again(bench: Bench) -> None:
    bench.append(some_log(22, 50))
    bench.catch_up()
    generations = Generations(bench.datastore)

    def count() -> int:
        with bench.datastore.cursor() as cursor:
            cursor.execute(f"SELECT COUNT(*) FROM {generations.table('toy', 'box')}")
            return int((cursor.fetchone() or (0,))[0])

    before = generations.reading_again(count)
    assert before > 0
    rebuilt(bench)
    assert generations.table("toy", "box").endswith("toy_box_1")
    assert generations.reading_again(count) == before
    assert generations.table("toy", "box").endswith("toy_box_2")


def test_a_rebuild_projects_what_was_parked_if_the_code_was_mended(bench: Bench) -> None:
    log = some_log(23, 100, poison=0.05)
    bench.append(log)
    bench.catch_up()
    mended = replace(TOY, version=2, fold=lambda rows, recorded: [])
    rebuilt(bench, mended)
    assert rows(bench.store.server, f"SELECT COUNT(*) FROM {bench.store.views}.parked") == [(0,)]
